//! Counters as every backend stores them: decimal digits, so that a server can add to them by itself.

use std::sync::LazyLock;

use bytes::Bytes;
use tokio::sync::{Mutex, MutexGuard};

use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;

const STRIPES: usize = 64;

/// What a counter of this value is stored as.
#[must_use]
pub fn counter_bytes(value: i64) -> Bytes {
    Bytes::from(value.to_string())
}

/// The value of stored digits; `None` for anything that is no counter. A frame is never one: its first byte is
/// not a digit.
#[must_use]
pub fn parse_counter(bytes: &[u8]) -> Option<i64> {
    std::str::from_utf8(bytes).ok()?.parse().ok()
}

/// The sum of what is held (nothing counts as 0) and `by`.
///
/// # Errors
/// [`ErrorKind::NotACounter`] when something else is held, or the sum does not fit.
pub fn add_to_counter(held: Option<&Bytes>, by: i64) -> Result<i64> {
    counter_sum(held.map_or(Some(0), |bytes| parse_counter(bytes)), by)
}

/// The sum of a counter's value (`None`: what is held is no counter) and `by`.
///
/// # Errors
/// [`ErrorKind::NotACounter`] when it is no counter, or the sum does not fit.
pub fn counter_sum(value: Option<i64>, by: i64) -> Result<i64> {
    value.and_then(|value| value.checked_add(by)).ok_or_else(|| {
        Error::new(ErrorKind::NotACounter, "the key holds a value that is no counter, or the sum overflows")
            .during("increment")
            .with_fix("count under a key of its own")
    })
}

/// Serializes the counters of this process, striped by key.
pub(super) async fn lock(key: &CacheKey) -> MutexGuard<'static, ()> {
    static LOCKS: LazyLock<[Mutex<()>; STRIPES]> = LazyLock::new(|| std::array::from_fn(|_| Mutex::new(())));
    let [first, ..] = &*LOCKS;
    LOCKS.get(key.stripe(STRIPES)).unwrap_or(first).lock().await
}
