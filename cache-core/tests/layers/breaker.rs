//! The breaker as a layer: what counts, what it does to calls, and that no end of a call wedges it.

use std::sync::Arc;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::layer::{BreakerConfig, BreakerLayer, BreakerState, Layer};
use cache_core::port::backend::{CacheBackend, Verb};
use cache_core::port::clock::Clock;
use cache_core::testkit::ManualTime;

use crate::support::{Scripted, call, faulty, key, millis};

/// A breaker without jitter, by a steered clock, around a backend.
fn breaker(inner: Arc<dyn CacheBackend>) -> (Arc<ManualTime>, BreakerLayer, Arc<dyn CacheBackend>) {
    let time = Arc::new(ManualTime::new());
    let clock = Clock::source(Arc::clone(&time) as _);
    let layer = BreakerLayer::with_clock(BreakerConfig::default().jitter(0.0), clock).unwrap();
    let layered = layer.wrap(inner);
    (time, layer, layered)
}

#[tokio::test]
async fn five_outages_open_it_and_three_answers_close_it() {
    let backend = faulty();
    let (time, layer, layered) = breaker(backend.clone());
    backend.down(true);
    for verb in [Verb::Get, Verb::Set, Verb::Delete, Verb::Connect, Verb::Get] {
        assert_eq!(layer.state(), BreakerState::Closed);
        assert!(call(&layered, verb).await.is_err());
    }
    backend.down(false);
    assert_eq!((layer.state(), layered.is_available()), (BreakerState::Open, false));
    let error = layered.get(&key("a")).await.unwrap_err();
    assert_eq!(error.to_string(), "get: the map backend is down: its circuit breaker is open");
    assert_eq!((error.kind(), backend.total_calls()), (ErrorKind::Unavailable, 5));
    layered.disconnect().await.unwrap();
    time.advance(millis(500));
    assert!(layered.is_available(), "the time for a probe has come");
    for _ in 0..3 {
        assert!(layered.get(&key("a")).await.is_ok());
    }
    let snapshot = layer.snapshot();
    assert_eq!((snapshot.state, snapshot.opened, snapshot.rejected), (BreakerState::Closed, 1, 1));
}

