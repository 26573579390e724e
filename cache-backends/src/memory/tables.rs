//! The tables of a store: one, or of a large store eight, so that no writer waits long for a table that grows.
//!
//! Invariant: a key has one table, and a table's part of the bounds is what the bounds are divided by their number.

use std::hash::{BuildHasher, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};

use cache_core::key::CacheKey;
use moka::sync::Cache;

use super::config::Sizes;
use super::frames::Held;

#[derive(Debug)]
pub(super) struct Tables {
    first: Table,
    others: Box<[Table]>,
    /// Nobody outside can aim at one table.
    seed: RandomState,
}

/// One of moka's, and what was written since it last caught up.
#[derive(Debug)]
pub(super) struct Table {
    pub(super) cache: Cache<CacheKey, Held, RandomState>,
    unsettled: AtomicU64,
}

impl Tables {
    pub(super) fn new(sizes: &Sizes, make: impl Fn() -> Cache<CacheKey, Held, RandomState>) -> Self {
        let table = || Table { cache: make(), unsettled: AtomicU64::new(0) };
        Self {
            first: table(),
            others: (1..sizes.tables).map(|_| table()).collect(),
            seed: RandomState::new(),
        }
    }

    /// The table of a key.
    pub(super) fn of(&self, key: &CacheKey) -> &Table {
        if self.others.is_empty() {
            return &self.first;
        }
        let number = self.seed.hash_one(key.fingerprint()) % (self.others.len() as u64 + 1);
        let other = usize::try_from(number).unwrap_or(0).checked_sub(1);
        other.and_then(|at| self.others.get(at)).unwrap_or(&self.first)
    }

    pub(super) fn all(&self) -> impl Iterator<Item = &Table> + Send {
        std::iter::once(&self.first).chain(&self.others)
    }
}

impl Table {
    /// Lets moka catch up when much was written since it last did, so that the bounds hold. Not under a lock: it may
    /// drop many frames.
    pub(super) fn settle(&self, written: u64, sizes: &Sizes) {
        let unsettled = self.unsettled.fetch_add(written, Ordering::Relaxed).saturating_add(written);
        if unsettled > sizes.unsettled / sizes.tables {
            self.unsettled.store(0, Ordering::Relaxed);
            self.catch_up(sizes);
        }
    }

    /// Lets moka evict until the bound holds: it evicts some hundred entries at a time.
    pub(super) fn catch_up(&self, sizes: &Sizes) {
        let mut before = u64::MAX;
        loop {
            self.cache.run_pending_tasks();
            let weight = self.cache.weighted_size();
            if weight <= sizes.table_capacity() || weight >= before {
                return;
            }
            before = weight;
        }
    }
}
