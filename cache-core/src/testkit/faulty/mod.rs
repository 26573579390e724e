//! A backend that misbehaves on demand.
//!
//! Promise: while every switch is off it is the backend that it wraps. `hold` stops calls half-way; the
//! switches are read at the start of each call.

mod hold;

pub use hold::Hold;

use std::collections::BTreeMap;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use self::hold::{Holds, Moment};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{CacheKey, KeyPattern, Namespace};
use crate::port::backend::{
    BackendHealth, BackendInfo, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome, DeleteOptions, Expiry,
    LiveClaim, Remaining, SetOptions, Verb,
};

/// Wraps a backend; a test switches its faults on and off while it is used.
#[derive(Debug)]
pub struct FaultyBackend {
    inner: Arc<dyn CacheBackend>,
    down: AtomicBool,
    hang: AtomicBool,
    fail_writes: AtomicBool,
    lose_answers: AtomicBool,
    delay: Mutex<Duration>,
    holds: Holds,
    calls: Mutex<BTreeMap<Verb, u64>>,
}

impl FaultyBackend {
    /// Wraps a backend; no fault is on.
    #[must_use]
    pub fn new(inner: Arc<dyn CacheBackend>) -> Arc<Self> {
        Arc::new(Self {
            inner,
            down: AtomicBool::new(false),
            hang: AtomicBool::new(false),
            fail_writes: AtomicBool::new(false),
            lose_answers: AtomicBool::new(false),
            delay: Mutex::default(),
            holds: Holds::default(),
            calls: Mutex::default(),
        })
    }

    /// The server is gone: calls fail with `Unavailable` at once, and `is_available` says so.
    pub fn down(&self, on: bool) {
        self.down.store(on, Ordering::SeqCst);
    }

    /// The server does not answer: calls that begin now never end, not even after this is switched off.
    pub fn hang(&self, on: bool) {
        self.hang.store(on, Ordering::SeqCst);
    }

    /// Calls take this long before they reach the inner backend, in tokio's time.
    pub fn delay(&self, delay: Duration) {
        *locked(&self.delay) = delay;
    }

    /// Verbs that change something are refused (`Refused`) and change nothing, as by a server out of memory.
    pub fn fail_writes(&self, on: bool) {
        self.fail_writes.store(on, Ordering::SeqCst);
    }

    /// Calls take effect, but their answer gets lost: the caller sees a `Timeout`.
    pub fn lose_answers(&self, on: bool) {
        self.lose_answers.store(on, Ordering::SeqCst);
    }

    /// Stops calls of this verb before anything has happened.
    pub fn hold_before(&self, verb: Verb) -> Hold {
        self.holds.add(verb, Moment::Before)
    }

    /// Stops calls of this verb after the inner backend has answered and before the caller knows.
    pub fn hold_after(&self, verb: Verb) -> Hold {
        self.holds.add(verb, Moment::After)
    }

    /// How many calls of this verb there were, failed ones included.
    #[must_use]
    pub fn calls(&self, verb: Verb) -> u64 {
        locked(&self.calls).get(&verb).copied().unwrap_or(0)
    }

    /// How many calls there were.
    #[must_use]
    pub fn total_calls(&self) -> u64 {
        locked(&self.calls).values().sum()
    }

    /// Counts from zero again.
    pub fn forget_calls(&self) {
        locked(&self.calls).clear();
    }

    /// One call: its faults, the call itself, and the faults of its answer.
    async fn call<T: Send>(&self, verb: Verb, inner: impl Future<Output = Result<T>> + Send) -> Result<T> {
        *locked(&self.calls).entry(verb).or_default() += 1;
        let delay = *locked(&self.delay);
        if !delay.is_zero() {
            tokio::time::sleep(delay).await;
        }
        self.holds.pass(verb, Moment::Before).await;
        self.refuse(verb)?;
        if self.hang.load(Ordering::SeqCst) {
            std::future::pending::<()>().await;
        }
        let answer = inner.await;
        self.holds.pass(verb, Moment::After).await;
        if self.lose_answers.load(Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Timeout, "the answer got lost").during(verb.as_str()));
        }
        answer
    }

    fn refuse(&self, verb: Verb) -> Result<()> {
        let error = if self.down.load(Ordering::SeqCst) {
            Error::new(ErrorKind::Unavailable, "the server is down")
        } else if verb.writes() && self.fail_writes.load(Ordering::SeqCst) {
            Error::new(ErrorKind::Refused, "the server takes no writes")
        } else {
            return Ok(());
        };
        Err(error.during(verb.as_str()))
    }
}

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CacheBackend for FaultyBackend {
    fn info(&self) -> BackendInfo {
        self.inner.info()
    }

    fn is_available(&self) -> bool {
        !self.down.load(Ordering::SeqCst) && self.inner.is_available()
    }

    async fn connect(&self) -> Result<()> {
        self.call(Verb::Connect, self.inner.connect()).await
    }

    async fn disconnect(&self) -> Result<()> {
        self.call(Verb::Disconnect, self.inner.disconnect()).await
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        self.call(Verb::Get, self.inner.get(key)).await
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        self.call(Verb::Set, self.inner.set(key, frame, options)).await
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        self.call(Verb::GetAndDelete, self.inner.get_and_delete(key)).await
    }

    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        self.call(Verb::Delete, self.inner.delete(key, options)).await
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        self.call(Verb::Exists, self.inner.exists(key)).await
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        self.call(Verb::DeletePattern, self.inner.delete_pattern(pattern)).await
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        self.call(Verb::Clear, self.inner.clear(namespace)).await
    }

    async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        self.call(Verb::GetMany, self.inner.get_many(keys)).await
    }

    async fn set_many(&self, entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Result<Vec<bool>> {
        self.call(Verb::SetMany, self.inner.set_many(entries)).await
    }

    async fn delete_many(&self, keys: &[CacheKey]) -> Result<u64> {
        self.call(Verb::DeleteMany, self.inner.delete_many(keys)).await
    }

    async fn increment(&self, key: &CacheKey, by: i64, expiry: Expiry) -> Result<i64> {
        self.call(Verb::Increment, self.inner.increment(key, by, expiry)).await
    }

    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        self.call(Verb::Ttl, self.inner.ttl(key)).await
    }

    async fn acquire_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<u128> {
        self.call(Verb::AcquireLease, self.inner.acquire_lease(key, token, life)).await
    }

    async fn renew_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<bool> {
        self.call(Verb::RenewLease, self.inner.renew_lease(key, token, life)).await
    }

    async fn release_lease(&self, key: &CacheKey, token: u128) -> Result<bool> {
        self.call(Verb::ReleaseLease, self.inner.release_lease(key, token)).await
    }

    async fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        self.call(Verb::Claim, self.inner.claim(group, id, options)).await
    }

    async fn renew_claim(&self, group: &CacheKey, id: ClaimId, life: Duration) -> Result<bool> {
        self.call(Verb::RenewClaim, self.inner.renew_claim(group, id, life)).await
    }

    async fn release_claim(&self, group: &CacheKey, id: ClaimId) -> Result<bool> {
        self.call(Verb::ReleaseClaim, self.inner.release_claim(group, id)).await
    }

    async fn claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        self.call(Verb::Claims, self.inner.claims(group)).await
    }

    async fn health(&self) -> Result<BackendHealth> {
        self.call(Verb::Health, self.inner.health()).await
    }
}
