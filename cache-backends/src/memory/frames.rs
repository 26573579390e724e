//! The store: frames with their deadlines, and the rule that one writer changes a key at a time.

use std::hash::RandomState;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use bytes::Bytes;
use cache_core::error::{Error, ErrorKind, Result};
use cache_core::key::CacheKey;
use cache_core::port::clock::Clock;
use cache_core::time::Tick;
use moka::Expiry;
use moka::policy::EvictionPolicy as MokaPolicy;
use moka::sync::Cache;

use super::EvictionPolicy;
use super::config::Sizes;

const STRIPES: usize = 64;
/// Moka reclaims an entry a little after its life has ended for us: so it never holds a frame that is alive for an
/// expired one, not even one that was written over an older one just now.
const LATER: Duration = Duration::from_millis(100);
/// Lives beyond this need no reclaiming.
const AGES: Duration = Duration::from_secs(100 * 365 * 86_400);

/// A frame, and until when it is one.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) frame: Bytes,
    pub(super) deadline: Tick,
}

#[derive(Debug)]
pub(super) struct Frames {
    cache: Cache<CacheKey, Held, RandomState>,
    stripes: [Mutex<()>; STRIPES],
    clock: Clock,
    sizes: Sizes,
    unsettled: AtomicU64,
}

/// The right to change a key, and the others of its stripe. Never held over an await.
pub(super) struct Turn<'a> {
    frames: &'a Frames,
    key: &'a CacheKey,
    _lock: MutexGuard<'a, ()>,
}

impl Frames {
    pub(super) fn new(sizes: &Sizes, policy: EvictionPolicy, clock: Clock) -> Self {
        let weigher = sizes.weigher;
        let cache = Cache::builder()
            .max_capacity(sizes.capacity)
            .weigher(move |key: &CacheKey, held: &Held| weigher.weight(size(key, &held.frame)))
            .expire_after(Reclaim(clock.clone()))
            .eviction_policy(match policy {
                EvictionPolicy::TinyLfu => MokaPolicy::tiny_lfu(),
                EvictionPolicy::Lru => MokaPolicy::lru(),
            })
            .build();
        let stripes = std::array::from_fn(|_| Mutex::new(()));
        Self { cache, stripes, clock, sizes: *sizes, unsettled: AtomicU64::new(0) }
    }

    pub(super) fn now(&self) -> Tick {
        self.clock.tick()
    }

    /// What is held under a key and has not ended.
    pub(super) fn live(&self, key: &CacheKey) -> Option<Held> {
        self.cache.get(key).filter(|held| self.now() < held.deadline)
    }

    /// Waits for the right to change a key: for other writers, which do not wait for anything.
    pub(super) fn turn<'a>(&'a self, key: &'a CacheKey) -> Turn<'a> {
        let stripe = usize::try_from(key.fingerprint() % STRIPES as u128).unwrap_or(0);
        let [first, ..] = &self.stripes;
        let lock = self.stripes.get(stripe).unwrap_or(first).lock();
        Turn { frames: self, key, _lock: lock.unwrap_or_else(PoisonError::into_inner) }
    }

    /// The keys that are held, some of them perhaps expired. Blocks nobody; sees every key that is there from the
    /// beginning to the end.
    pub(super) fn keys(&self) -> impl Iterator<Item = Arc<CacheKey>> + Send + '_ {
        self.cache.iter().map(|(key, _)| key)
    }

    /// Lets moka catch up when much was written since it last did, so that the bounds hold. Not under a lock: it may
    /// drop many frames.
    pub(super) fn settle(&self, frame_bytes: usize) {
        let written = u64::from(self.sizes.weigher.weight(frame_bytes));
        let unsettled = self.unsettled.fetch_add(written, Ordering::Relaxed).saturating_add(written);
        if unsettled > self.sizes.unsettled {
            self.unsettled.store(0, Ordering::Relaxed);
            self.catch_up();
        }
    }

    /// Lets moka evict until the bounds hold: it evicts some hundred entries at a time.
    pub(super) fn catch_up(&self) {
        let mut before = u64::MAX;
        loop {
            self.cache.run_pending_tasks();
            let weight = self.cache.weighted_size();
            if weight <= self.sizes.capacity || weight >= before {
                return;
            }
            before = weight;
        }
    }

    /// How many entries moka counted when it last caught up.
    pub(super) fn len(&self) -> u64 {
        self.cache.entry_count()
    }

    /// What is held at this moment, entries to be evicted included.
    #[cfg(test)]
    pub(super) fn entries_and_bytes(&self) -> (u64, usize) {
        let sizes = self.cache.iter().map(|(key, held)| size(&key, &held.frame));
        sizes.fold((0, 0), |(entries, bytes), size| (entries + 1, bytes + size))
    }
}

impl Turn<'_> {
    pub(super) fn live(&self) -> Option<Held> {
        self.frames.live(self.key)
    }

    /// Stores a frame in the place of `older`, which is what [`Turn::live`] found.
    pub(super) fn put(&self, frame: Bytes, deadline: Tick, older: Option<&Held>) -> Result<()> {
        self.check_size(&frame).inspect_err(|_| self.frames.cache.invalidate(self.key))?;
        if older.is_none() {
            // An expired entry may still be there, and moka about to reclaim it: the new one must not be a part of it.
            self.frames.cache.invalidate(self.key);
        }
        self.frames.cache.insert(self.key.clone(), Held { frame, deadline });
        Ok(())
    }

    /// Removes what is held.
    pub(super) fn take(&self) -> Option<Held> {
        let now = self.frames.now();
        self.frames.cache.remove(self.key).filter(|held| now < held.deadline)
    }

    fn check_size(&self, frame: &Bytes) -> Result<()> {
        let Sizes { largest, largest_frame, .. } = self.frames.sizes;
        if frame.len() <= largest_frame && size(self.key, frame) <= largest {
            return Ok(());
        }
        let message = format!("a frame of {} bytes; one entry may take {largest_frame}", frame.len());
        Err(Error::new(ErrorKind::TooLarge, message).during("set").with_fix(
            "cache less, or raise max_entry_bytes and max_bytes (one entry takes at most an eighth)",
        ))
    }
}

fn size(key: &CacheKey, frame: &Bytes) -> usize {
    key.as_str().len() + frame.len()
}

/// Tells moka when to reclaim, unless the clock is steered: then moka's own clock knows nothing of lives.
#[derive(Debug)]
pub(super) struct Reclaim(pub(super) Clock);

impl Reclaim {
    pub(super) fn after(&self, held: &Held) -> Option<Duration> {
        if self.0.is_steered() {
            return None;
        }
        let left =
            held.deadline.remaining(self.0.tick()).map_or(Some(Duration::ZERO), |life| life.duration());
        left.filter(|left| *left < AGES).map(|left| left + LATER)
    }
}

impl Expiry<CacheKey, Held> for Reclaim {
    fn expire_after_create(&self, _: &CacheKey, held: &Held, _: Instant) -> Option<Duration> {
        self.after(held)
    }

    fn expire_after_update(
        &self,
        _: &CacheKey,
        held: &Held,
        _: Instant,
        _: Option<Duration>,
    ) -> Option<Duration> {
        self.after(held)
    }
}
