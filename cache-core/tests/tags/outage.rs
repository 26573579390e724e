//! Tags while a tier is away.

use std::sync::Arc;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::policy::FailMode;
use cache_core::port::backend::CacheBackend;
use cache_core::testkit::{MapBackend, Verb};
use cache_core::time::Ttl;
use tokio::time::advance;

use crate::common::faulty;
use crate::{Source, get, marker, process};

const BOUND: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn a_tag_invalidated_during_an_outage_is_invalidated_when_it_ends() {
    let (primary, source) = (faulty(), Source::default());
    let (one, other) = (process(&primary).build().unwrap(), process(&primary).no_near().build().unwrap());
    assert_eq!(get(&one, "a", &source, &["red"]).await, 0);
    primary.down(true);
    source.change();
    assert!(one.invalidate_tags(["red"]).await.unwrap().journalled);
    assert_eq!(get(&one, "a", &source, &["red"]).await, 1);
    assert!(primary_has_marker(&primary).await.is_err());
    primary.down(false);
    assert_eq!(get(&one, "b", &source, &["blue"]).await, 1, "whoever comes next tells it");
    assert!(!primary_has_marker(&primary).await.unwrap());
    assert_eq!(get(&other, "a", &source, &["red"]).await, 1);
}

async fn primary_has_marker(primary: &Arc<impl CacheBackend>) -> Result<bool, ErrorKind> {
    primary.exists(&marker("red")).await.map_err(|error| error.kind())
}

#[tokio::test(start_paused = true)]
async fn a_fallback_has_tokens_of_its_own() {
    let (primary, source) = (faulty(), Source::default());
    let fallback = Arc::new(MapBackend::new());
    let cache = process(&primary).no_near().fallback(Arc::clone(&fallback)).build().unwrap();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0);
    primary.down(true);
    source.change();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 1, "the fallback has nothing yet");
    source.change();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 1, "now it has");
    let done = cache.invalidate_tags(["red"]).await.unwrap();
    assert!(done.journalled);
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 2);
    primary.down(false);
    source.change();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 3, "what the primary held was invalidated");
    assert!(fallback.is_empty(), "markers too");
}

#[tokio::test(start_paused = true)]
async fn without_a_tier_a_tagged_value_is_kept_near_and_is_invalidated_there() {
    let (primary, source) = (faulty(), Source::default());
    let cache = process(&primary).build().unwrap();
    primary.down(true);
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0);
    source.change();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0, "near");
    assert!(cache.invalidate_tags(["red"]).await.unwrap().journalled);
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 1);
    primary.down(false);
    advance(BOUND).await;
    source.change();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 2, "no frame was written");
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_whose_answer_is_lost_is_owed() {
    let (primary, source) = (faulty(), Source::default());
    let cache = process(&primary).build().unwrap();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0);
    for lost in [true, false] {
        source.change();
        if lost {
            primary.lose_answers(true)
        } else {
            primary.fail_writes(true)
        }
        assert!(cache.invalidate_tags(["red"]).await.unwrap().journalled);
        primary.lose_answers(false);
        primary.fail_writes(false);
        let now = source.read().await.unwrap();
        assert_eq!(get(&cache, "a", &source, &["red"]).await, now);
    }
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_that_is_abandoned_goes_on() {
    let (primary, source) = (faulty(), Source::default());
    let cache = process(&primary).build().unwrap();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0);
    source.change();
    let removing = primary.hold_before(Verb::DeleteMany);
    let invalidation = tokio::spawn({
        let cache = cache.clone();
        async move { cache.invalidate_tags(["red"]).await }
    });
    removing.arrived().await;
    invalidation.abort();
    assert!(invalidation.await.unwrap_err().is_cancelled());
    removing.release();
    assert!(cache.health().await.journal_pending);
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 1);
    assert!(!cache.health().await.journal_pending);
}

#[tokio::test(start_paused = true)]
async fn markers_that_cannot_be_read_are_an_error_where_that_was_asked_for() {
    let (primary, _) = (faulty(), ());
    let closed = process(&primary).no_near().fail_mode(FailMode::Closed).build().unwrap();
    let open = process(&primary).no_near().build().unwrap();
    let _ = closed.set_tagged("a", 1_u64, Ttl::Default, ["red"]).await.unwrap();
    advance(BOUND).await;
    let reading = primary.hold_before(Verb::GetMany);
    let reads = [closed, open].map(|cache| tokio::spawn(async move { cache.get::<u64>("a").await }));
    reading.arrived().await;
    primary.down(true);
    reading.release();
    let [closed, open] = reads;
    assert_eq!(closed.await.unwrap().unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(open.await.unwrap().unwrap(), None, "elsewhere a miss");
}
