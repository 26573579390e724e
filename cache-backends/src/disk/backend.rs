//! The disk behind the backend port: who waits for what, and on which thread the work is done.
//!
//! Promise: every verb is atomic, also when its caller goes away: until the gate of the key is held nothing has
//! happened, and work that has been handed to a thread keeps the gate until it is done.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cache_core::error::Result;
use cache_core::key::{CacheKey, KeyPattern, Namespace};
use cache_core::port::backend::{
    BackendInfo, BackendKind, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome, DeleteCondition,
    DeleteOptions, Expiry, LiveClaim, Remaining, SetOptions,
};
use tokio::sync::Mutex;
use tokio::task::consume_budget;

use super::config::{Config, DiskBuilder};
use super::error::{closed, long_key};
use super::gates::Gate;
use super::index::SHARDS;
use super::keeper::Running;
use super::offload::{offload, on_thread, run, spend};
use super::room::Reserved;
use super::store::{Name, Store};
use super::{INLINE, INLINE_READ, record, recover};

/// The units of budget that a call costs, and one more for each so many bytes that are read in place.
const CALL: usize = 4;
const SPENT_PER: usize = 2 << 10;

/// What reports call it.
pub(super) const NAME: &str = "disk";

/// Keeps frames in a directory of this machine. Cloning is a reference count.
///
/// A directory has one backend at a time. The last clone that is dropped closes it, which blocks for as long as
/// the files take to be synced: await [`CacheBackend::disconnect`] first where that matters.
#[derive(Debug, Clone)]
pub struct DiskBackend(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    config: Config,
    running: RwLock<Option<Running>>,
    /// One opening or closing at a time.
    turning: Arc<Mutex<()>>,
}

/// What a disk backend holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct DiskUsage {
    /// Entries, expired ones that were not swept yet included.
    pub entries: u64,
    /// Bytes on disk that belong to them.
    pub live_bytes: u64,
    /// Bytes of all files, within a few percent while writes are under way.
    pub file_bytes: u64,
    /// Files of the log.
    pub segments: usize,
    /// Entries that were dropped for room since the backend was opened.
    pub evicted: u64,
    /// Entries that were found damaged, and dropped, since the backend was opened.
    pub damaged: u64,
}

impl DiskBackend {
    /// Opens a directory with the defaults of [`DiskBuilder`]: 1 GiB. Blocks.
    ///
    /// # Errors
    /// See [`DiskBuilder::open`].
    pub fn open(dir: impl AsRef<Path>) -> Result<Self> {
        Self::builder(dir).open()
    }

    /// Options.
    pub fn builder(dir: impl AsRef<Path>) -> DiskBuilder {
        DiskBuilder::new(dir.as_ref())
    }

    pub(super) fn start(config: Config) -> Result<Self> {
        let running = RwLock::new(Some(recover::open(config.clone())?));
        Ok(Self(Arc::new(Shared { config, running, turning: Arc::default() })))
    }

    /// What it holds; `None` while it is disconnected.
    #[must_use]
    pub fn usage(&self) -> Option<DiskUsage> {
        let store = self.store().ok()?;
        let count =
            |counter: &std::sync::atomic::AtomicU64| counter.load(std::sync::atomic::Ordering::Relaxed);
        Some(DiskUsage {
            entries: store.index.entries(),
            live_bytes: store.index.live(),
            file_bytes: store.log.room().written(),
            segments: store.log.count(),
            evicted: count(&store.evicted),
            damaged: count(&store.damaged),
        })
    }

    /// Waits until the housekeeping that is due now has been done: hints, expired entries, space.
    pub async fn settle(&self) {
        if let Ok(store) = self.store() {
            // An error means that the backend has been closed meanwhile.
            let _ = store.signal.settle().await;
        }
    }

    fn store(&self) -> Result<Arc<Store>> {
        let running = self.0.running.read().unwrap_or_else(PoisonError::into_inner);
        running.as_ref().map(|running| Arc::clone(running.store())).ok_or_else(closed)
    }

    /// The store, at the price of a part of the task's budget: a task that never waits lets others run.
    pub(super) async fn ready(&self) -> Result<Arc<Store>> {
        spend(CALL).await;
        self.store()
    }

    /// Room for a frame and the gate of its key; what does not fit the options needs no room.
    pub(super) async fn prepare(&self, store: &Arc<Store>, key: &CacheKey, frame: usize) -> Result<Held> {
        let name = Name::of(key);
        if name.text.len() > record::MAX_KEY {
            return Err(long_key(name.text.len()));
        }
        let fits = frame as u64 <= u64::from(store.config.max_entry_bytes);
        let cost = if fits { name.cost(frame) } else { 0 };
        let room = store.log.room().reserve(cost, || store.signal.raise()).await;
        let gate = store.gates.lock(name.fingerprint).await?;
        match room {
            Ok(room) => Ok(Held { _gate: gate, _room: Some(room) }),
            Err(error) => {
                // A refused write still ends the life of the older value.
                store.remove(name.fingerprint)?;
                Err(error)
            }
        }
    }

    /// The gate of a key whose entry is to be removed.
    pub(super) async fn gate(&self, store: &Arc<Store>, key: &CacheKey) -> Result<Held> {
        let gate = store.gates.lock(Name::of(key).fingerprint).await?;
        Ok(Held { _gate: gate, _room: None })
    }

