//! What a test can do to a backend with `FaultyBackend`.

#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_core::error::ErrorKind;
use cache_core::key::{CacheKey, Namespace};
use cache_core::port::backend::{CacheBackend, SetOptions};
use cache_core::testkit::{FaultyBackend, MapBackend, Verb};
use tokio::time::{Instant, timeout};

const FRAME: Bytes = Bytes::from_static(b"frame");

fn faulty() -> (Arc<MapBackend>, Arc<FaultyBackend>, CacheKey) {
    let map = Arc::new(MapBackend::new());
    let key = CacheKey::direct(&Namespace::default(), "user:7").unwrap();
    (Arc::clone(&map), FaultyBackend::new(map), key)
}

#[tokio::test]
async fn a_server_that_is_down_says_so_until_it_is_back() {
    let (map, faulty, key) = faulty();
    faulty.down(true);
    let error = faulty.set(&key, FRAME, SetOptions::default()).await.unwrap_err();
    assert_eq!((error.kind(), error.operation()), (ErrorKind::Unavailable, Some("set")));
    assert!(!faulty.is_available() && map.is_empty());
    faulty.down(false);
    assert!(faulty.is_available() && faulty.set(&key, FRAME, SetOptions::default()).await.unwrap());
    assert_eq!((faulty.calls(Verb::Set), faulty.calls(Verb::Get), faulty.total_calls()), (2, 0, 2));
    faulty.forget_calls();
    assert_eq!(faulty.total_calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn a_hanging_call_never_ends_and_a_delayed_one_late() {
    let (map, faulty, key) = faulty();
    faulty.hang(true);
    assert!(timeout(Duration::from_secs(3_600), faulty.get(&key)).await.is_err());
    faulty.hang(false);
    faulty.delay(Duration::from_secs(5));
    let start = Instant::now();
    assert!(faulty.set(&key, FRAME, SetOptions::default()).await.unwrap());
    assert_eq!((start.elapsed(), map.len()), (Duration::from_secs(5), 1));
}

#[tokio::test]
async fn refused_writes_change_nothing_and_lost_answers_do() {
    let (map, faulty, key) = faulty();
    faulty.fail_writes(true);
    let refused = faulty.set(&key, FRAME, SetOptions::default()).await.unwrap_err();
    assert_eq!((refused.kind(), map.len()), (ErrorKind::Refused, 0));
    assert_eq!(faulty.get(&key).await.unwrap(), None);
    faulty.fail_writes(false);
    faulty.lose_answers(true);
    let lost = faulty.set(&key, FRAME, SetOptions::default()).await.unwrap_err();
    assert_eq!((lost.kind(), map.len()), (ErrorKind::Timeout, 1));
}

#[tokio::test]
async fn a_call_stops_where_the_test_wants() {
    let (map, faulty, key) = faulty();
    let (shared, name) = (Arc::clone(&faulty), key.clone());
    let set = async move { shared.set(&name, FRAME, SetOptions::default()).await };

    let before = faulty.hold_before(Verb::Set);
    let after = faulty.hold_after(Verb::Set);
    let call = tokio::spawn(set);
    before.arrived().await;
    assert_eq!((map.len(), before.count(), after.count()), (0, 1, 0));
    assert_eq!(faulty.get(&key).await.unwrap(), None, "other verbs go on");
    before.release();
    after.arrived().await;
    assert!(map.len() == 1 && !call.is_finished());
    drop(after);
    assert!(call.await.unwrap().unwrap());
    assert!(faulty.set(&key, FRAME, SetOptions::default()).await.unwrap(), "a released point stops nobody");
}
