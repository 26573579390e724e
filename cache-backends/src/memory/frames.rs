//! The store: frames with their deadlines, and the rule that one writer changes a key at a time.

use std::hash::RandomState;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use cache_core::error::{Error, ErrorKind, Result};
use cache_core::key::CacheKey;
use cache_core::port::clock::Clock;
use cache_core::time::Tick;
use moka::policy::EvictionPolicy as MokaPolicy;
use moka::sync::Cache;

use super::EvictionPolicy;
use super::config::Sizes;
use super::tables::{Table, Tables};
use crate::expiry::{Deadlines, Place};

const STRIPES: usize = 64;
/// A frame, and until when it is one.
#[derive(Debug, Clone)]
pub(super) struct Held {
    pub(super) frame: Bytes,
    pub(super) deadline: Tick,
    /// Where its end is listed.
    end: Option<Place>,
}

#[derive(Debug)]
pub(super) struct Frames {
    tables: Tables,
    /// Of what is held: moka tells of everything that leaves it.
    pub(super) deadlines: Arc<Deadlines<CacheKey>>,
    stripes: [Mutex<()>; STRIPES],
    clock: Clock,
    sizes: Sizes,
}

/// The right to change a key, and the others of its stripe. Never held over an await.
pub(super) struct Turn<'a> {
    frames: &'a Frames,
    key: &'a CacheKey,
    pub(super) table: &'a Table,
    _lock: MutexGuard<'a, ()>,
}

impl Frames {
    pub(super) fn new(sizes: &Sizes, policy: EvictionPolicy, clock: Clock) -> Self {
        let deadlines: Arc<Deadlines<CacheKey>> = Arc::default();
        let tables = Tables::new(sizes, || table(sizes, policy, &deadlines));
        let stripes = std::array::from_fn(|_| Mutex::new(()));
        Self { tables, deadlines, stripes, clock, sizes: *sizes }
    }

    pub(super) fn now(&self) -> Tick {
        self.clock.tick()
    }

    /// What is held under a key and has not ended.
    pub(super) fn live(&self, key: &CacheKey) -> Option<Held> {
        self.live_in(self.tables.of(key), key)
    }

    fn live_in(&self, table: &Table, key: &CacheKey) -> Option<Held> {
        table.cache.get(key).filter(|held| self.now() < held.deadline)
    }

    /// Waits for the right to change a key: for other writers, which do not wait for anything.
    pub(super) fn turn<'a>(&'a self, key: &'a CacheKey) -> Turn<'a> {
        let stripe = usize::try_from(key.fingerprint() % STRIPES as u128).unwrap_or(0);
        let [first, ..] = &self.stripes;
        let lock = self.stripes.get(stripe).unwrap_or(first).lock();
        Turn {
            frames: self,
            key,
            table: self.tables.of(key),
            _lock: lock.unwrap_or_else(PoisonError::into_inner),
        }
    }

    /// The keys that are held, some of them perhaps expired. Blocks nobody; sees every key that is there from the
    /// beginning to the end.
    pub(super) fn keys(&self) -> impl Iterator<Item = Arc<CacheKey>> + Send + '_ {
        self.tables.all().flat_map(|table| table.cache.iter()).map(|(key, _)| key)
    }

    /// Gives back some entries whose deadlines have been reached: as they are now, not as they were listed. A few per
    /// write, so that no write pays for all that end at once (moka's own expiry takes them in one go).
    pub(super) fn sweep(&self) {
        let now = self.now();
        for key in self.deadlines.take_ended(now).into_iter().flatten() {
            let turn = self.turn(&key);
            let table = &turn.table.cache;
            if table.get(&key).is_some_and(|held| held.deadline <= now) {
                table.invalidate(&key);
            }
            drop(turn);
        }
    }

    /// After a write: gives some of what has ended back, and sees to it that the bounds hold. Not under a lock: it may drop
    /// many frames.
    pub(super) fn settle(&self, table: &Table, frame_bytes: usize) {
        self.sweep();
        let written = u64::from(self.sizes.weigher.weight(frame_bytes));
        table.settle(written, &self.sizes);
    }

    /// Evicts until the bounds hold.
    pub(super) fn catch_up(&self) {
        self.tables.all().for_each(|table| table.catch_up(&self.sizes));
    }

    /// How many entries moka counted when it last caught up.
    pub(super) fn len(&self) -> u64 {
        self.tables.all().map(|table| table.cache.entry_count()).sum()
    }

    /// What is held at this moment, entries to be evicted included.
    #[cfg(test)]
    pub(super) fn entries_and_bytes(&self) -> (u64, usize) {
        let sizes =
            self.tables.all().flat_map(|table| table.cache.iter()).map(|(key, held)| size(&key, &held.frame));
        sizes.fold((0, 0), |(entries, bytes), size| (entries + 1, bytes + size))
    }
}

impl Turn<'_> {
    pub(super) fn live(&self) -> Option<Held> {
        self.frames.live_in(self.table, self.key)
    }

    /// Stores a frame in the place of what is there.
    pub(super) fn put(&self, frame: Bytes, deadline: Tick) -> Result<()> {
        let table = &self.table.cache;
        self.check_size(&frame).inspect_err(|_| table.invalidate(self.key))?;
        // Listed before it can leave. What has ended is swept later: that needs the turns of other keys.
        let (end, _) = self.frames.deadlines.list(self.key.clone(), deadline, Tick(0));
        table.insert(self.key.clone(), Held { frame, deadline, end });
        Ok(())
    }

    /// Removes what is held.
    pub(super) fn take(&self) -> Option<Held> {
        let now = self.frames.now();
        self.table.cache.remove(self.key).filter(|held| now < held.deadline)
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

/// One of moka's, which tells of everything that leaves it.
fn table(
    sizes: &Sizes,
    policy: EvictionPolicy,
    deadlines: &Arc<Deadlines<CacheKey>>,
) -> Cache<CacheKey, Held, RandomState> {
    let (weigher, departed) = (sizes.weigher, Arc::clone(deadlines));
    Cache::builder()
        .max_capacity(sizes.table_capacity())
        .weigher(move |key: &CacheKey, held: &Held| weigher.weight(size(key, &held.frame)))
        .eviction_listener(move |_, held: Held, _| departed.forget(held.end))
        .eviction_policy(match policy {
            EvictionPolicy::TinyLfu => MokaPolicy::tiny_lfu(),
            EvictionPolicy::Lru => MokaPolicy::lru(),
        })
        .build()
}

fn size(key: &CacheKey, frame: &Bytes) -> usize {
    key.as_str().len() + frame.len()
}
