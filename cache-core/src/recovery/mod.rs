//! Recovery: what the primary has to be told before it may serve again.
//!
//! Promise: an invalidation that could not reach the primary is not forgotten. Until the journal has been
//! applied the primary is in quarantine; a journal that would grow without bound becomes "clear everything",
//! so that the primary is at worst empty, never wrong. What was added to counters meanwhile is told too ([`counts`]).
//! A primary that refuses to be told is asked again after a pause ([`refusals`]).

mod counts;
mod refusals;

pub(crate) use counts::Count;

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::key::{CacheKey, KeyPattern};
use crate::port::clock::Clock;
use crate::time::{Tick, WallTime};
use counts::Counts;
use refusals::Refusals;

/// How many invalidations are kept apart.
const KEPT: usize = 10_000;

/// Invalidations that the primary has not seen.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pub(crate) refusals: Refusals,
    clock: Clock,
    pending: AtomicBool,
    /// Since when it is, in milliseconds of the wall clock.
    since: AtomicU64,
    entries: Mutex<Entries>,
}

/// What keeps the primary from serving.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Quarantine {
    /// Since when it has not been told everything.
    pub since: WallTime,
    /// How many changes it has not been told of: invalidations, and counters that were counted aside.
    pub owed: u64,
    /// What it refused when it was last told of them, and how that is mended; `None` while it merely was away. It is told
    /// again after at most ten seconds, so mending it is enough.
    pub refusal: Option<String>,
}

/// What is to be removed from the primary, or to be ended there; and what is to be added behind that.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) keys: HashSet<CacheKey>,
    /// Keys whose lives ended then, and that are not to be removed.
    pub(crate) expired: HashMap<CacheKey, WallTime>,
    pub(crate) patterns: Vec<KeyPattern>,
    pub(crate) everything: bool,
    /// Of counters that were not removed since.
    counts: Counts,
}

impl Entries {
    /// Adds what came later.
    fn add(&mut self, mut other: Self) {
        self.forget_counts(&other);
        self.counts.append(std::mem::take(&mut other.counts));
        self.everything |= other.everything;
        self.keys.extend(other.keys);
        for (key, at) in other.expired {
            let ended = self.expired.entry(key).or_insert(at);
            *ended = at.max(*ended);
        }
        // What is removed has no life to end.
        self.expired.retain(|key, _| !self.keys.contains(key));
        for pattern in other.patterns {
            if !self.patterns.contains(&pattern) {
                self.patterns.push(pattern);
            }
        }
        if self.everything || self.keys.len() + self.expired.len() + self.patterns.len() > KEPT {
            *self = Self { everything: true, counts: std::mem::take(&mut self.counts), ..Self::default() };
        }
    }

    /// What was counted before a counter was removed is gone with it.
    fn forget_counts(&mut self, removed: &Self) {
        self.counts.forget(|key| {
            removed.everything || removed.keys.contains(key) || removed.expired.contains_key(key)
        });
        self.counts.forget_matching(&removed.patterns);
    }

    /// How many changes these are.
    pub(crate) fn len(&self) -> u64 {
        self.invalidations() + self.counts.len() as u64
    }

    fn invalidations(&self) -> u64 {
        (self.keys.len() + self.expired.len() + self.patterns.len()) as u64 + u64::from(self.everything)
    }
}

impl Journal {
    pub(crate) fn new(clock: Clock) -> Self {
        Self { clock, ..Self::default() }
    }

    /// What keeps the primary from serving, if anything does.
    pub(crate) fn quarantine(&self) -> Option<Quarantine> {
        self.is_pending().then(|| Quarantine {
            since: WallTime(self.since.load(Ordering::Acquire)),
            owed: self.len(),
            refusal: self.refusals.why(),
        })
    }

    /// Whether the primary is in quarantine. One load.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// How many changes are pending.
    pub(crate) fn len(&self) -> u64 {
        self.lock().len()
    }

    /// Notes a key.
    pub(crate) fn key(&self, key: &CacheKey) {
        self.add(Entries { keys: HashSet::from([key.clone()]), ..Entries::default() });
    }

    /// Notes that the life of a key ended at this time.
    pub(crate) fn expired(&self, key: &CacheKey, at: WallTime) {
        self.add(Entries { expired: HashMap::from([(key.clone(), at)]), ..Entries::default() });
    }

    /// Notes many keys.
    pub(crate) fn keys(&self, keys: &[CacheKey]) {
        self.add(Entries { keys: keys.iter().cloned().collect(), ..Entries::default() });
    }

