//! What people ask of such macros and no other file says: `docs/promises/peers.md` has the list.

use std::sync::OnceLock;
use std::time::Duration;

use larder::testkit::ManualTime;
use larder::{CacheManager, Clock, Near, cached};

use crate::{FAR, fresh};

#[cached(cache = FAR)]
async fn at(latitude: f64, scale: f32) -> u64 {
    let _ = (latitude, scale);
    fresh()
}

#[tokio::test]
async fn floats_are_arguments_like_others() {
    let zero = at(0.0, 1.5).await;
    assert_eq!(at(-0.0, 1.5).await, zero, "they are equal");
    assert_ne!(at(0.1, 1.5).await, zero);
    assert_ne!(at(0.0, 1.6).await, zero);
    let none = at(f64::NAN, f32::NAN).await;
    assert_eq!(at(-f64::NAN, -f32::NAN).await, none, "what is no number is one key");
    assert_ne!(at(f64::INFINITY, 1.5).await, at(f64::NEG_INFINITY, 1.5).await);
}

/// An error that is to be remembered is a value: the inner one. The outer one never is.
#[cached(cache = FAR, ttl_with = |answer: &Result<u64, String>| Duration::from_secs(if answer.is_ok() { 60 } else { 5 }))]
async fn looked_up(id: u64, broken: bool) -> Result<Result<u64, String>, String> {
    if broken {
        return Err(format!("away {}", fresh()));
    }
    Ok(if id == 0 { Err(format!("there is no 0, said {}", fresh())) } else { Ok(id + fresh()) })
}

#[tokio::test]
async fn an_error_that_is_to_be_remembered_is_a_value() {
    let refused = looked_up(0, false).await.unwrap();
    assert!(refused.is_err());
    assert_eq!(looked_up(0, false).await.unwrap(), refused, "remembered");
    assert_ne!(looked_up(0, true).await, looked_up(0, true).await, "trouble is not");
    assert_eq!(looked_up(1, false).await, looked_up(1, false).await);
}

static CONFIGURED: OnceLock<Duration> = OnceLock::new();

#[cached(ttl = *CONFIGURED.get().unwrap(), jitter = 0.0, cache = cache, skip(cache))]
async fn configured(cache: &CacheManager) -> u64 {
    fresh()
}

#[tokio::test]
async fn a_life_may_come_out_of_a_configuration_that_is_read_at_run_time() {
    let time = std::sync::Arc::new(ManualTime::new());
    let cache =
        CacheManager::builder().near(Near::mib(1)).clock(Clock::source(time.clone())).build().unwrap();
    CONFIGURED.set(Duration::from_secs(std::hint::black_box(7))).unwrap();
    let first = configured(&cache).await;
    time.advance(Duration::from_millis(6_999));
    assert_eq!(configured(&cache).await, first);
    time.advance(Duration::from_millis(1));
    assert_ne!(configured(&cache).await, first);
}
