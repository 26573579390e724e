//! How much the near store may hold.

use std::sync::Arc;

use cache_core::error::{Error, ErrorKind, Result};
use cache_core::port::near::{Bounds, IntoNear, NearStore};

use super::QuickNear;

const DEFAULT_BYTES: u64 = 64 << 20;
const DEFAULT_ENTRIES: u64 = 100_000;
/// Weights are counted in parts of a byte, so that dividing the bytes by the entries loses none of either.
const PARTS: u32 = 16;
/// Eight, because one entry may take an eighth of the store and must fit into one shard.
const SHARDS: u64 = 8;
/// What one shard takes at most is a little less than the whole of it: admission keeps a part for newcomers.
const ADMITTED: f64 = 0.97;

/// The bounds of the near store: at most so many bytes, and at most so many entries.
///
/// By default 64 MiB and 100,000 entries. One entry may take an eighth of the bytes (less the 3 % that admission
/// keeps back); what is larger is not stored.
///
/// Beside the store, threads that read keep copies of what they ask for most, without its values: at most 540 KiB each,
/// and at most twice as many threads as can run at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[must_use = "call build"]
pub struct Near {
    max_bytes: u64,
    max_entries: u64,
}

impl Near {
    /// At most this many bytes, as the entries' approximate weights count them.
    pub const fn bytes(max_bytes: u64) -> Self {
        Self { max_bytes, max_entries: DEFAULT_ENTRIES }
    }

    /// At most this many MiB.
    pub const fn mib(mib: u64) -> Self {
        Self::bytes(mib.saturating_mul(1 << 20))
    }

    /// At most this many entries.
    pub const fn max_entries(mut self, max_entries: u64) -> Self {
        self.max_entries = max_entries;
        self
    }

    /// An empty store of this size. Allocates little: the store grows with what is put into it.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when a bound is 0, or above 16 TiB or 2^32 entries.
    pub fn build(self) -> Result<QuickNear> {
        check("max_bytes", self.max_bytes, 1 << 44)?;
        check("max_entries", self.max_entries, 1 << 32)?;
        QuickNear::new(&Sizes::of(self))
    }
}

impl IntoNear for Near {
    fn into_near(self) -> Result<Arc<dyn NearStore>> {
        Ok(Arc::new(self.build()?))
    }
}

impl Default for Near {
    fn default() -> Self {
        Self::bytes(DEFAULT_BYTES)
    }
}

fn check(field: &str, held: u64, most: u64) -> Result<()> {
    if (1..=most).contains(&held) {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, format!("near.{field} holds {held}"))
        .with_fix(format!("give 1 to {most}, or build the manager with no_near()")))
}

/// The bounds as the engine underneath wants them.
#[derive(Debug, Clone, Copy)]
pub(super) struct Sizes {
    pub(super) capacity: u64,
    pub(super) shards: u64,
    pub(super) admitted: f64,
    pub(super) entries: usize,
    /// The most bytes of one entry.
    pub(super) largest: u64,
    pub(super) bounds: Bounds,
    pub(super) weigher: Weigher,
}

impl Sizes {
    fn of(near: Near) -> Self {
        // A shard of few entries would often be full while the store is not.
        let shards = if near.max_entries < 32 * SHARDS { 1 } else { SHARDS };
        let admitted = if near.max_entries < SHARDS { 1.0 } else { ADMITTED };
        let shard_bytes = near.max_bytes / shards;
        let capacity = (shard_bytes << PARTS) * shards;
        // Permille, because a quotient of floats may not be cast back.
        let largest = if admitted < 1.0 { shard_bytes * 969 / 1_000 } else { shard_bytes };
        Self {
            capacity,
            shards,
            admitted,
            entries: usize::try_from(near.max_entries).unwrap_or(usize::MAX),
            largest: largest.min(near.max_bytes / 8),
            bounds: Bounds { entries: near.max_entries, bytes: near.max_bytes },
            weigher: Weigher { least: (capacity / near.max_entries).max(1) },
        }
    }
}

/// What an entry weighs: its bytes, but at least its share of the store, which bounds the number of entries.
#[derive(Debug, Clone, Copy)]
pub(super) struct Weigher {
    least: u64,
}

impl Weigher {
    pub(super) fn weight(self, bytes: u32) -> u64 {
        (u64::from(bytes) << PARTS).max(self.least)
    }
}
