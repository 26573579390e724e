//! The store.

use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

use cache_core::error::{Error, ErrorKind, Result};
use cache_core::key::{CacheKey, NearProbe};
use cache_core::port::near::{Bounds, Held, Judged, NearEntry, NearStore};
use cache_core::time::Tick;
use quick_cache::sync::Cache;
use quick_cache::{Lifecycle, OptionsBuilder, Weighter};

use super::config::{Sizes, Weigher};
use super::key::{Asked, Finished, Hashed, HeldKey};
use crate::expiry::{Deadlines, Ended};

/// The near store over `quick_cache`: eight shards, each under a lock that hits share.
///
/// A hit touches one shard and nothing else. An insert also touches the list of deadlines. Values are dropped
/// outside all locks, so a value's `Drop` may use the cache.
pub struct QuickNear {
    entries: Cache<HeldKey, NearEntry, Weigher, Finished, Departure>,
    pub(super) deadlines: Deadlines<u64>,
    bytes: AtomicU64,
    largest: u64,
    bounds: Bounds,
}

impl QuickNear {
    pub(super) fn new(sizes: &Sizes) -> Result<Self> {
        let options = OptionsBuilder::new()
            .shards(usize::try_from(sizes.shards).unwrap_or(1))
            .estimated_items_capacity(sizes.entries)
            .weight_capacity(sizes.capacity)
            .hot_allocation(sizes.admitted)
            .build()
            .map_err(|error| Error::new(ErrorKind::Config, error.to_string()))?;
        Ok(Self {
            entries: Cache::with_options(options, sizes.weigher, Finished::default(), Departure),
            deadlines: Deadlines::default(),
            bytes: AtomicU64::new(0),
            largest: sizes.largest,
            bounds: sizes.bounds,
        })
    }

    /// Gives back entries whose deadlines have been reached: as they are now, not as they were listed.
    fn sweep(&self, ended: Ended<u64>, now: Tick) {
        let expired = |entry: &NearEntry| entry.meta.times.kept_until <= now;
        for hash in ended.into_iter().flatten() {
            if let Some((key, entry)) = self.entries.remove_if(&Hashed(hash), expired) {
                self.forget(&key, &entry);
            }
        }
    }

    /// What has left the store leaves the books.
    fn forget(&self, key: &HeldKey, entry: &NearEntry) {
        self.bytes.fetch_sub(u64::from(entry.meta.weight), Ordering::Relaxed);
        self.deadlines.forget(key.end);
    }
}

#[deny(clippy::missing_trait_methods)]
impl NearStore for QuickNear {
    #[inline]
    fn get(&self, probe: &dyn NearProbe, wanted: &mut dyn FnMut(&Judged) -> bool) -> Option<Held> {
        let entry = self.entries.get(&Asked { hash: probe.hash(), probe })?;
        wanted(&entry.meta.judged()).then_some(entry.value)
    }

    fn entry(&self, probe: &dyn NearProbe) -> Option<NearEntry> {
        self.entries.get(&Asked { hash: probe.hash(), probe })
    }

    fn peek(&self, probe: &dyn NearProbe) -> Option<NearEntry> {
        self.entries.peek(&Asked { hash: probe.hash(), probe })
    }

    fn insert(&self, key: &CacheKey, entry: NearEntry, now: Tick, evicted: &mut dyn FnMut(&CacheKey)) {
        let (deadline, weight) = (entry.meta.times.kept_until, u64::from(entry.meta.weight));
        let admitted = weight <= self.largest;
        // Expired entries go first, so that no live one is evicted in their stead.
        let listed = if admitted { deadline } else { Tick::NEVER };
        let (end, ended) = self.deadlines.list(key.near().hash(), listed, now);
        self.sweep(ended, now);
        if !admitted {
            self.remove(key);
            return;
        }
        self.bytes.fetch_add(weight, Ordering::Relaxed);
        let mut gone = Departed::default();
        self.entries.insert_with_lifecycle(HeldKey { key: key.clone(), end }, entry, &mut gone);
        for (other, entry) in gone.first.iter().chain(&gone.rest) {
            self.forget(other, entry);
            if now < entry.meta.times.trusted_until && other.key.near() != key.near() {
                evicted(&other.key);
            }
        }
    }

    fn remove(&self, key: &CacheKey) -> Option<NearEntry> {
        let (key, entry) = self.entries.remove(&Asked::key(key))?;
        self.forget(&key, &entry);
        Some(entry)
    }

    /// Asks about an entry at a time, so that hits go on meanwhile; and again before it removes one, since another
    /// may have taken its place.
    fn remove_where(
        &self,
        unwanted: &dyn Fn(&CacheKey, &NearEntry) -> bool,
        removed: &mut dyn FnMut(NearEntry),
    ) {
        for (held, entry) in self.entries.iter().filter(|(held, entry)| unwanted(&held.key, entry)) {
            drop(entry);
            let still_unwanted = |current: &NearEntry| unwanted(&held.key, current);
            if let Some((key, entry)) = self.entries.remove_if(&Asked::key(&held.key), still_unwanted) {
                self.forget(&key, &entry);
                removed(entry);
            }
        }
    }

    fn len(&self) -> usize {
        self.entries.len()
    }

    fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    fn weight(&self) -> u64 {
        self.bytes.load(Ordering::Relaxed)
    }

    fn bounds(&self) -> Bounds {
        self.bounds
    }
}

impl fmt::Debug for QuickNear {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("QuickNear")
            .field("len", &self.len())
            .field("weight", &self.weight())
            .finish_non_exhaustive()
    }
}

impl Weighter<HeldKey, NearEntry> for Weigher {
    fn weight(&self, _: &HeldKey, entry: &NearEntry) -> u64 {
        (*self).weight(entry.meta.weight)
    }
}

/// Collects what an insert drives out, so that the books are settled and values dropped after the shard's lock.
#[derive(Debug, Clone, Copy)]
struct Departure;

#[derive(Default)]
struct Departed {
    /// Mostly there is only one: no allocation for it.
    first: Option<(HeldKey, NearEntry)>,
    rest: Vec<(HeldKey, NearEntry)>,
}

impl Lifecycle<HeldKey, NearEntry> for Departure {
    type RequestState = Departed;

    fn on_evict(&self, departed: &mut Departed, key: HeldKey, entry: NearEntry) {
        match departed.first {
            None => departed.first = Some((key, entry)),
            Some(_) => departed.rest.push((key, entry)),
        }
    }
}
