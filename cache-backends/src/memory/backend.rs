//! The verbs.

use std::sync::Arc;
use std::time::{Duration, Instant};

use async_trait::async_trait;
use bytes::Bytes;
use cache_core::error::{Error, Result};
use cache_core::key::{CacheKey, KeyPattern, Namespace};
use cache_core::port::backend::{
    BackendHealth, BackendInfo, BackendKind, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome, ClaimTable,
    DeleteCondition, DeleteOptions, Expiry, LeaseTable, LiveClaim, Remaining, SetCondition, SetOptions,
    add_to_counter, counter_bytes, fingerprint,
};
use cache_core::time::{Life, Tick};
use tokio::task::{consume_budget, yield_now};

use super::MemoryBuilder;
use super::frames::{Frames, Held};

/// A write that took so long has grown a table or made room.
const LONG: Duration = Duration::from_millis(1);

/// Frames in the memory of this process.
///
/// Nothing waits for I/O: a call costs about a microsecond, and takes its share of tokio's budget so that others get
/// their turn. When the store is full, [`EvictionPolicy::TinyLfu`](super::EvictionPolicy) may refuse a new entry in
/// favour of more popular ones right after it was stored. Claims and leases are kept beside the frames and are never
/// evicted (65,536 of each at most). `clone` shares all of it.
#[derive(Debug, Clone)]
pub struct MemoryBackend {
    pub(super) frames: Arc<Frames>,
    claims: Arc<ClaimTable>,
    /// Asked and ended by whoever has the key's turn.
    leases: Arc<LeaseTable>,
}

impl MemoryBackend {
    /// At most 64 MiB and 100,000 entries.
    #[must_use]
    pub fn new() -> Self {
        Self::builder().build()
    }

    /// With other bounds.
    pub fn builder() -> MemoryBuilder {
        MemoryBuilder::default()
    }

    pub(super) fn of(frames: Frames, claims: ClaimTable, leases: LeaseTable) -> Self {
        Self { frames: Arc::new(frames), claims: Arc::new(claims), leases: Arc::new(leases) }
    }

    /// How many entries are held, expired ones included until they are reclaimed. Waits for pending evictions.
    #[must_use]
    pub fn len(&self) -> u64 {
        self.frames.catch_up();
        self.frames.len()
    }

    /// Whether nothing is held.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    fn put(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        let frame_bytes = frame.len();
        let turn = self.frames.turn(key);
        let older = turn.live();
        match options.condition {
            SetCondition::IfAbsent if older.is_some() => return Ok(false),
            SetCondition::IfUnchanged(expected)
                if older.as_ref().is_none_or(|held| fingerprint(&held.frame) != expected) =>
            {
                return Ok(false);
            }
            SetCondition::IfLease(token) if !self.leases.holds(key.as_str(), token) => return Ok(false),
            SetCondition::Always
            | SetCondition::IfAbsent
            | SetCondition::IfUnchanged(_)
            | SetCondition::IfLease(_) => {}
            _ => return Err(Error::unsupported("set on this condition", "memory")),
        }
        self.leases.end(key.as_str());
        let deadline = self.deadline(options.expiry, older.as_ref());
        turn.put(frame, deadline)?;
        let table = turn.table;
        drop(turn);
        self.frames.settle(table, frame_bytes);
        Ok(true)
    }

    /// Stores a frame. After a long write others get their turn at once: tokio counts calls, not what they cost, and
    /// parts of tables that filled side by side grow one write after the other.
    async fn store(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        consume_budget().await;
        let began = Instant::now();
        let stored = self.put(key, frame, options);
        if began.elapsed() >= LONG {
            yield_now().await;
        }
        stored
    }

    fn deadline(&self, expiry: Expiry, older: Option<&Held>) -> Tick {
        match expiry {
            Expiry::Never => Tick::NEVER,
            Expiry::Keep => older.map_or(Tick::NEVER, |older| older.deadline),
            Expiry::After(Duration::MAX) => Tick::NEVER,
            Expiry::After(life) => self.frames.now().after(Life::For(life)),
        }
    }

    fn take(&self, key: &CacheKey) -> Option<Held> {
        let turn = self.frames.turn(key);
        self.leases.end(key.as_str());
        turn.take()
    }

    fn remove(&self, key: &CacheKey) -> bool {
        self.take(key).is_some()
    }

    fn remove_if(&self, key: &CacheKey, condition: &DeleteCondition) -> Result<bool> {
        let turn = self.frames.turn(key);
        let meant = match condition {
            DeleteCondition::Always => true,
            DeleteCondition::IfUnchanged(frame) => turn.live().is_some_and(|held| held.frame == *frame),
            _ => return Err(Error::unsupported("delete on this condition", "memory")),
        };
        if *condition == DeleteCondition::Always {
            self.leases.end(key.as_str());
        }
        Ok(meant && turn.take().is_some())
    }

    fn add(&self, key: &CacheKey, by: i64, expiry: Expiry) -> Result<i64> {
        let turn = self.frames.turn(key);
        let older = turn.live();
        let value = add_to_counter(older.as_ref().map(|held| &held.frame), by)?;
        let expiry = if older.is_some() { Expiry::Keep } else { expiry };
        turn.put(counter_bytes(value), self.deadline(expiry, older.as_ref()))?;
        let table = turn.table;
        drop(turn);
        self.frames.settle(table, 0);
        Ok(value)
    }

    /// Removes what is meant, with pauses; a key counts for the caller that removed it.
    async fn remove_all(&self, meant: impl Fn(&str) -> bool + Send) -> u64 {
        let mut removed = 0;
        self.leases.end_where(&meant);
        for key in self.frames.keys() {
            consume_budget().await;
            if meant(key.as_str()) {
                removed += u64::from(self.remove(&key));
            }
        }
        removed
    }
}

