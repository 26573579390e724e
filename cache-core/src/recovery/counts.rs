//! Counts that the primary has to be told of: what was added to counters while it was away.
//!
//! Promise: at most [`KEPT`] counters; a count is handed out once. Not a word of it puts the primary in doubt: counters
//! beyond the bound are not kept, where an invalidation would clear everything.

use std::collections::HashMap;

use crate::key::{CacheKey, KeyPattern};
use crate::time::{Life, Tick};

/// How many counters are kept apart.
const KEPT: usize = 10_000;

/// What is to be added, by counter.
#[derive(Debug, Default)]
pub(crate) struct Counts {
    held: HashMap<CacheKey, Count>,
    /// Before that none of them ends: a full table needs no sweep.
    first_end: Option<Tick>,
}

/// What is to be added to one counter.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Count {
    by: i64,
    /// When the life ended that the counter began with. One that the primary has keeps its own.
    until: Tick,
}

impl Count {
    pub(crate) fn new(by: i64, until: Tick) -> Self {
        Self { by, until }
    }

    /// What is to be added, and what is left of the life; `None` when that is over.
    pub(crate) fn due(self, now: Tick) -> Option<(i64, Life)> {
        self.until.remaining(now).map(|life| (self.by, life))
    }
}

impl Counts {
    pub(super) fn len(&self) -> usize {
        self.held.len()
    }

    /// Adds; whether there was room. What has ended makes room.
    pub(super) fn add(&mut self, key: &CacheKey, count: Count, now: Tick) -> bool {
        if self.held.get(key).is_some_and(|held| held.due(now).is_none()) {
            self.held.remove(key);
        }
        if !self.held.contains_key(key) && !self.has_room(now) {
            return false;
        }
        self.merge(key.clone(), count);
        true
    }

    fn has_room(&mut self, now: Tick) -> bool {
        if self.held.len() >= KEPT && self.first_end.is_none_or(|end| end <= now) {
            self.held.retain(|_, held| held.due(now).is_some());
            self.first_end = self.held.values().map(|held| held.until).min();
        }
        self.held.len() < KEPT
    }

    fn merge(&mut self, key: CacheKey, count: Count) {
        let held = self.held.entry(key).or_insert(Count { by: 0, ..count });
        held.by = held.by.saturating_add(count.by);
        self.first_end = self.first_end.map(|end| end.min(held.until));
    }

    /// Adds what was counted later.
    pub(super) fn append(&mut self, later: Self) {
        for (key, count) in later.held {
            self.merge(key, count);
        }
    }

    /// Forgets counters that were removed.
    pub(super) fn forget(&mut self, removed: impl Fn(&CacheKey) -> bool) {
        if !self.held.is_empty() {
            self.held.retain(|key, _| !removed(key));
        }
    }

    pub(super) fn forget_matching(&mut self, patterns: &[KeyPattern]) {
        if !patterns.is_empty() {
            self.forget(|key| patterns.iter().any(|pattern| pattern.matches(key.as_str())));
        }
    }

    /// Hands out one of them, and forgets it.
    pub(super) fn pop(&mut self) -> Option<(CacheKey, Count)> {
        let key = self.held.keys().next().cloned()?;
        self.held.remove_entry(&key)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Namespace;
    use std::time::Duration;

    fn key(text: &str) -> CacheKey {
        CacheKey::direct(&Namespace::default(), text).unwrap()
    }

    #[test]
    fn a_counter_keeps_its_end_and_begins_anew_after_it() {
        let mut counts = Counts::default();
        assert!(counts.add(&key("n"), Count::new(2, Tick(10)), Tick(0)));
        assert!(counts.add(&key("n"), Count::new(3, Tick(19)), Tick(9)));
        assert_eq!(counts.held[&key("n")], Count::new(5, Tick(10)));
        assert!(counts.add(&key("n"), Count::new(3, Tick(20)), Tick(10)));
        let (_, count) = counts.pop().unwrap();
        assert_eq!(count, Count::new(3, Tick(20)));
        assert_eq!(count.due(Tick(15)), Some((3, Life::For(Duration::from_nanos(5)))));
        assert_eq!((count.due(Tick(20)), counts.pop()), (None, None));
    }

    #[test]
    fn what_has_ended_makes_room_and_nothing_overflows() {
        let mut counts = Counts::default();
        for number in 0..KEPT {
            let until = if number < 2 { Tick(5) } else { Tick::NEVER };
            assert!(counts.add(&key(&format!("n:{number}")), Count::new(i64::MAX, until), Tick(0)));
        }
        assert!(!counts.add(&key("late"), Count::new(1, Tick::NEVER), Tick(4)));
        assert!(counts.add(&key("n:7"), Count::new(1, Tick::NEVER), Tick(4)), "it has its place");
        assert_eq!(counts.held[&key("n:7")], Count::new(i64::MAX, Tick::NEVER));
        assert!(counts.add(&key("late"), Count::new(1, Tick::NEVER), Tick(5)));
        assert_eq!(counts.len(), KEPT - 1);
    }
}
