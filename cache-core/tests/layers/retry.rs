//! What may be repeated is, in time; the rest never.

use std::sync::Arc;

use cache_core::error::ErrorKind;
use cache_core::layer::{Layer, Limits, RetryConfig, RetryLayer};
use cache_core::port::backend::{CacheBackend, SetOptions, Verb};

use crate::support::{FRAME, Scripted, call, faulty, key, millis, only_if_absent, timed};

const OUTAGES: [ErrorKind; 3] = [ErrorKind::Timeout, ErrorKind::Unavailable, ErrorKind::Io];

fn layered(errors: &[ErrorKind]) -> (Arc<Scripted>, Arc<dyn CacheBackend>) {
    let backend = Scripted::new(errors);
    let layered = RetryLayer::default().wrap(backend.clone());
    (backend, layered)
}

#[tokio::test(start_paused = true)]
async fn two_outages_cost_a_repeatable_call_nothing() {
    for verb in Verb::ALL {
        let repeatable = matches!(
            verb,
            Verb::Connect
                | Verb::Health
                | Verb::Get
                | Verb::GetMany
                | Verb::Exists
                | Verb::Ttl
                | Verb::Set
                | Verb::SetMany
                | Verb::Delete
                | Verb::DeleteMany
        );
        let (backend, layered) = layered(&OUTAGES[..2]);
        let answer = call(&layered, verb).await;
        assert_eq!(
            (answer.is_ok(), backend.calls()),
            (repeatable, if repeatable { 3 } else { 1 }),
            "{verb:?}"
        );
    }
}

#[tokio::test(start_paused = true)]
async fn what_must_find_something_is_never_set_twice() {
    let (backend, layered) = layered(&OUTAGES);
    assert!(layered.set(&key("a"), FRAME, only_if_absent()).await.is_err());
    assert_eq!(backend.calls(), 1);
    let entries = vec![(key("a"), FRAME, SetOptions::default()), (key("b"), FRAME, only_if_absent())];
    assert!(layered.set_many(entries).await.is_err());
    assert_eq!(backend.calls(), 1);
}

#[tokio::test(start_paused = true)]
async fn what_was_given_up_on_says_so_and_is_not_taken_up_by_another() {
    let (backend, inner) = layered(&[ErrorKind::Unavailable; 9]);
    let layered = RetryLayer::default().wrap(inner);
    let (answer, took) = timed(layered.get(&key("a"))).await;
    let error = answer.unwrap_err();
    assert_eq!((error.kind(), error.attempts(), backend.calls()), (ErrorKind::Unavailable, 3, 3));
    assert_eq!(error.to_string(), "get: as the script says (gave up after 3 attempts)");
    assert!(took <= millis(30), "10 and 20 ms at most: {took:?}");
}

#[tokio::test(start_paused = true)]
async fn only_outages_are_repeated() {
    for kind in ErrorKind::ALL {
        let (backend, layered) = layered(&[kind]);
        let answer = layered.get(&key("a")).await;
        let repeated = OUTAGES.contains(&kind);
        assert_eq!((answer.is_ok(), backend.calls()), (repeated, if repeated { 2 } else { 1 }), "{kind:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn all_attempts_together_have_one_deadline() {
    let config = RetryConfig::default().attempts(100).first_pause(millis(40)).longest_pause(millis(40));
    for _ in 0..20 {
        let backend = Scripted::new(&[ErrorKind::Unavailable; 1_000]);
        let layered = RetryLayer::new(config).unwrap().wrap(backend.clone());
        let (answer, took) = timed(layered.get(&key("a"))).await;
        let error = answer.unwrap_err();
        assert_eq!(usize::try_from(error.attempts()).unwrap(), backend.calls());
        assert!(error.attempts() > 1 && error.attempts() < 100, "{error}");
        assert!(took <= millis(100), "{took:?}");
    }
    let backend = faulty();
    backend.hang(true);
    let layered = RetryLayer::new(config.limits(Limits::default().read(millis(70)))).unwrap().wrap(backend);
    let (answer, took) = timed(layered.get(&key("a"))).await;
    assert_eq!((answer.unwrap_err().kind(), took), (ErrorKind::Timeout, millis(70)));
}
