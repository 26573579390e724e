//! A backend that misbehaves on demand, and a script of answers.

use std::collections::VecDeque;
use std::future::Future;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cache_core::error::{Error, ErrorKind, Result};
use cache_core::key::{CacheKey, KeyPattern, Namespace};
use cache_core::port::backend::{
    BackendHealth, BackendInfo, BackendKind, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome,
    DeleteOptions, Expiry, LiveClaim, Remaining, SetCondition, SetOptions, Verb,
};
use cache_core::testkit::{FaultyBackend, MapBackend};
use tokio::time::Instant;

pub(crate) const FRAME: Bytes = Bytes::from_static(b"frame");

pub(crate) fn faulty() -> Arc<FaultyBackend> {
    FaultyBackend::new(Arc::new(MapBackend::leasing()))
}

pub(crate) fn key(text: &str) -> CacheKey {
    CacheKey::direct(&Namespace::default(), text).unwrap()
}

pub(crate) fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

/// Runs something and says how long it took, in tokio's time.
pub(crate) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let answer = future.await;
    (answer, began.elapsed())
}

/// Calls a verb, whatever it answers.
pub(crate) async fn call(backend: &dyn CacheBackend, verb: Verb) -> Result<()> {
    let (key, long) = (key("user:7"), Duration::from_secs(60));
    let pattern = KeyPattern::parse("user:*").unwrap();
    let keys = [key.clone()];
    match verb {
        Verb::Connect => backend.connect().await,
        Verb::Disconnect => backend.disconnect().await,
        Verb::Get => backend.get(&key).await.map(drop),
        Verb::Set => backend.set(&key, FRAME, SetOptions::default()).await.map(drop),
        Verb::GetAndDelete => backend.get_and_delete(&key).await.map(drop),
        Verb::Delete => backend.delete(&key, DeleteOptions::default()).await.map(drop),
        Verb::Exists => backend.exists(&key).await.map(drop),
        Verb::DeletePattern => backend.delete_pattern(&pattern).await.map(drop),
        Verb::Clear => backend.clear(&Namespace::default()).await.map(drop),
        Verb::GetMany => backend.get_many(&keys).await.map(drop),
        Verb::SetMany => backend.set_many(vec![(key, FRAME, SetOptions::default())]).await.map(drop),
        Verb::DeleteMany => backend.delete_many(&keys).await.map(drop),
        Verb::Increment => backend.increment(&key, 1, Expiry::Never).await.map(drop),
        Verb::Ttl => backend.ttl(&key).await.map(drop),
        Verb::AcquireLease => backend.acquire_lease(&key, 1, long).await.map(drop),
        Verb::RenewLease => backend.renew_lease(&key, 1, long).await.map(drop),
        Verb::ReleaseLease => backend.release_lease(&key, 1).await.map(drop),
        Verb::Claim => backend.claim(&key, ClaimId::new("7", 1), ClaimOptions::new(long)).await.map(drop),
        Verb::RenewClaim => backend.renew_claim(&key, ClaimId::new("7", 1), long).await.map(drop),
        Verb::ReleaseClaim => backend.release_claim(&key, ClaimId::new("7", 1)).await.map(drop),
        Verb::Claims => backend.claims(&key).await.map(drop),
        Verb::Health => backend.health().await.map(drop),
        other => panic!("a new verb, {other:?}: say here how it is called"),
    }
}

/// Answers every verb with the next error of its script, or well when there is none left; counts the calls.
#[derive(Debug, Default)]
pub(crate) struct Scripted {
    errors: Mutex<VecDeque<ErrorKind>>,
    calls: Mutex<Vec<Verb>>,
}

impl Scripted {
    pub(crate) fn new(errors: &[ErrorKind]) -> Arc<Self> {
        let scripted = Self::default();
        scripted.then(errors);
        Arc::new(scripted)
    }

    pub(crate) fn then(&self, errors: &[ErrorKind]) {
        self.errors.lock().unwrap().extend(errors);
    }

