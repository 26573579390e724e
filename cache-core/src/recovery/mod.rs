//! Recovery: what the primary has to be told before it may serve again.
//!
//! Promise: an invalidation that could not reach the primary is not forgotten. Until the journal has been
//! applied the primary is in quarantine; a journal that would grow without bound becomes "clear everything",
//! so that the primary is at worst empty, never wrong.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::key::{CacheKey, KeyPattern};
use crate::time::WallTime;

/// How many invalidations are kept apart.
const KEPT: usize = 10_000;

/// Invalidations that the primary has not seen.
#[derive(Debug, Default)]
pub(crate) struct Journal {
    pending: AtomicBool,
    entries: Mutex<Entries>,
}

/// What is to be removed from the primary, or to be ended there.
#[derive(Debug, Default)]
pub(crate) struct Entries {
    pub(crate) keys: HashSet<CacheKey>,
    /// Keys whose lives ended then, and that are not to be removed.
    pub(crate) expired: HashMap<CacheKey, WallTime>,
    pub(crate) patterns: Vec<KeyPattern>,
    pub(crate) everything: bool,
}

impl Entries {
    fn add(&mut self, other: Self) {
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
            *self = Self { everything: true, ..Self::default() };
        }
    }

    /// How many invalidations these are.
    pub(crate) fn len(&self) -> u64 {
        (self.keys.len() + self.expired.len() + self.patterns.len()) as u64 + u64::from(self.everything)
    }
}

impl Journal {
    /// Whether the primary is in quarantine. One load.
    pub(crate) fn is_pending(&self) -> bool {
        self.pending.load(Ordering::Acquire)
    }

    /// How many invalidations are pending.
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

    /// Takes what is pending. The quarantine stays until [`Taken::settle`]; dropped before, it is put back.
    pub(crate) fn take(&self) -> Taken<'_> {
        Taken { journal: self, entries: std::mem::take(&mut *self.lock()) }
    }

    fn add(&self, more: Entries) {
        let mut entries = self.lock();
        entries.add(more);
        self.pending.store(true, Ordering::Release);
    }

    /// No user code runs under this lock, so a poisoned one still holds a sound journal.
    fn lock(&self) -> std::sync::MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Invalidations that are being applied.
#[derive(Debug)]
pub(crate) struct Taken<'a> {
    journal: &'a Journal,
    entries: Entries,
}

impl Taken<'_> {
    /// What is to be applied.
    pub(crate) fn entries(&self) -> &Entries {
        &self.entries
    }

    /// Says that all of it has been applied; how many invalidations that were. Ends the quarantine, unless
    /// something came in meanwhile.
    pub(crate) fn settle(mut self) -> u64 {
        let applied = std::mem::take(&mut self.entries).len();
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
        let unapplied = std::mem::take(&mut self.entries);
        if unapplied.len() > 0 {
            self.journal.add(unapplied);
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
