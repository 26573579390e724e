//! One thread's copies of one manager's entries.

use std::any::Any;
use std::sync::{Arc, Weak};

use super::Fronted;
use super::seats::Seats;
use super::set::{Set, WAYS};
use crate::key::{NearName, NearProbe};
use crate::port::near::{Held, Judged, NearEntry};
use crate::time::Tick;

/// The copies, in sets; none when there was no seat for this thread.
#[derive(Debug)]
pub(super) struct Copies {
    seats: Weak<Seats>,
    sets: Box<[Set]>,
    copies: Box<[[Option<Copied>; WAYS]]>,
    grounds: Box<[[Option<Grounds>; WAYS]]>,
}

/// What a hit looks at, on one line of the processor's cache.
#[derive(Debug)]
#[repr(align(64))]
struct Copied {
    name: NearName,
    value: Weak<dyn Any + Send + Sync>,
    fresh_until: Tick,
    /// How often stamps had moved when the copy was last found to hold.
    moves: u64,
}

/// What is looked at only when a stamp has moved since.
#[derive(Debug, Clone, Copy)]
struct Grounds {
    judged: Judged,
    sweeps: u64,
}

impl Copies {
    pub(super) fn new(seats: Weak<Seats>, sets: usize) -> Self {
        Self {
            seats,
            sets: vec![Set::default(); sets].into_boxed_slice(),
            copies: (0..sets).map(|_| [const { None }; WAYS]).collect(),
            grounds: (0..sets).map(|_| [const { None }; WAYS]).collect(),
        }
    }

    #[inline]
    pub(super) fn are_of(&self, seats: &Arc<Seats>) -> bool {
        std::ptr::eq(self.seats.as_ptr(), Arc::as_ptr(seats))
    }

    /// Whether their manager is still there.
    pub(super) fn are_used(&self) -> bool {
        self.seats.strong_count() > 0
    }

    #[inline]
    pub(super) fn find<P: NearProbe>(
        &mut self,
        probe: &P,
        moves: u64,
        is_timely: impl FnOnce(Tick) -> bool,
        holds: impl FnOnce(&Judged, u64) -> bool,
    ) -> Fronted {
        let hash = probe.hash();
        let at = place(hash, self.sets.len());
        let (Some(set), Some(copies)) = (self.sets.get_mut(at), self.copies.get_mut(at)) else {
            return Fronted::Ask;
        };
        let found = set.way(hash).and_then(|way| Some((way, copies.get_mut(way)?.as_mut()?)));
        let Some((way, copied)) = found.filter(|(_, copied)| probe.is_named(&copied.name)) else {
            return if set.misses() { Fronted::Keep } else { Fronted::Ask };
        };
        if set.is_seen(way) {
            return Fronted::Ask;
        }
        let grounds = || self.grounds.get(at)?.get(way)?.as_ref();
        let still_holds = || grounds().is_some_and(|Grounds { judged, sweeps }| holds(judged, *sweeps));
        match copied.answer(moves, is_timely, still_holds) {
            Some(value) => Fronted::Found(value, set.is_negative(way)),
            None => Fronted::Keep,
        }
    }

    pub(super) fn keep(&mut self, hash: u64, name: NearName, entry: &NearEntry, sweeps: u64) {
        let at = place(hash, self.sets.len());
        let (Some(set), Some(copies), Some(grounds)) =
            (self.sets.get_mut(at), self.copies.get_mut(at), self.grounds.get_mut(at))
        else {
            return;
        };
        let judged = entry.meta.judged();
        let way = set.give_place(hash, judged.negative);
        if let (Some(copy), Some(ground)) = (copies.get_mut(way), grounds.get_mut(way)) {
            *copy = Some(Copied::new(name, entry));
            *ground = Some(Grounds { judged, sweeps });
        }
    }
}

impl Copied {
    fn new(name: NearName, entry: &NearEntry) -> Self {
        let value = Arc::downgrade(&entry.value);
        // Nothing has been found to hold yet.
        Self { name, value, fresh_until: entry.meta.fresh_until, moves: u64::MAX }
    }

    /// The value, if it may be served.
    #[inline]
    fn answer(
        &mut self,
        moves: u64,
        is_timely: impl FnOnce(Tick) -> bool,
        still_holds: impl FnOnce() -> bool,
    ) -> Option<Held> {
        if self.moves != moves {
            if !still_holds() {
                return None;
            }
            self.moves = moves;
        }
        is_timely(self.fresh_until).then(|| self.value.upgrade())?
    }
}

impl Drop for Copies {
    fn drop(&mut self) {
        if let Some(seats) = self.seats.upgrade().filter(|_| !self.sets.is_empty()) {
            seats.give_back();
        }
    }
}

/// The bits that name a set are not those that name a shard of the store, nor those of the tag.
#[inline]
fn place(hash: u64, places: usize) -> usize {
    usize::try_from(hash >> 24).unwrap_or(0) & places.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_hit_looks_at_is_one_line_of_the_processors_cache() {
        assert_eq!(size_of::<Option<Copied>>(), 64);
        let set = size_of::<Set>() + WAYS * (size_of::<Option<Copied>>() + size_of::<Option<Grounds>>());
        assert!(1_024 * set <= 440 * 1_024, "the decision record says what a front takes");
    }
}