    /// How many calls there were since the last time.
    pub(crate) fn calls(&self) -> usize {
        std::mem::take(&mut *self.calls.lock().unwrap()).len()
    }

    fn next<T>(&self, verb: Verb, well: T) -> Result<T> {
        self.calls.lock().unwrap().push(verb);
        match self.errors.lock().unwrap().pop_front() {
            Some(kind) => Err(Error::new(kind, "as the script says").during(verb.as_str())),
            None => Ok(well),
        }
    }
}

#[async_trait]
impl CacheBackend for Scripted {
    fn info(&self) -> BackendInfo {
        let mut info = BackendInfo::new("scripted", BackendKind::Custom);
        info.capability.leases = true;
        info
    }
    fn is_available(&self) -> bool {
        true
    }
    async fn connect(&self) -> Result<()> {
        self.next(Verb::Connect, ())
    }
    async fn disconnect(&self) -> Result<()> {
        self.next(Verb::Disconnect, ())
    }
    async fn get(&self, _: &CacheKey) -> Result<Option<Bytes>> {
        self.next(Verb::Get, None)
    }
    async fn set(&self, _: &CacheKey, _: Bytes, _: SetOptions) -> Result<bool> {
        self.next(Verb::Set, true)
    }
    async fn get_and_delete(&self, _: &CacheKey) -> Result<Option<Bytes>> {
        self.next(Verb::GetAndDelete, None)
    }
    async fn delete(&self, _: &CacheKey, _: DeleteOptions) -> Result<bool> {
        self.next(Verb::Delete, true)
    }
    async fn exists(&self, _: &CacheKey) -> Result<bool> {
        self.next(Verb::Exists, false)
    }
    async fn delete_pattern(&self, _: &KeyPattern) -> Result<u64> {
        self.next(Verb::DeletePattern, 0)
    }
    async fn clear(&self, _: &Namespace) -> Result<u64> {
        self.next(Verb::Clear, 0)
    }
    async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        self.next(Verb::GetMany, vec![None; keys.len()])
    }
    async fn set_many(&self, entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Result<Vec<bool>> {
        self.next(Verb::SetMany, vec![true; entries.len()])
    }
    async fn delete_many(&self, _: &[CacheKey]) -> Result<u64> {
        self.next(Verb::DeleteMany, 0)
    }
    async fn increment(&self, _: &CacheKey, by: i64, _: Expiry) -> Result<i64> {
        self.next(Verb::Increment, by)
    }
    async fn ttl(&self, _: &CacheKey) -> Result<Remaining> {
        self.next(Verb::Ttl, Remaining::Missing)
    }
    async fn claim(&self, _: &CacheKey, _: ClaimId, _: ClaimOptions) -> Result<ClaimOutcome> {
        self.next(Verb::Claim, ClaimOutcome::Taken)
    }
    async fn renew_claim(&self, _: &CacheKey, _: ClaimId, _: Duration) -> Result<bool> {
        self.next(Verb::RenewClaim, true)
    }
    async fn release_claim(&self, _: &CacheKey, _: ClaimId) -> Result<bool> {
        self.next(Verb::ReleaseClaim, true)
    }
    async fn claims(&self, _: &CacheKey) -> Result<Vec<LiveClaim>> {
        self.next(Verb::Claims, Vec::new())
    }
    async fn health(&self) -> Result<BackendHealth> {
        self.next(Verb::Health, BackendHealth::default())
    }
    async fn acquire_lease(&self, _: &CacheKey, token: u128, _: Duration) -> Result<u128> {
        self.next(Verb::AcquireLease, token)
    }
    async fn renew_lease(&self, _: &CacheKey, _: u128, _: Duration) -> Result<bool> {
        self.next(Verb::RenewLease, true)
    }
    async fn release_lease(&self, _: &CacheKey, _: u128) -> Result<bool> {
        self.next(Verb::ReleaseLease, true)
    }
}

pub(crate) fn only_if_absent() -> SetOptions {
    SetOptions::default().when(SetCondition::IfAbsent)
}
