//! How much the memory backend may hold, and what it gives up first.

use cache_core::port::backend::{ClaimTable, LeaseTable};
use cache_core::port::clock::Clock;

use super::MemoryBackend;
use super::frames::Frames;

/// What goes first when room is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum EvictionPolicy {
    /// What is asked for least often: a flood of new keys does not drive out the popular ones.
    #[default]
    TinyLfu,
    /// What was used longest ago: a new entry is always kept.
    Lru,
}

/// The options of a [`MemoryBackend`].
#[derive(Debug, Clone)]
#[must_use = "call build"]
pub struct MemoryBuilder {
    max_bytes: usize,
    max_entries: u64,
    max_entry_bytes: usize,
    eviction: EvictionPolicy,
    clock: Clock,
}

impl MemoryBuilder {
    /// At most this many bytes, keys included. By default 64 MiB; with 0 every frame is refused.
    pub fn max_bytes(mut self, max_bytes: usize) -> Self {
        self.max_bytes = max_bytes;
        self
    }

    /// At most this many entries. By default 100,000; with 0 every frame is refused.
    pub fn max_entries(mut self, max_entries: u64) -> Self {
        self.max_entries = max_entries;
        self
    }

    /// A frame of more bytes is refused. By default, and at most, an eighth of [`MemoryBuilder::max_bytes`].
    pub fn max_entry_bytes(mut self, max_entry_bytes: usize) -> Self {
        self.max_entry_bytes = max_entry_bytes;
        self
    }

    /// What goes first. By default [`EvictionPolicy::TinyLfu`].
    pub fn eviction(mut self, eviction: EvictionPolicy) -> Self {
        self.eviction = eviction;
        self
    }

    /// The clock that judges lives; by default the machine's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// An empty backend. Allocates little: it grows with what is put into it.
    #[must_use]
    pub fn build(self) -> MemoryBackend {
        let (claims, leases) = (ClaimTable::new(self.clock.clone()), LeaseTable::new(self.clock.clone()));
        MemoryBackend::of(Frames::new(&Sizes::of(&self), self.eviction, self.clock), claims, leases)
    }
}

impl Default for MemoryBuilder {
    fn default() -> Self {
        Self {
            max_bytes: 64 << 20,
            max_entries: 100_000,
            max_entry_bytes: usize::MAX,
            eviction: EvictionPolicy::default(),
            clock: Clock::system(),
        }
    }
}

/// So many small entries may be evicted by one write at most: some milliseconds, however large the store is.
const SETTLED_AT_ONCE: u64 = 1_024;

/// More entries than this go into more than one table: a part of a table is copied when it grows, and writers wait for
/// it. Of 150,000 entries that is some milliseconds.
const OF_ONE_TABLE: u64 = 150_000;
/// No more, since one entry may weigh an eighth of the whole.
const MOST_TABLES: u64 = 8;

/// The bounds as the engine underneath wants them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) capacity: u64,
    /// The most bytes of one entry, its key included.
    pub(super) largest: usize,
    /// The most bytes of one frame.
    pub(super) largest_frame: usize,
    /// So much may be written before what must go has gone.
    pub(super) unsettled: u64,
    pub(super) weigher: Weigher,
    /// How many tables share the entries: one or eight.
    pub(super) tables: u64,
}

impl Sizes {
    /// The weight that one table may hold.
    pub(super) fn table_capacity(&self) -> u64 {
        self.capacity / self.tables
    }

    fn of(builder: &MemoryBuilder) -> Self {
        let weigher = Weigher::new((builder.max_bytes as u64).max(1), builder.max_entries.max(1));
        let largest = if builder.max_entries == 0 { 0 } else { builder.max_bytes / 8 };
        Self {
            capacity: weigher.capacity,
            largest,
            largest_frame: builder.max_entry_bytes.min(largest),
            unsettled: (weigher.capacity / 64).min(SETTLED_AT_ONCE * u64::from(weigher.least)),
            weigher,
            tables: if builder.max_entries > OF_ONE_TABLE { MOST_TABLES } else { 1 },
        }
    }
}

/// What an entry weighs: its part of the bytes, but at least its share of the entries. So one capacity bounds both.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weigher {
    capacity: u64,
    max_bytes: u64,
    least: u32,
}

impl Weigher {
    /// The capacity is the largest of which moka's 32 bits can count an eighth (or, of less than eight entries, the
    /// whole): the finer the weights, the less of the bytes is lost to rounding.
    fn new(max_bytes: u64, max_entries: u64) -> Self {
        let capacity = if max_entries < 8 { u64::from(u32::MAX) } else { 8 * u64::from(u32::MAX) };
        let share = capacity / max_entries;
        let too_many = share == 0 || capacity / share > max_entries;
        let least = u32::try_from(share + u64::from(too_many)).unwrap_or(u32::MAX);
        Self { capacity, max_bytes, least }
    }

    pub(super) fn weight(self, bytes: usize) -> u32 {
        let part = (bytes as u128 * u128::from(self.capacity)).div_ceil(u128::from(self.max_bytes));
        u32::try_from(part).unwrap_or(u32::MAX).max(self.least)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_capacity_bounds_bytes_and_entries() {
        for max_bytes in [1_000, 80_000, 64 << 20, 1 << 40] {
            for max_entries in [1, 2, 3, 7, 8, 10, 99, 100_000, 1_000_003, u64::MAX] {
                let weigher = Weigher::new(max_bytes, max_entries);
                let entries = weigher.capacity / u64::from(weigher.weight(0));
                assert!(entries <= max_entries, "{entries} of {max_entries}");
                assert!(
                    entries.saturating_add(entries / 10_000) >= max_entries.min(1 << 30),
                    "{entries} of {max_entries}"
                );
                let eighth = usize::try_from(max_bytes / 8).unwrap();
                let fit = weigher.capacity / u64::from(weigher.weight(eighth));
                assert_eq!(fit, max_entries.min(8), "eighths of {max_bytes}, {max_entries} entries");
            }
        }
    }
}
