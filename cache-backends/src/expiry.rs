//! Which entries of a store end when: touched by inserts and removals, never by a hit.
//!
//! Invariant: every entry that is held and ends one day is listed under its deadline, and counted in its bucket
//! until it leaves the store. What leaves is only uncounted, since finding it on a list would cost more than the
//! insert that drove it out; a list whose entries have all left goes as a whole, and lists that have become mostly
//! stale are pruned, one per insert. So there are never many more listed than held.

use std::cmp::Reverse;
use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BinaryHeap};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cache_core::time::Tick;

/// How many listed entries one insert gives back at most: more than one, so that the expired get fewer, and few,
/// so that no insert pays for all of them.
const SWEPT: usize = 8;
/// Deadlines within 2^27 ns (an eighth of a second) share a list.
const BUCKET_BITS: u32 = 27;
/// So many may be listed per entry that is held, before lists are pruned.
const STALE: usize = 4;
/// How many lists one insert looks at to find one that is worth pruning.
const LOOKED_AT: usize = 8;

/// A deadline, and what names the entry that ends then: the near store has the hash of its key.
pub(crate) type Listed<N> = (Tick, N);
/// What was listed under a deadline that has been reached.
pub(crate) type Ended<N> = [Option<N>; SWEPT];

#[derive(Debug)]
pub(crate) struct Deadlines<N>(Mutex<Lists<N>>);

#[derive(Debug)]
struct Lists<N> {
    buckets: BTreeMap<u64, Bucket<N>>,
    listed: usize,
    held: usize,
    /// Where pruning goes on.
    hand: u64,
}

#[derive(Debug)]
struct Bucket<N> {
    soonest: BinaryHeap<Reverse<Listed<N>>>,
    held: usize,
}

impl<N> Default for Deadlines<N> {
    fn default() -> Self {
        Self(Mutex::new(Lists { buckets: BTreeMap::new(), listed: 0, held: 0, hand: 0 }))
    }
}

impl<N: Ord> Deadlines<N> {
    /// Lists an entry that is about to be stored; takes some off whose deadlines have been reached by now.
    pub(crate) fn list(&self, name: N, deadline: Tick, now: Tick) -> Ended<N> {
        let mut lists = self.locked();
        let ended = lists.take_ended(now);
        if deadline != Tick::NEVER {
            lists.add(name, deadline);
        }
        ended
    }

    /// Takes some off whose deadlines have been reached by now.
    #[cfg(feature = "memory")]
    pub(crate) fn take_ended(&self, now: Tick) -> Ended<N> {
        self.locked().take_ended(now)
    }

    /// Uncounts entries with these deadlines: they have left the store.
    pub(crate) fn forget(&self, deadlines: impl IntoIterator<Item = Tick>) {
        let mut lists = self.locked();
        deadlines
            .into_iter()
            .filter(|deadline| *deadline != Tick::NEVER)
            .for_each(|gone| lists.uncount(gone));
    }

    /// Takes a list away, if too much is listed and this list is mostly stale. What is still held of it comes back
    /// with [`Deadlines::relist`].
    pub(crate) fn take_stale(&self) -> Option<Vec<Listed<N>>> {
        let mut lists = self.locked();
        if lists.listed <= STALE * lists.held + 1_024 {
            return None;
        }
        lists.take_stale()
    }

    /// Puts back what was taken and is still held; it was counted all the time.
    pub(crate) fn relist(&self, mut still_held: Vec<Listed<N>>) {
        still_held.sort_unstable();
        still_held.dedup();
        let lists = &mut *self.locked();
        for listed in still_held {
            if let Some(bucket) = lists.buckets.get_mut(&number(listed.0)) {
                bucket.soonest.push(Reverse(listed));
                lists.listed += 1;
            }
        }
    }

    /// How many are listed, and of how many entries.
    #[cfg(test)]
    pub(crate) fn listed_and_held(&self) -> (usize, usize) {
        let lists = self.locked();
        (lists.listed, lists.held)
    }

    fn locked(&self) -> MutexGuard<'_, Lists<N>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<N: Ord> Lists<N> {
    fn add(&mut self, name: N, deadline: Tick) {
        let empty = || Bucket { soonest: BinaryHeap::new(), held: 0 };
        let bucket = self.buckets.entry(number(deadline)).or_insert_with(empty);
        bucket.soonest.push(Reverse((deadline, name)));
        bucket.held += 1;
        self.listed += 1;
        self.held += 1;
    }

    fn uncount(&mut self, deadline: Tick) {
        let Entry::Occupied(mut bucket) = self.buckets.entry(number(deadline)) else { return };
        self.held -= 1;
        bucket.get_mut().held -= 1;
        if bucket.get().held == 0 {
            self.listed -= bucket.remove().soonest.len();
        }
    }

    fn take_ended(&mut self, now: Tick) -> Ended<N> {
        let mut ended: Ended<N> = std::array::from_fn(|_| None);
        let mut room = ended.iter_mut();
        for bucket in self.buckets.range_mut(..=number(now)).map(|(_, bucket)| bucket) {
            while bucket.soonest.peek().is_some_and(|Reverse((deadline, _))| *deadline <= now) {
                let Some(place) = room.next() else { return ended };
                *place = bucket.soonest.pop().map(|Reverse((_, name))| name);
                self.listed -= 1;
            }
        }
        ended
    }

    fn take_stale(&mut self) -> Option<Vec<Listed<N>>> {
        for _ in 0..LOOKED_AT {
            let Some((at, bucket)) = self.buckets.range_mut(self.hand..).next() else {
                self.hand = 0;
                continue;
            };
            self.hand = at + 1;
            if bucket.soonest.len() > 2 * bucket.held {
                let taken = std::mem::take(&mut bucket.soonest);
                self.listed -= taken.len();
                return Some(taken.into_iter().map(|Reverse(listed)| listed).collect());
            }
        }
        None
    }
}

fn number(deadline: Tick) -> u64 {
    deadline.0 >> BUCKET_BITS
}
