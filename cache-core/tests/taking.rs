//! One-time values and outages: delivered at most once, and not destroyed by an attempt that could not reach the primary.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_core::entry::Reason;
use cache_core::error::ErrorKind;
use cache_core::manager::{CacheManager, Written};
use cache_core::policy::FailMode;
use cache_core::port::clock::Clock;
use cache_core::testkit::{FaultyBackend, Recorded, RecordingRecorder, TokioTime, Verb};
use cache_core::time::Ttl;
use common::{faulty, over};

type Stand = (Arc<FaultyBackend>, Arc<RecordingRecorder>, CacheManager);

fn stand(with_fallback: bool) -> Stand {
    let (primary, recorder) = (faulty(), Arc::new(RecordingRecorder::new()));
    let builder = over(&primary).recorder(recorder.clone());
    let builder = if with_fallback { builder.fallback(faulty()) } else { builder };
    (primary, recorder, builder.build().unwrap())
}

async fn take(cache: &CacheManager) -> Option<u64> {
    cache.get_and_delete::<u64>("code").await.unwrap()
}

async fn put(cache: &CacheManager) -> Written {
    cache.set("code", 7_u64, Ttl::secs(60)).await.unwrap()
}

#[tokio::test]
async fn a_value_that_could_not_be_taken_is_there_when_the_primary_is_back_and_taken_once() {
    for with_fallback in [false, true] {
        let (primary, recorder, cache) = stand(with_fallback);
        assert_eq!(put(&cache).await, Written::Stored);
        primary.down(true);
        drop(recorder.take());
        assert_eq!((take(&cache).await, take(&cache).await), (None, None));
        let told = |event: &Recorded| {
            matches!(event, Recorded::Missed { reason: Reason::TierError | Reason::Quarantined, .. })
        };
        assert_eq!(recorder.count(told), 2, "an outage is no absence: {:?}", recorder.events());
        assert_eq!(primary.calls(Verb::GetAndDelete), 0);
        assert_eq!(cache.get::<u64>("code").await.unwrap(), Some(7), "the near copy was destroyed");
        primary.down(false);
        assert_eq!((take(&cache).await, take(&cache).await), (Some(7), None), "{with_fallback}");
        assert_eq!(cache.get::<u64>("code").await.unwrap(), None);
    }
}

/// Only this process and its fallback know of it: neither can tell whether it was taken elsewhere, so it is taken
/// nowhere, and goes with the outage.
#[tokio::test]
async fn a_value_that_was_stored_during_an_outage_is_not_taken() {
    for with_fallback in [false, true] {
        let (primary, _, cache) = stand(with_fallback);
        primary.down(true);
        assert!(put(&cache).await.is_stored());
        assert_eq!(take(&cache).await, None);
        assert_eq!(cache.get::<u64>("code").await.unwrap(), Some(7), "it can be read");
        primary.down(false);
        assert_eq!(take(&cache).await, None);
        assert_eq!(cache.get::<u64>("code").await.unwrap(), None, "a read after a take found it");
    }
}

#[tokio::test]
async fn who_fails_closed_is_told_and_the_value_waits() {
    for with_fallback in [false, true] {
        let primary = faulty();
        let builder = over(&primary).fail_mode(FailMode::Closed);
        let builder = if with_fallback { builder.fallback(faulty()) } else { builder };
        let cache = builder.build().unwrap();
        assert_eq!(put(&cache).await, Written::Stored);
        primary.down(true);
        for _ in 0..2 {
            let error = cache.get_and_delete::<u64>("code").await.unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Unavailable);
        }
        primary.down(false);
        assert_eq!((take(&cache).await, take(&cache).await), (Some(7), None));
    }
}

/// The primary may have given it away: it is delivered to nobody, by no tier.
#[tokio::test]
async fn a_value_whose_delivery_is_unknown_is_delivered_by_nobody() {
    for fail_mode in [FailMode::Open, FailMode::Closed] {
        let primary = faulty();
        let cache = over(&primary).fail_mode(fail_mode).build().unwrap();
        assert_eq!(put(&cache).await, Written::Stored);
        primary.lose_answers(true);
        let taken = cache.get_and_delete::<u64>("code").await;
        primary.lose_answers(false);
        match fail_mode {
            FailMode::Closed => assert_eq!(taken.unwrap_err().kind(), ErrorKind::Timeout),
            _ => assert_eq!(taken.unwrap(), None),
        }
        assert_eq!(take(&cache).await, None);
        assert_eq!(cache.get::<u64>("code").await.unwrap(), None);
        assert_eq!(primary.calls(Verb::GetAndDelete), 2, "one for each take");
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_in_quarantine_is_taken_when_that_is_over() {
    let (primary, recorder) = (faulty(), Arc::new(RecordingRecorder::new()));
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let cache = over(&primary).recorder(recorder.clone()).clock(clock).build().unwrap();
    assert_eq!(put(&cache).await, Written::Stored);
    primary.fail_writes(true);
    assert!(cache.delete("other").await.unwrap().journalled);
    drop(recorder.take());
    assert_eq!(take(&cache).await, None);
    let quarantined =
        |event: &Recorded| matches!(event, Recorded::Missed { reason: Reason::Quarantined, .. });
    assert_eq!(recorder.count(quarantined), 1, "{:?}", recorder.events());
    primary.fail_writes(false);
    tokio::time::advance(Duration::from_secs(15)).await;
    assert_eq!((take(&cache).await, take(&cache).await), (Some(7), None));
}
