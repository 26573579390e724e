//! Several processes over one store.

use std::sync::Arc;
use std::time::Duration;

use cache_core::entry::Reason;
use cache_core::manager::Cached;
use cache_core::port::backend::{CacheBackend, Remaining};
use cache_core::testkit::{MapBackend, Recorded, RecordingRecorder};
use cache_core::time::Ttl;
use tokio::time::advance;

use crate::{Source, get, marker, process};

const BOUND: Duration = Duration::from_secs(5);

#[tokio::test(start_paused = true)]
async fn another_process_serves_what_a_tag_invalidated_no_longer_than_the_bound() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let (one, other) = (process(&shared).build().unwrap(), process(&shared).build().unwrap());
    for near_is_full in [true, false] {
        let before = get(&one, "a", &source, &["red"]).await;
        if near_is_full {
            assert_eq!(get(&other, "a", &source, &["red"]).await, before);
        }
        source.change();
        let _ = one.invalidate_tags(["red"]).await.unwrap();
        assert_eq!(get(&one, "a", &source, &["red"]).await, before + 1, "here: at once");
        advance(BOUND).await;
        assert_eq!(get(&other, "a", &source, &["red"]).await, before + 1, "there: when the bound is over");
        advance(BOUND).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_token_and_a_near_copy_together_are_trusted_no_longer_than_the_bound() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let (one, other) = (process(&shared).build().unwrap(), process(&shared).build().unwrap());
    assert_eq!(get(&one, "a", &source, &["red"]).await, 0);
    assert_eq!(get(&one, "b", &source, &["red"]).await, 0);
    assert_eq!(get(&other, "a", &source, &["red"]).await, 0, "it knows the token from now on");
    source.change();
    let _ = one.invalidate_tags(["red"]).await.unwrap();
    advance(Duration::from_secs(2)).await;
    assert_eq!(get(&other, "b", &source, &["red"]).await, 0, "by the token that it remembers");
    advance(Duration::from_secs(3)).await;
    assert_eq!(other.get::<u64>("b").await.unwrap(), None, "its near copy did not begin a bound of its own");
    assert_eq!(get(&other, "b", &source, &["red"]).await, 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_loaded_before_the_other_process_invalidated_is_never_found_there() {
    let (shared, source) = (Arc::new(MapBackend::new()), Arc::new(Source::default()));
    let (one, other) = (process(&shared).build().unwrap(), process(&shared).build().unwrap());
    for by_value in [false, true] {
        let before = source.read().await.unwrap();
        let load = |_| async {
            let value = source.read().await?;
            source.change();
            let _ = other.invalidate_tags(["red"]).await.unwrap();
            Ok::<_, String>(Cached::new(value).tags(if by_value { &["red"][..] } else { &[] }))
        };
        let tags: &[&str] = if by_value { &[] } else { &["red"] };
        assert_eq!(one.get_or_revalidate("a", load).tags(tags).await.unwrap(), before);
        assert_eq!(other.get::<u64>("a").await.unwrap(), None, "by value: {by_value}");
        advance(BOUND).await;
        assert_eq!(one.get::<u64>("a").await.unwrap(), None, "by value: {by_value}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_long_load_does_not_stretch_the_bound() {
    let (shared, source) = (Arc::new(MapBackend::new()), Arc::new(Source::default()));
    let (one, other) = (process(&shared).build().unwrap(), process(&shared).build().unwrap());
    let load = || async {
        let value = source.read().await;
        source.change();
        let _ = other.invalidate_tags(["red"]).await.unwrap();
        advance(Duration::from_secs(60)).await;
        value
    };
    assert_eq!(one.get_or_load("a", load).tags(["red"]).await.unwrap(), 0);
    assert_eq!(one.get::<u64>("a").await.unwrap(), None, "the bound was over before it landed");
    assert_eq!(get(&one, "a", &source, &["red"]).await, 1);
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_another_process_loaded_anew_is_found_though_its_token_is_unknown_here() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let (one, other) = (process(&shared).build().unwrap(), process(&shared).build().unwrap());
    assert_eq!(get(&one, "a", &source, &["red"]).await, 0);
    assert_eq!(get(&other, "b", &source, &["red"]).await, 0);
    source.change();
    let _ = one.invalidate_tags(["red"]).await.unwrap();
    assert_eq!(get(&one, "a", &source, &["red"]).await, 1);
    source.change();
    assert_eq!(
        get(&other, "a", &source, &["red"]).await,
        1,
        "what it remembers of red is older than the entry"
    );
    assert!(shared.exists(&marker("red")).await.unwrap());
}

#[tokio::test(start_paused = true)]
async fn every_verb_sees_that_an_entry_was_invalidated() {
    let shared = Arc::new(MapBackend::new());
    let (one, other) = (process(&shared).build().unwrap(), process(&shared).no_near().build().unwrap());
    for verb in 0..4 {
        let _ = one.set_tagged("a", 1_u64, Ttl::Default, ["red"]).await.unwrap();
        let _ = one.invalidate_tags(["red"]).await.unwrap();
        match verb {
            0 => assert_eq!(other.get::<u64>("a").await.unwrap(), None),
            1 => assert_eq!(other.get_and_delete::<u64>("a").await.unwrap(), None),
            2 => assert_eq!(other.ttl("a").await.unwrap(), Remaining::Missing),
            _ => assert!(other.add("a", 2_u64, Ttl::Default).await.unwrap()),
        }
    }
    assert_eq!(other.get::<u64>("a").await.unwrap(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn an_invalidated_entry_is_a_miss_with_a_reason_and_is_removed() {
    let (shared, recorder) = (Arc::new(MapBackend::new()), Arc::new(RecordingRecorder::new()));
    let cache = process(&shared).no_near().recorder(Arc::clone(&recorder)).build().unwrap();
    let _ = cache.set_tagged("a", 1_u64, Ttl::Default, ["red", "blue"]).await.unwrap();
    assert_eq!(cache.explain("a").await.unwrap().tiers[1].entry.as_ref().unwrap().tags.len(), 2);
    let _ = cache.invalidate_tags(["red"]).await.unwrap();
    assert_eq!(cache.explain("a").await.unwrap().tiers[1].reason, Some(Reason::TagChanged));
    assert_eq!(cache.get::<u64>("a").await.unwrap(), None);
    assert_eq!(recorder.events().last(), Some(&Recorded::Missed { tier: "map", reason: Reason::TagChanged }));
    assert_eq!(shared.len(), 1, "the marker of blue alone");
}

#[tokio::test(start_paused = true)]
async fn a_batch_reads_all_markers_at_once_and_leaves_out_what_was_invalidated() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let (one, other) = (process(&shared).build().unwrap(), process(&shared).no_near().build().unwrap());
    for (key, tag) in [("user:1", "red"), ("user:2", "blue"), ("user:3", "red")] {
        assert_eq!(get(&one, key, &source, &[tag]).await, 0);
    }
    source.change();
    let _ = one.invalidate_tags(["red"]).await.unwrap();
    let load = |ids: Vec<u64>| async {
        let value = source.read().await?;
        Ok::<_, String>(ids.into_iter().map(|id| (id, value)).collect::<Vec<_>>())
    };
    let batch = || other.get_or_load_many([1_u64, 2, 3], load).prefix("user");
    let batch = || batch().tags_by(|id| [if *id == 2 { "blue" } else { "red" }]);
    assert_eq!(batch().await.unwrap().into_values().unwrap(), [Some(1), Some(0), Some(1)]);
    source.change();
    assert_eq!(
        batch().await.unwrap().into_values().unwrap(),
        [Some(1), Some(0), Some(1)],
        "they were stored"
    );
    let _ = other.invalidate_tags(["blue"]).await.unwrap();
    assert_eq!(batch().await.unwrap().into_values().unwrap(), [Some(1), Some(2), Some(1)]);
}
