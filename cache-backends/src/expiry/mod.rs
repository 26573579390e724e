//! Which entries of a store end when: touched by inserts and removals, never by a hit.
//!
//! Promise: every call takes a bounded time, whatever has ended and however much is listed. Invariant: an entry that ends one day
//! is listed once, from before it is stored until it leaves the store or is handed out as ended. It knows its place on
//! the list, so that taking it off searches for nothing. Where entries are listed: `slots`.

mod slots;

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use cache_core::time::Tick;

pub(crate) use slots::Place;
use slots::{Number, Slots};

/// How many listed entries one insert looks at to give them back: more than one, so that the expired get fewer, and few,
/// so that no insert pays for all of them.
const SWEPT: usize = 8;
/// Deadlines within 2^27 ns (an eighth of a second) share a list, in the order in which they came.
const BUCKET_BITS: u32 = 27;

/// What was listed under a deadline that has been reached: what names the entry (the near store has the hash of its key).
pub(crate) type Ended<N> = [Option<N>; SWEPT];

#[derive(Debug)]
pub(crate) struct Deadlines<N>(Mutex<Lists<N>>);

#[derive(Debug)]
struct Lists<N> {
    /// By what their deadlines have in common; none is empty.
    buckets: BTreeMap<u64, Bucket>,
    listed: Slots<Listed<N>>,
}

/// The first and the last of a list.
#[derive(Debug)]
struct Bucket {
    first: Number,
    last: Number,
}

#[derive(Debug)]
struct Listed<N> {
    name: N,
    deadline: Tick,
    before: Option<Number>,
    after: Option<Number>,
}

impl<N> Default for Deadlines<N> {
    fn default() -> Self {
        Self(Mutex::new(Lists { buckets: BTreeMap::new(), listed: Slots::default() }))
    }
}

impl<N> Deadlines<N> {
    /// Lists an entry that is about to be stored; takes some off whose deadlines have been reached by now.
    pub(crate) fn list(&self, name: N, deadline: Tick, now: Tick) -> (Option<Place>, Ended<N>) {
        let mut lists = self.locked();
        let ended = lists.take_ended(now);
        let place = if deadline == Tick::NEVER { None } else { lists.add(name, deadline) };
        (place, ended)
    }

    /// Takes some off whose deadlines have been reached by now: of the last eighth of a second perhaps not all.
    #[cfg(feature = "memory")]
    pub(crate) fn take_ended(&self, now: Tick) -> Ended<N> {
        self.locked().take_ended(now)
    }

    /// Takes an entry off that has left the store, if it is still listed.
    pub(crate) fn forget(&self, place: Option<Place>) {
        // What is dropped is dropped after the lock.
        let _gone = place.and_then(|place| self.locked().remove(place));
    }

    /// How many are listed.
    #[cfg(test)]
    pub(crate) fn len(&self) -> usize {
        self.locked().listed.len()
    }

    fn locked(&self) -> MutexGuard<'_, Lists<N>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N> Lists<N> {
    fn add(&mut self, name: N, deadline: Tick) -> Option<Place> {
        let before = self.buckets.get(&number(deadline)).map(|bucket| bucket.last);
        let place = self.listed.insert(Listed { name, deadline, before, after: None })?;
        if let Some(before) = before.and_then(|before| self.listed.at_mut(before)) {
            before.after = Some(place.slot);
        }
        let alone = || Bucket { first: place.slot, last: place.slot };
        self.buckets.entry(number(deadline)).or_insert_with(alone).last = place.slot;
        Some(place)
    }

    fn remove(&mut self, place: Place) -> Option<N> {
        let Listed { name, deadline, before, after } = self.listed.remove(place)?;
        if let Some(before) = before.and_then(|before| self.listed.at_mut(before)) {
            before.after = after;
        }
        if let Some(after) = after.and_then(|after| self.listed.at_mut(after)) {
            after.before = before;
        }
        match (before, after) {
            (Some(_), Some(_)) => {}
            (None, None) => drop(self.buckets.remove(&number(deadline))),
            (None, Some(first)) => self.buckets.get_mut(&number(deadline))?.first = first,
            (Some(last), None) => self.buckets.get_mut(&number(deadline))?.last = last,
        }
        Some(name)
    }

    /// Looks at the first few whose list has begun to end. Of the list that time is in, some have not.
    fn take_ended(&mut self, now: Tick) -> Ended<N> {
        let mut next = self.first_of(0, now);
        std::array::from_fn(|_| {
            let (place, listed) = self.listed.at(next?)?;
            let deadline = listed.deadline;
            next = listed.after.or_else(|| self.first_of(number(deadline) + 1, now));
            if deadline <= now { self.remove(place) } else { None }
        })
    }

    /// The first of the first list from this number on that has begun to end.
    fn first_of(&self, from: u64, now: Tick) -> Option<Number> {
        let (number, bucket) = self.buckets.range(from..).next()?;
        (*number <= self::number(now)).then_some(bucket.first)
    }
}

fn number(deadline: Tick) -> u64 {
    deadline.0 >> BUCKET_BITS
}

#[cfg(test)]
mod tests;
