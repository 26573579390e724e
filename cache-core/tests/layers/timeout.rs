//! No call is slower than its limit.

use std::sync::Arc;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::layer::{Layer, Layered, Limits, TimeoutLayer};
use cache_core::port::backend::{CacheBackend, SetOptions, Verb};
use cache_core::testkit::MapBackend;

use crate::support::{FRAME, call, faulty, key, millis, timed};

#[tokio::test(start_paused = true)]
async fn what_hangs_ends_at_the_limit_of_its_verb_and_says_so() {
    let backend = faulty();
    backend.hang(true);
    let layered = TimeoutLayer::default().wrap(backend);
    for verb in Verb::ALL {
        let limit = match verb {
            Verb::Get | Verb::GetMany | Verb::Exists | Verb::Ttl => millis(100),
            Verb::Claims | Verb::AcquireLease => millis(100),
            Verb::DeletePattern | Verb::Clear => millis(2_000),
            _ => millis(250),
        };
        let (answer, took) = timed(call(&layered, verb)).await;
        let error = answer.unwrap_err();
        assert_eq!((error.kind(), error.operation(), took), (ErrorKind::Timeout, Some(verb.as_str()), limit));
        let expected = format!("{}: the map backend gave no answer within {limit:?}", verb.as_str());
        assert_eq!(error.to_string(), expected);
    }
}

#[tokio::test(start_paused = true)]
async fn the_limits_are_the_users() {
    let backend = faulty();
    backend.delay(millis(900));
    let limits = Limits::default().read(millis(899)).write(millis(901));
    let layered = backend.layered(&TimeoutLayer::new(limits).unwrap());
    assert_eq!(layered.get(&key("a")).await.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(layered.set(&key("a"), FRAME, SetOptions::default()).await.unwrap());
    assert!(TimeoutLayer::new(Limits::all(Duration::ZERO)).is_err());
}

#[tokio::test(start_paused = true)]
async fn the_inner_call_is_dropped() {
    let (map, backend) = (Arc::new(MapBackend::new()), faulty());
    let held = backend.hold_before(Verb::Set);
    let layered = TimeoutLayer::default().wrap(backend.clone());
    assert!(layered.set(&key("a"), FRAME, SetOptions::default()).await.is_err());
    held.release();
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(backend.get(&key("a")).await.unwrap(), None, "it went on behind its caller's back");
    assert!(map.is_empty());
}

#[test]
fn a_call_outside_a_runtime_is_an_error_and_no_panic() {
    let layered = MapBackend::new().layered(&TimeoutLayer::default());
    let key = key("a");
    let mut call = layered.get(&key);
    let polled = call.as_mut().poll(&mut std::task::Context::from_waker(std::task::Waker::noop()));
    let std::task::Poll::Ready(Err(error)) = polled else { panic!("{polled:?}") };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("await it on a tokio runtime"), "{error}");
}
