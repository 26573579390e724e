//! The budget of remembered absence.
//!
//! Promise: however many ids are asked for that do not exist, their absence takes at most a tenth of the near tier, so
//! that it drives out older absence, never the values that are hit.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use crate::key::CacheKey;
use crate::port::near::Bounds;

/// One in so many parts of the near tier.
const SHARE: u64 = 10;

/// The absences in the near tier, oldest first.
#[derive(Debug)]
pub(in crate::engine) struct Absences {
    most: Bounds,
    held: Mutex<Held>,
}

#[derive(Debug, Default)]
struct Held {
    oldest_first: VecDeque<Absence>,
    /// The latest turn of each key: an absence that was remembered again is as young as that.
    turns: HashMap<u128, u64, foldhash::fast::RandomState>,
    turn: u64,
    bytes: u64,
}

#[derive(Debug)]
struct Absence {
    key: CacheKey,
    turn: u64,
    bytes: u64,
}

impl Absences {
    /// A share of a near store with these bounds.
    pub(in crate::engine) fn new(near: Bounds) -> Self {
        let share = |bound: u64| (bound / SHARE).max(1);
        let most = Bounds { entries: share(near.entries), bytes: share(near.bytes) };
        Self { most, held: Mutex::default() }
    }

    /// Notes an absence that was stored; those that have to go for it, oldest first.
    pub(in crate::engine) fn note(&self, key: &CacheKey, bytes: u32) -> Vec<CacheKey> {
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.turn += 1;
        let (turn, bytes) = (held.turn, u64::from(bytes));
        held.turns.insert(key.fingerprint(), turn);
        held.bytes += bytes;
        held.oldest_first.push_back(Absence { key: key.clone(), turn, bytes });
        let mut gone = Vec::new();
        while held.oldest_first.len() as u64 > self.most.entries || held.bytes > self.most.bytes {
            let Some(oldest) = held.oldest_first.pop_front() else { break };
            held.bytes -= oldest.bytes;
            if held.turns.get(&oldest.key.fingerprint()) == Some(&oldest.turn) {
                held.turns.remove(&oldest.key.fingerprint());
                gone.push(oldest.key);
            }
        }
        gone
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Namespace;

    fn key(index: usize) -> CacheKey {
        CacheKey::direct(&Namespace::default(), &format!("user:{index}")).unwrap()
    }

    fn names(keys: &[CacheKey]) -> Vec<String> {
        keys.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn the_oldest_absence_goes_and_one_that_is_asked_for_again_is_young() {
        let absences = Absences::new(Bounds { entries: 30, bytes: u64::MAX });
        for index in 0..3 {
            assert!(absences.note(&key(index), 1).is_empty());
        }
        assert!(absences.note(&key(0), 1).is_empty(), "only its older turn goes");
        assert_eq!(names(&absences.note(&key(4), 1)), names(&[key(1)]));
    }

    #[test]
    fn bytes_are_bounded_too_and_nothing_grows() {
        let absences = Absences::new(Bounds { entries: u64::MAX, bytes: 1_000 });
        let gone: usize = (0..10_000).map(|index| absences.note(&key(index), 30).len()).sum();
        let held = absences.held.lock().unwrap();
        assert_eq!((gone, held.oldest_first.len(), held.turns.len(), held.bytes), (9_997, 3, 3, 90));
    }
}