impl Default for MemoryBackend {
    fn default() -> Self {
        Self::new()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CacheBackend for MemoryBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("memory", BackendKind::Memory).leasing().claiming()
    }

    fn is_available(&self) -> bool {
        true
    }

    async fn connect(&self) -> Result<()> {
        Ok(())
    }

    /// Nothing to let go of: what is held stays until the backend is dropped.
    async fn disconnect(&self) -> Result<()> {
        Ok(())
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        consume_budget().await;
        Ok(self.frames.live(key).map(|held| held.frame))
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        self.store(key, frame, options).await
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        consume_budget().await;
        Ok(self.take(key).map(|held| held.frame))
    }

    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        consume_budget().await;
        self.remove_if(key, &options.condition)
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        consume_budget().await;
        Ok(self.frames.live(key).is_some())
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        Ok(self.remove_all(|key| pattern.matches(key)).await)
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        let prefix = namespace.data_prefix();
        Ok(self.remove_all(|key| key.starts_with(&prefix)).await)
    }

    async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        let mut frames = Vec::with_capacity(keys.len());
        for key in keys {
            consume_budget().await;
            frames.push(self.frames.live(key).map(|held| held.frame));
        }
        Ok(frames)
    }

    /// An entry that is refused does not keep the others from being stored: their older values must go too.
    async fn set_many(&self, entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Result<Vec<bool>> {
        let mut stored = Vec::with_capacity(entries.len());
        for (key, frame, options) in entries {
            stored.push(self.store(&key, frame, options).await);
        }
        stored.into_iter().collect()
    }

    async fn delete_many(&self, keys: &[CacheKey]) -> Result<u64> {
        let mut removed = 0;
        for key in keys {
            consume_budget().await;
            removed += u64::from(self.remove(key));
        }
        Ok(removed)
    }

    async fn increment(&self, key: &CacheKey, by: i64, expiry: Expiry) -> Result<i64> {
        consume_budget().await;
        self.add(key, by, expiry)
    }

    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        consume_budget().await;
        let left = self.frames.live(key).and_then(|held| held.deadline.remaining(self.frames.now()));
        Ok(match left {
            None => Remaining::Missing,
            Some(Life::Forever) => Remaining::Forever,
            Some(Life::For(left)) => Remaining::For(left),
        })
    }

    async fn acquire_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<u128> {
        consume_budget().await;
        let _turn = self.frames.turn(key);
        self.leases.acquire(key, token, life)
    }

    async fn renew_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<bool> {
        consume_budget().await;
        let _turn = self.frames.turn(key);
        self.leases.renew(key, token, life)
    }

    async fn release_lease(&self, key: &CacheKey, token: u128) -> Result<bool> {
        consume_budget().await;
        let _turn = self.frames.turn(key);
        Ok(self.leases.release(key, token))
    }

    async fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        consume_budget().await;
        self.claims.claim(group, id, options)
    }

    async fn renew_claim(&self, group: &CacheKey, id: ClaimId, life: Duration) -> Result<bool> {
        consume_budget().await;
        self.claims.renew(group, &id, life)
    }

    async fn release_claim(&self, group: &CacheKey, id: ClaimId) -> Result<bool> {
        consume_budget().await;
        Ok(self.claims.release(group, &id))
    }

    async fn claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        consume_budget().await;
        Ok(self.claims.live(group))
    }

    async fn health(&self) -> Result<BackendHealth> {
        Err(Error::unsupported("health", self.info().name))
    }
}