    async fn remove_matching(
        &self,
        meant: impl Fn(&str) -> bool + Send + Sync + Clone + 'static,
    ) -> Result<u64> {
        let store = self.ready().await?;
        let mut removed = 0;
        store.leases.end_where(&meant);
        for shard in 0..SHARDS {
            let meant = meant.clone();
            let found = offload(&store, move |store| store.matching(shard, &meant)).await??;
            for (fingerprint, text) in found {
                consume_budget().await;
                let _gate = store.gates.lock(fingerprint).await?;
                let name = Name { fingerprint, text: &text };
                removed += u64::from(store.delete(name, &DeleteCondition::Always)?);
            }
        }
        Ok(removed)
    }
}

/// What a change of an entry holds while it is made.
pub(super) struct Held {
    _gate: Gate,
    _room: Option<Reserved>,
}

#[async_trait]
impl CacheBackend for DiskBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo::new(NAME, BackendKind::Disk).persistent().leasing().claiming()
    }

    fn is_available(&self) -> bool {
        self.store().is_ok()
    }

    async fn connect(&self) -> Result<()> {
        let turn = Arc::clone(&self.0.turning).lock_owned().await;
        if self.store().is_ok() {
            return Ok(());
        }
        let shared = Arc::clone(&self.0);
        on_thread(move || {
            let _turn = turn;
            let running = recover::open(shared.config.clone())?;
            *shared.running.write().unwrap_or_else(PoisonError::into_inner) = Some(running);
            Ok(())
        })
        .await
    }

    async fn disconnect(&self) -> Result<()> {
        let turn = Arc::clone(&self.0.turning).lock_owned().await;
        let running = self.0.running.write().unwrap_or_else(PoisonError::into_inner).take();
        let Some(mut running) = running else { return Ok(()) };
        on_thread(move || {
            let _turn = turn;
            running.close()
        })
        .await
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        let store = self.ready().await?;
        let name = Name::of(key);
        let Some(place) = store.find(name.fingerprint) else { return Ok(None) };
        let frame = name.frame_bytes(&place);
        if frame <= INLINE_READ {
            spend(frame / SPENT_PER).await;
            return store.get(name, place);
        }
        let key = key.clone();
        offload(&store, move |store| store.get(Name::of(&key), place)).await?
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        let store = self.ready().await?;
        let held = self.prepare(&store, key, frame.len()).await?;
        if frame.len() <= INLINE {
            return store.set(Name::of(key), &frame, options);
        }
        let key = key.clone();
        offload(&store, move |store| {
            let _held = held;
            store.set(Name::of(&key), &frame, options)
        })
        .await?
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        let store = self.ready().await?;
        let held = self.gate(&store, key).await?;
        let name = Name::of(key);
        store.leases.end(name.text);
        let Some(place) = store.find(name.fingerprint) else { return Ok(None) };
        let (bytes, key) = (name.frame_bytes(&place), key.clone());
        run(&store, bytes, move |store| {
            let _held = held;
            store.take(Name::of(&key))
        })
        .await?
    }

    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        let store = self.ready().await?;
        let held = self.gate(&store, key).await?;
        let compared = match &options.condition {
            DeleteCondition::IfUnchanged(frame) => frame.len(),
            _ => 0,
        };
        let key = key.clone();
        run(&store, compared, move |store| {
            let _held = held;
            store.delete(Name::of(&key), &options.condition)
        })
        .await?
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        let store = self.ready().await?;
        Ok(store.held(Name::of(key))?.is_some())
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        let pattern = pattern.clone();
        self.remove_matching(move |key| pattern.matches(key)).await
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        let prefix: Arc<str> = namespace.data_prefix().into();
        self.remove_matching(move |key| key.starts_with(&*prefix)).await
    }

    async fn increment(&self, key: &CacheKey, by: i64, expiry: Expiry) -> Result<i64> {
        let store = self.ready().await?;
        let _held = self.prepare(&store, key, INLINE.min(32)).await?;
        store.increment(Name::of(key), by, expiry)
    }

    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        let store = self.ready().await?;
        store.ttl(Name::of(key))
    }

    async fn acquire_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<u128> {
        let store = self.ready().await?;
        let _held = self.gate(&store, key).await?;
        store.leases.acquire(key, token, life)
    }

    async fn renew_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<bool> {
        let store = self.ready().await?;
        let _held = self.gate(&store, key).await?;
        store.leases.renew(key, token, life)
    }

    async fn release_lease(&self, key: &CacheKey, token: u128) -> Result<bool> {
        let store = self.ready().await?;
        let _held = self.gate(&store, key).await?;
        Ok(store.leases.release(key, token))
    }

    async fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        self.add_claim(group, id, options).await
    }

    async fn renew_claim(&self, group: &CacheKey, id: ClaimId, life: Duration) -> Result<bool> {
        self.prolong_claim(group, id, life).await
    }

    async fn release_claim(&self, group: &CacheKey, id: ClaimId) -> Result<bool> {
        self.end_claim(group, id).await
    }

    async fn claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        self.live_claims(group).await
    }
}
