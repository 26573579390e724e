//! All layers together: the order is what makes their numbers mean what they say.

use std::sync::Arc;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::layer::{
    BreakerConfig, BreakerState, BulkheadConfig, Layer, Layered, Limits, Resilience, RetryConfig,
};
use cache_core::port::backend::{CacheBackend, Verb};
use cache_core::port::clock::Clock;
use cache_core::testkit::TokioTime;

use crate::support::{Scripted, call, faulty, key, millis, timed};

fn guard() -> Resilience {
    Resilience::builder().clock(Clock::source(Arc::new(TokioTime::new()))).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn one_exhausted_retry_is_one_failure_of_the_breaker() {
    let (backend, guard) = (Scripted::new(&[ErrorKind::Unavailable; 1_000]), guard());
    let layered = guard.wrap(backend.clone());
    for round in 1..=5 {
        assert_eq!(guard.breaker().unwrap().state(), BreakerState::Closed, "{round}");
        assert_eq!(layered.get(&key("a")).await.unwrap_err().attempts(), 3);
    }
    assert_eq!((guard.breaker().unwrap().state(), backend.calls()), (BreakerState::Open, 15));
    let (rejected, took) = timed(layered.get(&key("a"))).await;
    assert!(rejected.unwrap_err().to_string().contains("circuit breaker is open"));
    assert_eq!((backend.calls(), took), (0, Duration::ZERO), "nothing is retried while it is open");
    assert_eq!(guard.meter().snapshot().failures(), 15, "the meter counts what the backend was asked");
}

#[tokio::test(start_paused = true)]
async fn what_is_shed_reaches_nobody() {
    let backend = faulty();
    let bulkhead = BulkheadConfig::default().in_flight(1).queued(0);
    let guard = Resilience::builder().bulkhead(bulkhead).build().unwrap();
    let layered = guard.wrap(backend.clone());
    let held = backend.hold_before(Verb::Set);
    let slow = Arc::clone(&layered);
    let slow = tokio::spawn(async move { call(&slow, Verb::Set).await });
    held.arrived().await;
    for _ in 0..100 {
        assert_eq!(layered.get(&key("a")).await.unwrap_err().kind(), ErrorKind::Overloaded);
    }
    held.release();
    slow.await.unwrap().unwrap();
    assert_eq!(guard.bulkhead().unwrap().shed(), 100);
    assert_eq!((guard.breaker().unwrap().state(), backend.total_calls()), (BreakerState::Closed, 1));
}

#[tokio::test(start_paused = true)]
async fn what_hangs_is_not_tried_twice_and_no_call_is_slower_than_its_limit() {
    let (backend, guard) = (faulty(), guard());
    backend.hang(true);
    let layered = guard.wrap(backend.clone());
    for (verb, limit) in [(Verb::Get, 100), (Verb::Set, 250), (Verb::Increment, 250), (Verb::Clear, 2_000)] {
        let (answer, took) = timed(call(&layered, verb)).await;
        let error = answer.unwrap_err();
        assert_eq!(
            (error.kind(), error.attempts(), took),
            (ErrorKind::Timeout, 1, millis(limit)),
            "{verb:?}"
        );
    }
    assert_eq!(guard.meter().snapshot().of(Verb::Get).unwrap().cancelled, 1, "the limit ended it");
    call(&layered, Verb::Get).await.unwrap_err();
    assert_eq!(guard.breaker().unwrap().state(), BreakerState::Open);
    let (answer, took) = timed(call(&layered, Verb::Get)).await;
    assert_eq!((answer.unwrap_err().kind(), took), (ErrorKind::Unavailable, Duration::ZERO));
}

#[tokio::test(start_paused = true)]
async fn layers_that_are_left_out_do_nothing() {
    let backend = faulty();
    backend.delay(millis(10_000));
    let bare = Resilience::of_supervised().without_breaker().without_bulkhead().traced().build().unwrap();
    assert!(bare.breaker().is_none() && bare.bulkhead().is_none());
    let layered = backend.clone().layered(&bare);
    let (answer, took) = timed(layered.get(&key("a"))).await;
    assert_eq!((answer.unwrap(), took), (None, millis(10_000)));
    backend.down(true);
    for _ in 0..100 {
        assert_eq!(layered.get(&key("a")).await.unwrap_err().attempts(), 1);
    }
    assert_eq!(bare.meter().snapshot().calls(), 101);
}

#[tokio::test(start_paused = true)]
async fn a_retry_lasts_no_longer_than_the_limits_unless_it_says_so() {
    let backend = faulty();
    backend.hang(true);
    let read = |millis: u64| Limits::default().read(Duration::from_millis(millis));
    for (builder, expected) in [
        (Resilience::builder().limits(read(40)), 40),
        (Resilience::builder().limits(read(500)).retry(RetryConfig::default()), 500),
        (Resilience::builder().limits(read(40)).retry(RetryConfig::default().limits(read(30))), 30),
        (Resilience::builder().without_timeout(), 100),
    ] {
        let layered = backend.clone().layered(&builder.build().unwrap());
        let (answer, took) = timed(layered.get(&key("a"))).await;
        assert_eq!((answer.unwrap_err().kind(), took), (ErrorKind::Timeout, millis(expected)));
    }
}

#[tokio::test(start_paused = true)]
async fn cachekits_breaker_stays_open_for_half_a_minute() {
    let (backend, clock) = (faulty(), Clock::source(Arc::new(TokioTime::new())));
    let guard = Resilience::cachekit().clock(clock).build().unwrap();
    let layered = guard.wrap(backend.clone());
    backend.down(true);
    for _ in 0..5 {
        assert!(layered.get(&key("a")).await.is_err());
        tokio::time::sleep(millis(10_000)).await;
    }
    assert!(!layered.is_available());
    tokio::time::sleep(millis(19_000)).await;
    backend.down(false);
    assert!(!layered.is_available());
    tokio::time::sleep(millis(1_100)).await;
    assert!(layered.is_available());
}

#[test]
fn all_wrong_numbers_are_reported_at_once() {
    let error = Resilience::builder()
        .limits(Limits::default().read(Duration::ZERO))
        .retry(RetryConfig::default().attempts(0))
        .breaker(BreakerConfig::default().probes(0))
        .bulkhead(BulkheadConfig::default().in_flight(0))
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for text in ["in_flight holds 0", "probes holds 0", "the limit read holds 0ns"] {
        assert!(error.to_string().contains(text), "{error}");
    }
}
