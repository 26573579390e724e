//! Counting what happens, per keyspace, without contention.
//!
//! Promise: a count is exact, and costs a hit one or two nanoseconds: it is written where no other thread writes
//! ([`stripes`]). [`statistics`] is what a person sees of it.

pub(super) mod request;
mod statistics;
mod stripes;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, OnceLock, PoisonError};

pub use statistics::{Counts, Statistics};
use stripes::{KINDS, Striped};

use crate::engine::Keyspace;
use crate::error::ErrorKind;
use crate::key::{SpaceId, SpaceName};

/// Keyspaces of a higher number than this share their counters.
const SPACES: usize = 512;
const REST: &str = "(others)";

/// What is counted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Count {
    NearHit,
    FarHit,
    Negative,
    Coalesced,
    Miss,
    Bypassed,
    Abandoned,
    Stale,
    Refresh,
    Load,
    LoadFailed,
    Stored,
    NotStored,
    Overtaken,
    Rejected,
    Evicted,
}

/// The counters of one manager.
#[derive(Debug)]
pub(super) struct Counters {
    spaces: Box<[OnceLock<Box<Counted>>]>,
    errors: Mutex<BTreeMap<ErrorKind, u64>>,
}

/// The counters of one keyspace.
#[derive(Debug)]
struct Counted {
    name: String,
    striped: Striped,
    /// What had been counted when counting began again.
    before: Mutex<[u64; KINDS]>,
}

impl Default for Counters {
    fn default() -> Self {
        Self { spaces: (0..SPACES).map(|_| OnceLock::new()).collect(), errors: Mutex::default() }
    }
}

impl Counters {
    /// Counts one in a keyspace.
    #[inline]
    pub(super) fn add(&self, space: &Keyspace, kind: Count) {
        let Some(place) = self.spaces.get(place(space.name.id())) else { return };
        place.get_or_init(|| Counted::of(&space.name)).striped.add(kind as usize);
    }

    /// Counts one in the keyspace of a key that was seen before.
    pub(super) fn add_by_id(&self, space: SpaceId, kind: Count) {
        if let Some(counted) = self.spaces.get(place(space)).and_then(OnceLock::get) {
            counted.striped.add(kind as usize);
        }
    }

    /// Counts a tier's failure.
    pub(super) fn error(&self, kind: ErrorKind) {
        *lock(&self.errors).entry(kind).or_default() += 1;
    }

    /// The sums; the manager adds what it holds now.
    pub(super) fn snapshot(&self) -> Statistics {
        let mut keyspaces: Vec<_> =
            self.counted().map(|space| (space.name.clone(), space.counts())).collect();
        keyspaces.sort_by(|(left, _), (right, _)| left.cmp(right));
        let errors: Vec<_> = lock(&self.errors).iter().map(|(kind, count)| (*kind, *count)).collect();
        Statistics::of(keyspaces, errors)
    }

    /// Begins again at 0.
    pub(super) fn reset(&self) {
        self.counted().for_each(Counted::reset);
        lock(&self.errors).clear();
    }

    fn counted(&self) -> impl Iterator<Item = &Counted> {
        self.spaces.iter().filter_map(OnceLock::get).map(Box::as_ref)
    }
}

impl Counted {
    #[cold]
    fn of(name: &SpaceName) -> Box<Self> {
        let shared = place(name.id()) == SPACES - 1;
        let name = if shared { REST } else { name.as_str() };
        Box::new(Self { name: name.to_owned(), striped: Striped::default(), before: Mutex::default() })
    }

    fn counts(&self) -> Counts {
        let before = *lock(&self.before);
        let sums = self.striped.sums();
        let since = |kind: Count| {
            let at = kind as usize;
            sums.get(at).unwrap_or(&0).saturating_sub(*before.get(at).unwrap_or(&0))
        };
        Counts {
            near_hits: since(Count::NearHit),
            far_hits: since(Count::FarHit),
            negative_hits: since(Count::Negative),
            coalesced: since(Count::Coalesced),
            misses: since(Count::Miss),
            bypassed: since(Count::Bypassed),
            abandoned: since(Count::Abandoned),
            stale: since(Count::Stale),
            refreshes: since(Count::Refresh),
            loads: since(Count::Load),
            load_failures: since(Count::LoadFailed),
            stored: since(Count::Stored),
            not_stored: since(Count::NotStored),
            overtaken: since(Count::Overtaken),
            rejected: since(Count::Rejected),
            evicted: since(Count::Evicted),
        }
    }

    fn reset(&self) {
        *lock(&self.before) = self.striped.sums();
    }
}

#[inline]
fn place(space: SpaceId) -> usize {
    usize::try_from(space.0).unwrap_or(usize::MAX).min(SPACES - 1)
}

/// Nothing of a user runs under these locks, so a poisoned one still holds sound numbers.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