    /// Notes a pattern.
    pub(crate) fn pattern(&self, pattern: &KeyPattern) {
        self.add(Entries { patterns: vec![pattern.clone()], ..Entries::default() });
    }

    /// Notes that everything is to go.
    pub(crate) fn everything(&self) {
        self.add(Entries { everything: true, ..Entries::default() });
    }

    /// Notes what was added to a counter; whether there was room for it.
    pub(crate) fn count(&self, key: &CacheKey, count: Count, now: Tick) -> bool {
        let mut entries = self.lock();
        let noted = entries.counts.add(key, count, now);
        if noted {
            self.begin();
        }
        noted
    }

    /// Takes what is pending. The quarantine stays until [`Taken::settle`]; dropped before, it is put back.
    pub(crate) fn take(&self) -> Taken<'_> {
        Taken { journal: self, entries: std::mem::take(&mut *self.lock()), applied: 0 }
    }

    fn add(&self, more: Entries) {
        let mut entries = self.lock();
        entries.add(more);
        self.begin();
    }

    /// The quarantine begins, unless it has. Under the lock of the entries.
    fn begin(&self) {
        if !self.is_pending() {
            self.since.store(self.clock.wall().0, Ordering::Release);
            self.pending.store(true, Ordering::Release);
        }
    }

    /// No user code runs under this lock, so a poisoned one still holds a sound journal.
    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Changes that are being applied.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    journal: &'a Journal,
    entries: Entries,
    applied: u64,
}

impl Taken<'_> {
    /// What is to be applied.
    pub(crate) fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Says that the invalidations have been applied: put back, they would undo what is counted from now on.
    pub(crate) fn invalidated(&mut self) {
        self.applied += self.entries.invalidations();
        let counts = std::mem::take(&mut self.entries.counts);
        self.entries = Entries { counts, ..Entries::default() };
    }

    /// Hands out a count, which is never put back: sent twice, it would count twice.
    pub(crate) fn pop_count(&mut self) -> Option<(CacheKey, Count)> {
        let count = self.entries.counts.pop()?;
        self.applied += 1;
        Some(count)
    }

    /// Says that all of it has been applied; how many changes that were. Ends the quarantine, unless
    /// something came in meanwhile.
    pub(crate) fn settle(mut self) -> u64 {
        let applied = self.applied + std::mem::take(&mut self.entries).len();
        let waiting = self.journal.lock();
        if waiting.len() == 0 {
            self.journal.pending.store(false, Ordering::Release);
        }
        drop(waiting);
        applied
    }
}

impl Drop for Taken<'_> {
    fn drop(&mut self) {
        let mut unapplied = std::mem::take(&mut self.entries);
        if unapplied.len() > 0 {
            let mut waiting = self.journal.lock();
            unapplied.add(std::mem::take(&mut *waiting));
            *waiting = unapplied;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Namespace;

    fn key(text: &str) -> CacheKey {
        CacheKey::direct(&Namespace::default(), text).unwrap()
    }

    #[test]
    fn the_quarantine_ends_when_everything_has_been_applied() {
        let journal = Journal::default();
        assert!(!journal.is_pending());
        journal.key(&key("a"));
        journal.key(&key("a"));
        let dropped = journal.take();
        assert_eq!((dropped.entries().len(), journal.is_pending()), (1, true));
        drop(dropped);
        let taken = journal.take();
        journal.key(&key("b"));
        assert_eq!((taken.settle(), journal.is_pending()), (1, true));
        assert_eq!((journal.take().settle(), journal.is_pending()), (1, false));
    }

    #[test]
    fn a_journal_that_overflows_clears_everything() {
        let journal = Journal::default();
        for index in 0..=KEPT {
            journal.key(&key(&format!("user:{index}")));
        }
        let taken = journal.take();
        assert!(taken.entries().everything && taken.entries().keys.is_empty());
        assert_eq!(taken.settle(), 1);
    }

    #[test]
    fn what_is_removed_has_no_life_to_end_whichever_came_first() {
        let journal = Journal::default();
        journal.expired(&key("kept"), WallTime(7));
        journal.expired(&key("kept"), WallTime(5));
        journal.expired(&key("removed"), WallTime(7));
        journal.key(&key("removed"));
        journal.expired(&key("removed"), WallTime(9));
        let taken = journal.take();
        assert_eq!(taken.entries().expired, HashMap::from([(key("kept"), WallTime(7))]));
        assert_eq!(taken.settle(), 2);
    }
}
