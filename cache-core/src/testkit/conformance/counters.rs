//! Counters.

use bytes::Bytes;

use super::Trial;
use super::trial::{CROWD, LONG, SHORT, frame};
use crate::error::ErrorKind;
use crate::port::backend::{Expiry, Remaining};

/// A missing counter begins at 0; it counts down as well as up, below zero too.
pub async fn a_counter_begins_at_zero(trial: Trial) {
    let key = trial.key("hits:7");
    for (by, value) in [(5, 5), (1, 6), (-10, -4), (0, -4), (4, 0)] {
        assert_eq!(trial.backend.increment(&key, by, Expiry::Never).await.expect("increment"), value);
    }
    let fresh = trial.key("hits:8");
    assert_eq!(trial.backend.increment(&fresh, -3, Expiry::Never).await.expect("increment"), -3);
}

/// A hundred increments at once add up, and each caller sees a value of its own.
pub async fn increment_is_atomic(trial: Trial) {
    let key = trial.key("hits:7");
    let wanted = key.clone();
    let mut seen = trial
        .crowd(move |trial, _| {
            let key = wanted.clone();
            async move { trial.backend.increment(&key, 1, Expiry::After(LONG)).await.expect("increment") }
        })
        .await;
    seen.sort_unstable();
    assert_eq!(seen, (1..=CROWD as i64).collect::<Vec<_>>());
    assert_eq!(trial.backend.increment(&key, 0, Expiry::Never).await.expect("increment"), CROWD as i64);
}

/// A counter is stored as decimal digits, and digits that were set are a counter.
pub async fn a_counter_is_stored_as_digits(trial: Trial) {
    let key = trial.key("hits:7");
    trial.backend.increment(&key, -42, Expiry::Never).await.expect("increment");
    assert_eq!(trial.held(&key).await, Some(Bytes::from_static(b"-42")));
    trial.put(&key, &Bytes::from_static(b"99")).await;
    assert_eq!(trial.backend.increment(&key, 1, Expiry::Never).await.expect("increment"), 100);
}

/// A counter gets its life when it begins; later increments neither end nor lengthen it.
pub async fn a_counter_keeps_the_life_it_began_with(trial: Trial) {
    let (mortal, immortal) = (trial.key("mortal"), trial.key("immortal"));
    let count = async |key, expiry| trial.backend.increment(key, 1, expiry).await.expect("increment");
    assert_eq!(count(&mortal, Expiry::After(SHORT)).await, 1);
    assert_eq!(count(&immortal, Expiry::Never).await, 1);
    assert_eq!(count(&immortal, Expiry::After(SHORT)).await, 2);
    trial.until("a counter's life ends", || async { count(&mortal, Expiry::After(LONG)).await == 1 }).await;
    assert_eq!(count(&immortal, Expiry::Never).await, 3);
    let left = trial.backend.ttl(&mortal).await.expect("ttl");
    assert!(matches!(left, Remaining::For(_) | Remaining::Unknown), "the new counter has a life: {left:?}");
}

/// What is no counter is not counted, and stays as it is.
pub async fn increment_refuses_what_is_no_counter(trial: Trial) {
    let key = trial.key("user:7");
    for held in [frame("user 7"), Bytes::new(), Bytes::from_static(b"1.5"), Bytes::from_static(b"\xff\0")] {
        trial.put(&key, &held).await;
        let error = trial.backend.increment(&key, 1, Expiry::Never).await.expect_err("it is no counter");
        assert_eq!(error.kind(), ErrorKind::NotACounter, "{held:?}: {error}");
        assert_eq!(trial.held(&key).await, Some(held), "it stays as it is");
    }
}

/// A sum that does not fit is an error, and the counter stays as it is.
pub async fn increment_refuses_to_overflow(trial: Trial) {
    let key = trial.key("hits:7");
    for (edge, by) in [(i64::MAX, 1), (i64::MIN, -1)] {
        trial.put(&key, &Bytes::from(edge.to_string())).await;
        let error = trial.backend.increment(&key, by, Expiry::Never).await.expect_err("it overflows");
        assert_eq!(error.kind(), ErrorKind::NotACounter, "{error}");
        assert_eq!(trial.held(&key).await, Some(Bytes::from(edge.to_string())), "it stays as it is");
    }
}
