//! Entries whose life has ended give their space back without being read.
//!
//! Promise: writes and misses notice that something has expired, the keeper removes it; the index is gone through
//! at most once a second.

use std::sync::atomic::{AtomicU64, Ordering};

use cache_core::time::WallTime;

use super::index::SHARDS;
use super::store::Store;

/// Expired entries are looked for at most this often, in milliseconds.
const SWEEP_MILLIS: u64 = 1_000;

/// When to look for expired entries.
#[derive(Debug)]
pub(super) struct Sweeps {
    earliest: AtomicU64,
    not_before: AtomicU64,
}

impl Default for Sweeps {
    fn default() -> Self {
        Self { earliest: AtomicU64::new(WallTime::NEVER.0), not_before: AtomicU64::new(0) }
    }
}

impl Sweeps {
    /// Something expires then.
    pub(super) fn expect(&self, deadline: WallTime) {
        if deadline.0 < self.earliest.load(Ordering::Relaxed) {
            self.earliest.fetch_min(deadline.0, Ordering::Relaxed);
        }
    }

    /// Whether something has expired, and the last look is long enough ago (or in the future: clocks jump).
    pub(super) fn are_due(&self, now: WallTime) -> bool {
        let not_before = self.not_before.load(Ordering::Relaxed);
        self.has_expired(now) && (not_before <= now.0 || not_before > now.0.saturating_add(SWEEP_MILLIS))
    }

    fn expects_anything(&self) -> bool {
        self.earliest.load(Ordering::Relaxed) != WallTime::NEVER.0
    }

    fn has_expired(&self, now: WallTime) -> bool {
        self.earliest.load(Ordering::Relaxed) <= now.0
    }

    fn begin(&self, now: WallTime) {
        self.earliest.store(WallTime::NEVER.0, Ordering::Relaxed);
        self.not_before.store(now.0.saturating_add(SWEEP_MILLIS), Ordering::Relaxed);
    }
}

impl Store {
    /// Removes expired entries, if it is time to look for them.
    pub(super) fn sweep(&self, urgent: bool) {
        let now = self.config.clock.wall();
        let due = if urgent { self.sweeps.has_expired(now) } else { self.sweeps.are_due(now) };
        if !due {
            return;
        }
        self.sweeps.begin(now);
        for shard in 0..SHARDS {
            let (expired, earliest) = self.index.take_expired(shard, now);
            // Killed on disk too: a clock that is set back must not revive them.
            expired.iter().for_each(|place| self.kill(place));
            self.sweeps.expect(earliest);
        }
    }

    /// Calls the keeper when something has expired.
    pub(super) fn sweep_if_due(&self) {
        if self.sweeps.expects_anything() && self.sweeps.are_due(self.config.clock.wall()) {
            self.signal.raise();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sweeps_are_due_once_something_has_expired_but_not_all_the_time() {
        let sweeps = Sweeps::default();
        assert!(!sweeps.are_due(WallTime(u64::MAX - 1)));
        sweeps.expect(WallTime(5_000));
        sweeps.expect(WallTime(9_000));
        assert!(!sweeps.are_due(WallTime(4_999)) && sweeps.are_due(WallTime(5_000)));
        sweeps.begin(WallTime(5_000));
        sweeps.expect(WallTime(5_500));
        assert!(!sweeps.are_due(WallTime(5_999)) && sweeps.are_due(WallTime(6_000)));
        sweeps.begin(WallTime(1_000_000));
        sweeps.expect(WallTime(5_500));
        assert!(sweeps.are_due(WallTime(6_000)), "the clock was set back");
    }
}