#[tokio::test]
async fn only_trouble_of_the_infrastructure_counts() {
    for kind in ErrorKind::ALL {
        let (_, layer, layered) = breaker(Scripted::new(&[kind; 100]));
        for _ in 0..100 {
            let _ = layered.get(&key("a")).await;
        }
        let counts = matches!(kind, ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Io);
        assert_eq!(layer.state() == BreakerState::Open, counts, "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn cancelled_calls_count_as_nothing_and_cancelled_probes_give_their_slots_back() {
    let backend = faulty();
    let (time, layer, layered) = breaker(backend.clone());
    let give_up = |calls: usize| {
        let layered = Arc::clone(&layered);
        async move {
            for _ in 0..calls {
                let key = key("a");
                assert!(tokio::time::timeout(millis(1), layered.get(&key)).await.is_err());
            }
        }
    };
    backend.hang(true);
    give_up(100).await;
    assert_eq!(layer.state(), BreakerState::Closed);
    backend.hang(false);
    backend.down(true);
    for _ in 0..5 {
        assert!(layered.get(&key("a")).await.is_err());
    }
    backend.down(false);
    backend.hang(true);
    time.advance(millis(500));
    give_up(100).await;
    assert_eq!((layer.state(), layered.is_available()), (BreakerState::HalfOpen, true));
    backend.hang(false);
    for _ in 0..3 {
        assert!(layered.get(&key("a")).await.is_ok());
    }
    assert_eq!(layer.state(), BreakerState::Closed);
}

#[tokio::test(start_paused = true)]
async fn a_result_that_comes_after_its_cycle_changes_nothing() {
    let backend = faulty();
    let (time, layer, layered) = breaker(backend.clone());
    let held = backend.hold_after(Verb::Exists);
    let slow = Arc::clone(&layered);
    let slow = tokio::spawn(async move { slow.exists(&key("a")).await });
    held.arrived().await;
    backend.down(true);
    for _ in 0..5 {
        assert!(layered.get(&key("a")).await.is_err());
    }
    time.advance(millis(500));
    assert!(layered.get(&key("a")).await.is_err(), "the probe fails");
    backend.down(false);
    held.release();
    assert!(slow.await.unwrap().is_ok());
    assert_eq!((layer.state(), layered.is_available()), (BreakerState::Open, false));
    time.advance(millis(999));
    assert!(!layered.is_available(), "twice as long");
    time.advance(millis(1));
    assert!(layered.is_available());
}

#[tokio::test(start_paused = true)]
async fn a_panic_of_the_backend_wedges_nothing() {
    let backend = faulty();
    let (time, layer, layered) = breaker(backend.clone());
    backend.down(true);
    for _ in 0..5 {
        assert!(layered.get(&key("a")).await.is_err());
    }
    backend.down(false);
    time.advance(millis(500));
    backend.hang(true);
    for _ in 0..9 {
        let layered = Arc::clone(&layered);
        let probe = tokio::spawn(async move {
            let key = key("a");
            tokio::select! {
                biased;
                _ = layered.get(&key) => {}
                () = tokio::time::sleep(Duration::from_millis(1)) => panic!("in the middle of a probe"),
            }
        });
        assert!(probe.await.is_err());
    }
    backend.hang(false);
    for _ in 0..3 {
        assert!(layered.get(&key("a")).await.is_ok());
    }
    assert_eq!(layer.state(), BreakerState::Closed);
}

#[tokio::test]
async fn no_more_than_three_probe_at_once_and_the_others_are_told() {
    let backend = faulty();
    let (time, layer, layered) = breaker(backend.clone());
    backend.down(true);
    for _ in 0..5 {
        assert!(layered.get(&key("a")).await.is_err());
    }
    backend.down(false);
    backend.forget_calls();
    time.advance(millis(500));
    let held = backend.hold_before(Verb::Get);
    let probes = [(); 3].map(|()| {
        let layered = Arc::clone(&layered);
        tokio::spawn(async move { layered.get(&key("a")).await })
    });
    held.arrived_times(3).await;
    assert!(!layered.is_available(), "no slot is free");
    assert!(layered.get(&key("a")).await.is_err());
    assert_eq!(backend.calls(Verb::Get), 3);
    held.release();
    for probe in probes {
        assert!(probe.await.unwrap().is_ok());
    }
    assert_eq!(layer.state(), BreakerState::Closed);
}

#[tokio::test]
async fn one_layer_around_two_backends_judges_both_as_one() {
    let (one, other) = (faulty(), faulty());
    let (_, layer, first) = breaker(one.clone());
    let second = layer.wrap(other);
    one.down(true);
    for _ in 0..5 {
        assert!(first.get(&key("a")).await.is_err());
    }
    assert!(!second.is_available() && second.get(&key("a")).await.is_err());
}

#[tokio::test]
async fn one_server_of_three_that_is_down_does_not_open_the_breaker_of_all() {
    let outages = |share: usize| {
        let config = BreakerConfig::of_many_servers().jitter(0.0);
        let layer = BreakerLayer::new(config).unwrap();
        async move {
            for at in 0..300 {
                // In runs of six: five in a row mean nothing.
                let errors: &[ErrorKind] = if at / 6 % 3 < share { &[ErrorKind::Unavailable] } else { &[] };
                let _ = layer.wrap(Scripted::new(errors)).get(&key("a")).await;
            }
            layer.snapshot().opened
        }
    };
    assert_eq!(outages(1).await, 0);
    assert_eq!(outages(2).await, 0);
    assert!(outages(3).await > 0, "all are down");
}
