//! The smallest backend that keeps every promise: two `HashMap`s under one lock.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use tokio::time::Instant;

use crate::error::{Error, Result};
use crate::key::{CacheKey, KeyPattern, Namespace};
use crate::port::backend::{
    BackendInfo, BackendKind, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome, ClaimTable, DeleteCondition,
    DeleteOptions, Expiry, LeaseTable, LiveClaim, Remaining, SetCondition, SetOptions, fingerprint,
};
use crate::port::clock::Clock;
use crate::testkit::TokioTime;

/// A backend for tests, and a pattern for one of your own: unbounded, its lives follow tokio's clock.
#[derive(Debug)]
pub struct MapBackend {
    held: Mutex<Held>,
    leases: Option<LeaseTable>,
    shared: bool,
    claims: ClaimTable,
}

#[derive(Debug, Default)]
struct Held {
    frames: HashMap<String, (Bytes, Option<Instant>)>,
}

impl MapBackend {
    /// Holds nothing yet, and offers no leases.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// The same with leases. What changes or removes a key breaks its lease.
    #[must_use]
    pub fn leasing() -> Self {
        Self { leases: Some(LeaseTable::new(tokio_clock())), ..Self::default() }
    }

    /// The same with leases, as a server that several processes share: managers over clones of one `Arc` of it are
    /// strangers to each other.
    #[must_use]
    pub fn shared() -> Self {
        Self { shared: true, ..Self::leasing() }
    }

    /// How many frames are held.
    #[must_use]
    pub fn len(&self) -> usize {
        self.all().frames.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// What is held, without that whose life has ended.
    fn all(&self) -> MutexGuard<'_, Held> {
        let mut held = self.locked();
        let now = Instant::now();
        held.frames.retain(|_, (_, deadline)| lives(*deadline, now));
        held
    }

    /// What is held, without what has ended under this key.
    fn at(&self, key: &CacheKey) -> MutexGuard<'_, Held> {
        let (mut held, now) = (self.locked(), Instant::now());
        if held.frames.get(key.as_str()).is_some_and(|(_, deadline)| !lives(*deadline, now)) {
            held.frames.remove(key.as_str());
        }
        held
    }

    fn locked(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn remove_all(&self, meant: impl Fn(&str) -> bool) -> u64 {
        let mut held = self.all();
        let before = held.frames.len();
        held.frames.retain(|key, _| !meant(key));
        self.leases.iter().for_each(|leases| leases.end_where(&meant));
        (before - held.frames.len()) as u64
    }

    fn leases(&self, verb: &'static str) -> Result<&LeaseTable> {
        self.leases.as_ref().ok_or_else(|| Error::unsupported(verb, "map"))
    }

    fn end_lease(&self, key: &CacheKey) {
        self.leases.iter().for_each(|leases| leases.end(key.as_str()));
    }
}

impl Default for MapBackend {
    fn default() -> Self {
        let claims = ClaimTable::new(tokio_clock());
        Self { held: Mutex::default(), leases: None, shared: false, claims }
    }
}

fn tokio_clock() -> Clock {
    Clock::source(Arc::new(TokioTime::new()))
}

fn lives(deadline: Option<Instant>, now: Instant) -> bool {
    deadline.is_none_or(|deadline| now < deadline)
}

#[async_trait]
impl CacheBackend for MapBackend {
    fn info(&self) -> BackendInfo {
        let mut info = BackendInfo::new("map", BackendKind::Custom);
        info.capability.leases = self.leases.is_some();
        info.capability.shared = self.shared;
        info.claiming()
    }

    fn is_available(&self) -> bool {
        true
    }

    async fn connect(&self) -> Result<()> {
        Ok(())
    }

    async fn disconnect(&self) -> Result<()> {
        Ok(())
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        tokio::task::consume_budget().await;
        Ok(self.at(key).frames.get(key.as_str()).map(|(frame, _)| frame.clone()))
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        tokio::task::consume_budget().await;
        let mut held = self.at(key);
        let older = held.frames.get(key.as_str()).map(|(_, deadline)| *deadline);
        match options.condition {
            SetCondition::Always => {}
            SetCondition::IfAbsent if older.is_none() => {}
            SetCondition::IfLease(token) => {
                if !self.leases("set if leased")?.holds(key.as_str(), token) {
                    return Ok(false);
                }
            }
            SetCondition::IfUnchanged(expected) => {
                let held = held.frames.get(key.as_str());
                if held.is_none_or(|(frame, _)| fingerprint(frame) != expected) {
                    return Ok(false);
                }
            }
            SetCondition::IfAbsent => return Ok(false),
        }
        let deadline = match options.expiry {
            Expiry::Never => None,
            Expiry::After(life) => Instant::now().checked_add(life),
            Expiry::Keep => older.flatten(),
        };
        held.frames.insert(key.as_str().to_owned(), (frame, deadline));
        self.end_lease(key);
        Ok(true)
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        tokio::task::consume_budget().await;
        let mut held = self.at(key);
        self.end_lease(key);
        Ok(held.frames.remove(key.as_str()).map(|(frame, _)| frame))
    }

    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        tokio::task::consume_budget().await;
        let mut held = self.at(key);
        if let DeleteCondition::IfUnchanged(expected) = &options.condition
            && held.frames.get(key.as_str()).is_none_or(|(frame, _)| frame != expected)
        {
            return Ok(false);
        }
        self.end_lease(key);
        Ok(held.frames.remove(key.as_str()).is_some())
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        tokio::task::consume_budget().await;
        Ok(self.at(key).frames.contains_key(key.as_str()))
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        tokio::task::consume_budget().await;
        Ok(self.remove_all(|key| pattern.matches(key)))
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        tokio::task::consume_budget().await;
        Ok(self.remove_all(|key| key.starts_with(&namespace.data_prefix())))
    }

    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        tokio::task::consume_budget().await;
        Ok(match self.at(key).frames.get(key.as_str()) {
            None => Remaining::Missing,
            Some((_, None)) => Remaining::Forever,
            Some((_, Some(deadline))) => Remaining::For(deadline.duration_since(Instant::now())),
        })
    }

    async fn acquire_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<u128> {
        let leases = self.leases("acquire_lease")?;
        tokio::task::consume_budget().await;
        let _alone = self.locked();
        leases.acquire(key, token, life)
    }

    async fn renew_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<bool> {
        let leases = self.leases("renew_lease")?;
        tokio::task::consume_budget().await;
        leases.renew(key, token, life)
    }

    async fn release_lease(&self, key: &CacheKey, token: u128) -> Result<bool> {
        let leases = self.leases("release_lease")?;
        tokio::task::consume_budget().await;
        Ok(leases.release(key, token))
    }

    async fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        tokio::task::consume_budget().await;
        self.claims.claim(group, id, options)
    }

    async fn renew_claim(&self, group: &CacheKey, id: ClaimId, life: Duration) -> Result<bool> {
        tokio::task::consume_budget().await;
        self.claims.renew(group, &id, life)
    }

    async fn release_claim(&self, group: &CacheKey, id: ClaimId) -> Result<bool> {
        tokio::task::consume_budget().await;
        Ok(self.claims.release(group, &id))
    }

    async fn claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        tokio::task::consume_budget().await;
        Ok(self.claims.live(group))
    }
}
