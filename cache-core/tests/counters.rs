//! What becomes of counts while the primary is away: they are added when it is back, once; none is lost, none comes
//! back that was removed.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::CacheManager;
use cache_core::policy::FailMode;
use cache_core::port::backend::Remaining;
use cache_core::port::clock::Clock;
use cache_core::testkit::{FaultyBackend, Recorded, RecordingRecorder, TokioTime, Verb};
use cache_core::time::Ttl;
use common::{faulty, over};
use tokio::time::{advance, sleep};

/// A manager over a primary and a fallback, whose primary has counted 41 visits.
async fn counted() -> (Arc<FaultyBackend>, CacheManager) {
    let primary = faulty();
    let cache = over(&primary).fallback(faulty()).build().unwrap();
    assert_eq!(add(&cache, 41).await, 41);
    (primary, cache)
}

async fn add(cache: &CacheManager, by: i64) -> i64 {
    cache.increment("visits", by, Ttl::secs(600)).await.unwrap()
}

async fn until_settled(cache: &CacheManager) {
    while cache.health_now().journal_pending || cache.health_now().on_fallback {
        let _ = cache.get::<u64>("nowhere").await.unwrap();
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_fallback_counted_is_added_when_the_primary_is_back() {
    let (primary, cache) = counted().await;
    primary.down(true);
    for count in 1..=3 {
        assert_eq!(add(&cache, 1).await, count, "it begins anew in this process");
    }
    assert_eq!(cache.get::<i64>("visits").await.unwrap(), Some(3));
    primary.down(false);
    assert_eq!(add(&cache, 1).await, 45, "41, three by the fallback, and this one");
    assert_eq!(cache.get::<i64>("visits").await.unwrap(), Some(45));
}

#[tokio::test(start_paused = true)]
async fn what_was_counted_without_a_fallback_is_added_too() {
    let primary = faulty();
    let cache = over(&primary).build().unwrap();
    assert_eq!(add(&cache, 41).await, 41);
    primary.down(true);
    assert_eq!(
        (add(&cache, 2).await, add(&cache, 2).await),
        (2, 2),
        "nobody counts: the answer is what was added"
    );
    primary.down(false);
    assert_eq!(add(&cache, 1).await, 46);
}

#[tokio::test(start_paused = true)]
async fn what_is_removed_after_it_was_counted_is_not_added() {
    for how in ["delete", "pattern", "clear", "expire", "set"] {
        let (primary, cache) = counted().await;
        primary.down(true);
        assert_eq!(add(&cache, 5).await, 5);
        match how {
            "delete" => drop(cache.delete("visits").await.unwrap()),
            "pattern" => drop(cache.delete_pattern("vis*").await.unwrap()),
            "clear" => drop(cache.clear().await.unwrap()),
            "expire" => drop(cache.expire("visits").await.unwrap()),
            _ => {
                let _ = cache.set("visits", "text".to_owned(), Ttl::secs(60)).await.unwrap();
                assert!(cache.delete("visits").await.unwrap().journalled);
            }
        }
        assert_eq!(add(&cache, 2).await, 2, "{how}");
        primary.down(false);
        assert_eq!(add(&cache, 1).await, 3, "{how}: 41 and 5 are gone");
    }
}

/// Who fails closed wants the count or an error: never another count, and nothing that is added later.
#[tokio::test(start_paused = true)]
async fn who_fails_closed_is_never_counted_aside() {
    let primary = faulty();
    let builder = over(&primary).fallback(faulty()).fail_mode(FailMode::Closed);
    let cache = builder.build().unwrap();
    assert_eq!(add(&cache, 41).await, 41);
    primary.down(true);
    let error = cache.increment("visits", 1, Ttl::secs(600)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(!cache.health_now().journal_pending, "it was not counted, and its caller knows");
    primary.down(false);
    assert_eq!(add(&cache, 1).await, 42);
}

#[tokio::test(start_paused = true)]
async fn a_count_ends_with_its_life_and_begins_no_new_one() {
    let primary = faulty();
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let cache = over(&primary).fallback(faulty()).clock(clock).build().unwrap();
    primary.down(true);
    assert_eq!(cache.increment("short", 1, Ttl::secs(10)).await.unwrap(), 1);
    assert_eq!(cache.increment("long", 1, Ttl::secs(100)).await.unwrap(), 1);
    advance(Duration::from_secs(9)).await;
    assert_eq!(cache.increment("short", 1, Ttl::secs(10)).await.unwrap(), 2, "it keeps its end");
    advance(Duration::from_secs(1)).await;
    primary.down(false);
    assert_eq!(cache.get::<i64>("short").await.unwrap(), None);
    assert_eq!(cache.get::<i64>("long").await.unwrap(), Some(1));
    assert_eq!(cache.ttl("long").await.unwrap(), Remaining::For(Duration::from_secs(90)));
}

/// Its answer gets lost while it is added: it may have been, so it is not sent again.
#[tokio::test(start_paused = true)]
async fn a_count_is_added_at_most_once() {
    let (primary, cache) = counted().await;
    primary.down(true);
    assert_eq!(add(&cache, 3).await, 3);
    primary.forget_calls();
    let adding = primary.hold_after(Verb::Increment);
    primary.down(false);
    let _ = cache.get::<u64>("nowhere").await.unwrap();
    adding.arrived().await;
    primary.lose_answers(true);
    adding.release();
    sleep(Duration::from_millis(50)).await;
    primary.lose_answers(false);
    until_settled(&cache).await;
    assert_eq!(primary.calls(Verb::Increment), 1);
    assert_eq!(cache.get::<i64>("visits").await.unwrap(), Some(44));
}

/// A count is no reason to stay away from a primary that does not take it.
#[tokio::test(start_paused = true)]
async fn a_count_that_is_refused_is_recorded_and_given_up() {
    let primary = faulty();
    let recorder = Arc::new(RecordingRecorder::new());
    let cache = over(&primary).fallback(faulty()).recorder(recorder.clone()).build().unwrap();
    let _ = cache.set("any", 7_u64, Ttl::secs(600)).await.unwrap();
    primary.down(true);
    assert_eq!((add(&cache, 3).await, cache.increment("other", 1, Ttl::Never).await.unwrap()), (3, 1));
    primary.fail_writes(true);
    primary.down(false);
    until_settled(&cache).await;
    assert_eq!(cache.get::<u64>("any").await.unwrap(), Some(7));
    let refused = recorder.count(|event| {
        matches!(event, Recorded::TierFailed { verb: "recover", kind: ErrorKind::Refused, .. })
    });
    assert_eq!(refused, 2, "{:?}", recorder.events());
}

/// Counters are no invalidations: however many there are, the primary keeps what it has.
#[tokio::test(start_paused = true)]
async fn a_flood_of_counters_takes_bounded_memory_and_clears_nothing() {
    const KEPT: u64 = 10_000;
    let primary = faulty();
    let recorder = Arc::new(RecordingRecorder::new());
    let cache = over(&primary).recorder(recorder.clone()).build().unwrap();
    let _ = cache.set("kept", 7_u64, Ttl::secs(600)).await.unwrap();
    primary.down(true);
    for number in 0..KEPT + 5 {
        assert_eq!(cache.increment(&format!("n:{number}"), 1, Ttl::secs(600)).await.unwrap(), 1);
    }
    let lost = recorder.count(|event| matches!(event, Recorded::NotStored { .. }));
    assert_eq!(lost, 5);
    primary.down(false);
    until_settled(&cache).await;
    assert_eq!(cache.get::<u64>("kept").await.unwrap(), Some(7));
    assert_eq!(cache.get::<i64>("n:7").await.unwrap(), Some(1));
    assert_eq!(cache.get::<i64>(&format!("n:{}", KEPT + 1)).await.unwrap(), None);
}
