//! What a person sees of the counters.

use std::fmt;
use std::ops::{AddAssign, Deref};

use crate::codec::MAX_KEYS;
use crate::error::ErrorKind;

/// What has happened in a keyspace, or in all of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Counts {
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
    /// Of those: because they had been invalidated while they were loaded.
    pub overtaken: u64,
    /// Of those: because another process had removed, replaced or filled their key while they were loaded.
    pub rejected: u64,
    /// Entries that the near tier gave up for others before they had ended.
    pub evicted: u64,
}

impl Counts {
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

impl AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.near_hits += other.near_hits;
        self.far_hits += other.far_hits;
        self.negative_hits += other.negative_hits;
        self.coalesced += other.coalesced;
        self.misses += other.misses;
        self.bypassed += other.bypassed;
        self.stale += other.stale;
        self.abandoned += other.abandoned;
        self.refreshes += other.refreshes;
        self.loads += other.loads;
        self.load_failures += other.load_failures;
        self.stored += other.stored;
        self.not_stored += other.not_stored;
        self.overtaken += other.overtaken;
        self.rejected += other.rejected;
        self.evicted += other.evicted;
    }
}

/// What a manager has done since it was built or reset: the sums (as fields of its own), and per keyspace.
/// `Display` prints a table.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Statistics {
    /// The sums over all keyspaces.
    pub total: Counts,
    /// By keyspace, in the order of their names; that of direct calls is empty.
    pub keyspaces: Vec<(String, Counts)>,
    /// Calls of a tier that failed, by the kind of their errors.
    pub errors: Vec<(ErrorKind, u64)>,
    /// Entries in the near tier now.
    pub near_entries: u64,
    /// Approximate bytes in the near tier now.
    pub near_bytes: u64,
    /// Loads under way now.
    pub loading: u64,
    /// Loads under way now that go on without a caller.
    pub detached: u64,
    /// Fills of byte tiers under way now that nobody waits for: [`background_writes`](crate::engine::Policy::background_writes).
    pub writing: u64,
    /// Those of them that were not seen to end: a shutdown came before, or the end of their runtime.
    pub cut_off: u64,
    /// Sealed frames opened, by the master key that opened them: the current one, then the previous ones in their
    /// order. A previous key that has opened none for the longest life of an entry can go.
    pub opened_by_key: [u64; MAX_KEYS],
}

impl Statistics {
    pub(super) fn of(keyspaces: Vec<(String, Counts)>, errors: Vec<(ErrorKind, u64)>) -> Self {
        let mut total = Counts::default();
        keyspaces.iter().for_each(|(_, counts)| total += *counts);
        Self { total, keyspaces, errors, ..Self::default() }
    }

    /// The counts of one keyspace; zeros when nothing was asked of it.
    #[must_use]
    pub fn keyspace(&self, name: &str) -> Counts {
        let found = self.keyspaces.iter().find(|(own, _)| own == name);
        found.map_or_else(Counts::default, |(_, counts)| *counts)
    }

    /// Calls of a tier that failed.
    #[must_use]
    pub fn tier_errors(&self) -> u64 {
        self.errors.iter().map(|(_, count)| count).sum()
    }
}

impl Deref for Statistics {
    type Target = Counts;

    fn deref(&self) -> &Counts {
        &self.total
    }
}

type Column = (&'static str, fn(&Counts) -> u64);

const COLUMNS: [Column; 12] = [
    ("requests", Counts::requests),
    ("near", |counts| counts.near_hits),
    ("far", |counts| counts.far_hits),
    ("negative", |counts| counts.negative_hits),
    ("stale", |counts| counts.stale),
    ("coalesced", |counts| counts.coalesced),
    ("misses", |counts| counts.misses),
    ("loads", |counts| counts.loads),
    ("failed", |counts| counts.load_failures),
    ("overtaken", |counts| counts.overtaken),
    ("rejected", |counts| counts.rejected),
    ("evicted", |counts| counts.evicted),
];

impl fmt::Display for Statistics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let shown = |name: &str| if name.is_empty() { "(direct)".to_owned() } else { name.to_owned() };
        let mut rows: Vec<_> = self.keyspaces.iter().map(|(name, counts)| (shown(name), counts)).collect();
        rows.push(("all".to_owned(), &self.total));
        let width = rows.iter().map(|(name, _)| name.chars().count()).max().unwrap_or(0).max(8);
        write!(f, "{:<width$}", "keyspace")?;
        COLUMNS.iter().try_for_each(|(name, _)| write!(f, " {name:>9}"))?;
        for (name, counts) in rows {
            write!(f, "\n{name:<width$}")?;
            COLUMNS.iter().try_for_each(|(_, count)| write!(f, " {:>9}", count(counts)))?;
        }
        write!(
            f,
            "\nnear tier: {} entries, {} bytes; loading now: {}; tier errors: {}",
            self.near_entries,
            self.near_bytes,
            self.loading,
            self.tier_errors()
        )?;
        if self.opened_by_key.iter().any(|opened| *opened > 0) {
            write!(f, "\nsealed frames opened, by key: {:?}", self.opened_by_key)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_table_has_a_row_for_each_keyspace_and_one_for_all() {
        let user = Counts { near_hits: 8, misses: 2, loads: 2, ..Counts::default() };
        let direct = Counts { far_hits: 1, bypassed: 1, ..Counts::default() };
        let keyspaces = vec![(String::new(), direct), ("app.user".to_owned(), user)];
        let statistics = Statistics::of(keyspaces, vec![(ErrorKind::Timeout, 3)]);
        assert_eq!((statistics.requests(), statistics.keyspace("app.user").hits()), (12, 8));
        let table = "\
keyspace  requests      near       far  negative     stale coalesced    misses     loads    failed overtaken  rejected   evicted
(direct)         2         0         1         0         0         0         0         0         0         0         0         0
app.user        10         8         0         0         0         0         2         2         0         0         0         0
all             12         8         1         0         0         0         2         2         0         0         0         0
near tier: 0 entries, 0 bytes; loading now: 0; tier errors: 3";
        assert_eq!(statistics.to_string(), table);
        let sealed = Statistics { opened_by_key: [5, 1, 0, 0], ..statistics };
        assert_eq!(sealed.to_string(), format!("{table}\nsealed frames opened, by key: [5, 1, 0, 0]"));
    }
}
