//! So many in flight, so many waiting, the rest is shed.

use std::sync::Arc;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::layer::{BulkheadConfig, BulkheadLayer, Layer};
use cache_core::port::backend::{CacheBackend, Verb};
use cache_core::testkit::FaultyBackend;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::support::{faulty, key, millis, timed};

struct Stand {
    backend: Arc<FaultyBackend>,
    bulkhead: BulkheadLayer,
    layered: Arc<dyn CacheBackend>,
}

fn stand(config: BulkheadConfig) -> Stand {
    let (backend, bulkhead) = (faulty(), BulkheadLayer::new(config).unwrap());
    let layered = bulkhead.wrap(backend.clone());
    Stand { backend, bulkhead, layered }
}

/// So many callers at once; the kind of each one's error, and when it came.
async fn crowd(stand: &Stand, callers: usize) -> Vec<(Option<ErrorKind>, Duration)> {
    let began = Instant::now();
    let mut calls = JoinSet::new();
    for _ in 0..callers {
        let layered = Arc::clone(&stand.layered);
        calls.spawn(async move {
            let answer = layered.get(&key("a")).await;
            (answer.err().map(|error| error.kind()), began.elapsed())
        });
    }
    calls.join_all().await
}

#[tokio::test(start_paused = true)]
async fn a_hundred_are_in_flight_a_thousand_wait_and_the_rest_is_shed_at_once() {
    let stand = stand(BulkheadConfig::default());
    stand.backend.delay(millis(500));
    let ends = crowd(&stand, 1_250).await;
    let count = |expected: Option<ErrorKind>, after: Duration| {
        ends.iter().filter(|(kind, took)| *kind == expected && *took == after).count()
    };
    assert_eq!(count(None, millis(500)), 100);
    assert_eq!(count(Some(ErrorKind::Overloaded), millis(0)), 150, "no place and no queue");
    assert_eq!(count(Some(ErrorKind::Overloaded), millis(100)), 1_000, "patience is 0.1 s");
    assert_eq!((stand.backend.calls(Verb::Get), stand.bulkhead.shed()), (100, 1_150));
    assert_eq!((stand.bulkhead.in_flight(), stand.bulkhead.queued()), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn who_waits_comes_in_when_somebody_ends() {
    let stand = stand(BulkheadConfig::default().in_flight(2).queued(10));
    stand.backend.delay(millis(30));
    let ends = crowd(&stand, 8).await;
    let mut times: Vec<u128> = ends.iter().map(|(_, took)| took.as_millis()).collect();
    times.sort_unstable();
    assert_eq!(times, [30, 30, 60, 60, 90, 90, 120, 120]);
    assert!(ends.iter().all(|(kind, _)| kind.is_none()));
}

#[tokio::test(start_paused = true)]
async fn what_is_shed_says_why() {
    let stand = stand(BulkheadConfig::default().in_flight(1).queued(0));
    let held = stand.backend.hold_before(Verb::Get);
    let layered = Arc::clone(&stand.layered);
    let first = tokio::spawn(async move { layered.get(&key("a")).await });
    held.arrived().await;
    assert_eq!((stand.bulkhead.in_flight(), stand.layered.is_available()), (1, true));
    let error = stand.layered.get(&key("a")).await.unwrap_err();
    let text = "get: the map backend has 1 calls in flight, and 0 wait: this one was shed";
    assert_eq!((error.to_string().as_str(), error.is_transient()), (text, true));
    stand.layered.disconnect().await.unwrap();
    held.release();
    first.await.unwrap().unwrap();
}

#[tokio::test(start_paused = true)]
async fn who_leaves_gives_its_place_back() {
    let stand = stand(BulkheadConfig::default().in_flight(1).queued(1));
    stand.backend.hang(true);
    for _ in 0..10 {
        let (left, _) = timed(tokio::time::timeout(millis(5), crowd(&stand, 2))).await;
        assert!(left.is_err());
    }
    stand.backend.hang(false);
    assert_eq!(crowd(&stand, 2).await, [(None, millis(0)); 2]);
    assert_eq!((stand.bulkhead.in_flight(), stand.bulkhead.queued()), (0, 0));
}

#[test]
fn a_bulkhead_without_places_is_refused() {
    let error = BulkheadLayer::new(BulkheadConfig::default().in_flight(0)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().starts_with("the bulkhead's in_flight holds 0; give at least 1"), "{error}");
}
