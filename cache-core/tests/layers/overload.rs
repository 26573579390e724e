//! A flood: most calls are shed, and that is no outage.

use std::sync::Arc;

use cache_core::entry::Reason;
use cache_core::layer::{BulkheadConfig, Layered, Resilience};
use cache_core::manager::{CacheManager, Written};
use cache_core::port::clock::Clock;
use cache_core::testkit::{Recorded, RecordingRecorder, TokioTime};
use cache_core::time::Ttl;
use tokio::task::JoinSet;

use crate::support::{faulty, millis};

/// A manager over a backend that takes two calls at a time, each 5 ms long.
fn stand() -> (Resilience, Arc<RecordingRecorder>, CacheManager) {
    let (backend, recorder) = (faulty(), Arc::new(RecordingRecorder::new()));
    backend.delay(millis(5));
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let bulkhead = BulkheadConfig::default().in_flight(2).queued(4).wait(millis(10));
    let guard = Resilience::builder().clock(clock.clone()).bulkhead(bulkhead).build().unwrap();
    let builder = CacheManager::builder().primary(backend.layered(&guard)).clock(clock).no_near();
    let cache = builder.recorder(recorder.clone()).build().unwrap();
    (guard, recorder, cache)
}

#[tokio::test(start_paused = true)]
async fn a_flood_of_loads_is_answered_and_is_no_outage() {
    let (guard, recorder, cache) = stand();
    let mut callers = JoinSet::new();
    for caller in 0..50_u64 {
        let cache = cache.clone();
        callers.spawn(async move {
            for value in caller * 1_000..caller * 1_000 + 100 {
                let load = || async move { Ok::<_, String>(value) };
                assert_eq!(cache.get_or_load(format!("k:{value}"), load).await.unwrap(), value);
                tokio::time::sleep(millis(20)).await;
            }
        });
    }
    callers.join_all().await;
    let shed = guard.bulkhead().unwrap().shed();
    assert!(shed > 1_000, "{shed}");
    assert_eq!(guard.breaker().unwrap().snapshot().opened, 0);
    assert_eq!(
        recorder.count(|event| matches!(event, Recorded::Switched { .. })),
        0,
        "fills that were not begun owe nothing"
    );
    let missed = |event: &Recorded| matches!(event, Recorded::Missed { reason: Reason::Overloaded, .. });
    let not_stored =
        |event: &Recorded| matches!(event, Recorded::NotStored { reason: Reason::Overloaded, .. });
    assert_eq!((recorder.count(missed) + recorder.count(not_stored)) as u64, shed, "each with its reason");
    assert!(!cache.health_now().journal_pending);
}

#[tokio::test(start_paused = true)]
async fn a_set_that_was_shed_leaves_no_older_value() {
    let (_, _, cache) = stand();
    let _ = cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    let flood = cache.clone();
    let flood = tokio::spawn(async move {
        let mut reads = JoinSet::new();
        for index in 0..20 {
            let cache = flood.clone();
            reads.spawn(async move { cache.get::<u64>(format!("other:{index}")).await.unwrap() });
        }
        reads.join_all().await
    });
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    let written = cache.set("k", 2_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(written, Written::Rejected(Reason::Overloaded));
    flood.await.unwrap();
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None, "1 must not be served after 2 was set");
}
