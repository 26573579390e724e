//! Every call is counted once, by how it ended.

use std::sync::Arc;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::layer::{Layer, MeterLayer};
use cache_core::port::backend::{CacheBackend, Verb};
use cache_core::port::clock::Clock;
use cache_core::testkit::TokioTime;

use crate::support::{Scripted, call, faulty, key, millis};

fn meter() -> MeterLayer {
    MeterLayer::with_clock(Clock::source(Arc::new(TokioTime::new())))
}

#[tokio::test]
async fn every_verb_is_counted_under_its_own_name() {
    let meter = meter();
    let layered = meter.wrap(Scripted::new(&[]));
    for (index, verb) in Verb::ALL.iter().enumerate() {
        for _ in 0..=index {
            call(&layered, *verb).await.unwrap();
        }
    }
    let snapshot = meter.snapshot();
    let counts: Vec<u64> = snapshot.verbs().map(|of_verb| of_verb.answered).collect();
    assert_eq!(counts, (1..=Verb::ALL.len() as u64).collect::<Vec<_>>());
    assert_eq!((snapshot.calls(), snapshot.failures()), (counts.iter().sum(), 0));
}

#[tokio::test]
async fn failures_are_counted_by_kind() {
    let meter = meter();
    let errors = [ErrorKind::Timeout, ErrorKind::Refused, ErrorKind::Timeout];
    let layered = meter.wrap(Scripted::new(&errors));
    for _ in 0..4 {
        let _ = layered.get(&key("a")).await;
    }
    let snapshot = meter.snapshot();
    let get = snapshot.of(Verb::Get).unwrap();
    assert_eq!((get.calls(), get.answered, get.cancelled, get.failures()), (4, 1, 0, 3));
    assert_eq!(get.failed, [(ErrorKind::Timeout, 2), (ErrorKind::Refused, 1)]);
    assert_eq!(snapshot.of(Verb::Set).unwrap().calls(), 0);
}

#[tokio::test(start_paused = true)]
async fn latencies_fall_into_their_buckets() {
    let (meter, backend) = (meter(), faulty());
    let layered = meter.wrap(backend.clone());
    for (delay, times) in [(1, 90), (50, 9), (3_000, 1)] {
        backend.delay(millis(delay));
        for _ in 0..times {
            layered.get(&key("a")).await.unwrap();
        }
    }
    let snapshot = meter.snapshot();
    let latency = &snapshot.of(Verb::Get).unwrap().latency;
    assert_eq!((latency.count(), latency.sum), (100, millis(90 + 450 + 3_000)));
    let filled: Vec<_> = latency.buckets().filter(|(_, calls)| *calls > 0).collect();
    assert_eq!(filled, [(Some(millis(1)), 90), (Some(millis(50)), 9), (None, 1)]);
    let at_most: Vec<_> = [0.0, 0.5, 0.9, 0.99, 1.0].iter().map(|share| latency.at_most(*share)).collect();
    assert_eq!(at_most, [Some(millis(1)), Some(millis(1)), Some(millis(1)), Some(millis(50)), None]);
    let table = snapshot.to_string();
    let row: Vec<&str> = table.lines().nth(1).unwrap().split_whitespace().collect();
    assert_eq!(row, ["get", "100", "0", "0", "<=", "1ms", "<=", "50ms"]);
    assert_eq!(table.lines().count(), 2, "verbs that nobody called are left out");
}

#[tokio::test(start_paused = true)]
async fn a_call_whose_caller_left_is_cancelled_and_no_latency() {
    let (meter, backend) = (meter(), faulty());
    backend.hang(true);
    let layered = meter.wrap(backend);
    let key = key("a");
    assert!(tokio::time::timeout(Duration::from_secs(1), layered.get(&key)).await.is_err());
    drop(layered.get(&key));
    let snapshot = meter.snapshot();
    let get = snapshot.of(Verb::Get).unwrap();
    assert_eq!(
        (get.calls(), get.cancelled, get.latency.count()),
        (1, 1, 0),
        "what was never begun is no call"
    );
}
