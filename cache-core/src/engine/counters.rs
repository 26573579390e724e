//! Counting without contention, and what a person sees of it.

use std::fmt;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

const STRIPES: usize = 16;
const KINDS: usize = 14;

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
    TierError,
}

/// Counters striped over threads: one shared counter costs 24 ns at two threads, a striped one 3.
#[derive(Debug, Default)]
pub(super) struct Counters([Stripe; STRIPES]);

#[derive(Debug, Default)]
#[repr(align(128))]
struct Stripe([AtomicU64; KINDS]);

impl Counters {
    /// Counts one.
    #[inline]
    pub(super) fn add(&self, kind: Count) {
        let stripe = self.0.get(stripe_of_thread());
        if let Some(counter) = stripe.and_then(|stripe| stripe.0.get(kind as usize)) {
            counter.fetch_add(1, Ordering::Relaxed);
        }
    }

    /// The sums.
    pub(super) fn snapshot(&self) -> Statistics {
        let sum = |kind: Count| {
            self.0
                .iter()
                .filter_map(|stripe| stripe.0.get(kind as usize))
                .map(|counter| counter.load(Ordering::Relaxed))
                .sum()
        };
        Statistics {
            near_hits: sum(Count::NearHit),
            far_hits: sum(Count::FarHit),
            negative_hits: sum(Count::Negative),
            coalesced: sum(Count::Coalesced),
            misses: sum(Count::Miss),
            bypassed: sum(Count::Bypassed),
            abandoned: sum(Count::Abandoned),
            stale: sum(Count::Stale),
            refreshes: sum(Count::Refresh),
            loads: sum(Count::Load),
            load_failures: sum(Count::LoadFailed),
            stored: sum(Count::Stored),
            not_stored: sum(Count::NotStored),
            tier_errors: sum(Count::TierError),
            ..Statistics::default()
        }
    }

    /// Begins again at 0.
    pub(super) fn reset(&self) {
        for counter in self.0.iter().flat_map(|stripe| &stripe.0) {
            counter.store(0, Ordering::Relaxed);
        }
    }
}

/// The stripe of this thread, given out in turn.
#[inline]
fn stripe_of_thread() -> usize {
    static NEXT: AtomicUsize = AtomicUsize::new(0);
    thread_local!(static STRIPE: usize = NEXT.fetch_add(1, Ordering::Relaxed) % STRIPES);
    STRIPE.with(|stripe| *stripe)
}

/// What a manager has done since it was built or reset. `Display` prints a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Statistics {
    /// Served by the near tier.
    pub near_hits: u64,
    /// Served by a byte tier.
    pub far_hits: u64,
    /// Served remembered absence.
    pub negative_hits: u64,
    /// Served by the load of another caller.
    pub coalesced: u64,
    /// Found nowhere.
    pub misses: u64,
    /// Asked while the cache was switched off.
    pub bypassed: u64,
    /// Served after the end of their lives.
    pub stale: u64,
    /// Not answered: the caller went away.
    pub abandoned: u64,
    /// Refreshes begun in the background.
    pub refreshes: u64,
    /// Loaders run.
    pub loads: u64,
    /// Loaders that failed.
    pub load_failures: u64,
    /// Loaded values that were stored.
    pub stored: u64,
    /// Values that were not stored in some tier.
    pub not_stored: u64,
    /// Calls of a tier that failed.
    pub tier_errors: u64,
    /// Entries in the near tier now.
    pub near_entries: u64,
    /// Approximate bytes in the near tier now.
    pub near_bytes: u64,
    /// Loads under way now.
    pub loading: u64,
    /// Loads under way now that go on without a caller.
    pub detached: u64,
}

impl Statistics {
    /// All requests: every one is exactly one of the kinds above `refreshes`.
    #[must_use]
    pub fn requests(&self) -> u64 {
        self.hits() + self.stale + self.coalesced + self.misses + self.bypassed + self.abandoned
    }

    /// Answered from a tier.
    #[must_use]
    pub fn hits(&self) -> u64 {
        self.near_hits + self.far_hits + self.negative_hits
    }
}

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let rows = [
            ("near hits", self.near_hits),
            ("far hits", self.far_hits),
            ("negative hits", self.negative_hits),
            ("stale", self.stale),
            ("coalesced", self.coalesced),
            ("misses", self.misses),
            ("bypassed", self.bypassed),
            ("abandoned", self.abandoned),
            ("requests", self.requests()),
            ("refreshes", self.refreshes),
            ("loads", self.loads),
            ("load failures", self.load_failures),
            ("stored", self.stored),
            ("not stored", self.not_stored),
            ("tier errors", self.tier_errors),
            ("near entries", self.near_entries),
            ("near bytes", self.near_bytes),
        ];
        rows.iter().try_for_each(|(name, value)| writeln!(f, "{name:<14} {value:>12}"))
    }
}
