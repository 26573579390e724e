//! Where every entry lies.
//!
//! Promise: at most one place per fingerprint, and every change keeps the space accounts of the segments right.
//! A fingerprint is no proof of a key: whoever reads compares the key text in the record. An entry takes 40 bytes
//! plus the table's slack: 47 to 94 bytes of memory, whatever the length of its key (key texts stay on disk).

use std::collections::HashMap;
use std::collections::hash_map::{Entry, RandomState};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use cache_core::time::WallTime;

use super::place::{Fingerprint, Place};
use super::segment::cost;

/// How many locks share the index. Each is held for one look-up.
pub(super) const SHARDS: usize = 64;

/// The bit of a slot's length that says "was read since it was written or carried over".
const READ: u32 = 1 << 31;
/// No record is longer.
pub(super) const MAX_RECORD: u32 = READ - 1;

#[derive(Debug)]
struct Slot(Place);

impl Slot {
    fn place(&self) -> Place {
        Place { length: self.length(), ..self.0.clone() }
    }

    fn length(&self) -> u32 {
        self.0.length & !READ
    }
}

type Table = HashMap<Fingerprint, Slot, RandomState>;

/// The index of a log.
#[derive(Debug)]
pub(super) struct Index {
    shards: Box<[Mutex<Table>; SHARDS]>,
    entries: AtomicU64,
    live: AtomicU64,
}

impl Index {
    /// An empty one.
    pub(super) fn new() -> Self {
        let hasher = RandomState::new();
        let shards = std::array::from_fn(|_| Mutex::new(Table::with_hasher(hasher.clone())));
        Self { shards: Box::new(shards), entries: AtomicU64::new(0), live: AtomicU64::new(0) }
    }

    /// Makes room for this many more entries, so that loading them never rehashes.
    pub(super) fn reserve(&self, entries: usize) {
        for shard in 0..SHARDS {
            self.with(shard, |table| table.reserve(entries / SHARDS + entries / SHARDS / 16));
        }
    }

    /// How many entries there are, expired ones that were not swept yet included.
    pub(super) fn entries(&self) -> u64 {
        self.entries.load(Ordering::Relaxed)
    }

    /// What they take on disk.
    pub(super) fn live(&self) -> u64 {
        self.live.load(Ordering::Relaxed)
    }

    /// Where an entry lies.
    pub(super) fn place(&self, fingerprint: Fingerprint) -> Option<Place> {
        self.table(fingerprint).get(&fingerprint).map(Slot::place)
    }

    /// The same for a reader: remembers that it was read.
    pub(super) fn touch(&self, fingerprint: Fingerprint) -> Option<Place> {
        let mut table = self.table(fingerprint);
        let slot = table.get_mut(&fingerprint)?;
        let place = slot.place();
        slot.0.length |= READ;
        Some(place)
    }

    /// Points an entry at a new record; where it pointed before.
    pub(super) fn put(&self, fingerprint: Fingerprint, place: Place) -> Option<Place> {
        self.gained(&place);
        let old = self.table(fingerprint).insert(fingerprint, Slot(place)).map(|slot| slot.place());
        if let Some(old) = &old {
            self.lost(old);
        }
        old
    }

    /// Points an entry at the copy of its record, unless it has changed; whether it did, and the copy keeps no
    /// sign of earlier reads.
    pub(super) fn moved(&self, fingerprint: Fingerprint, from: &Place, to: Place) -> bool {
        let mut table = self.table(fingerprint);
        match table.get_mut(&fingerprint) {
            Some(slot) if slot.0.is(from) => {
                self.gained(&to);
                *slot = Slot(to);
                drop(table);
                self.lost(from);
                true
            }
            _ => false,
        }
    }

    /// Forgets an entry.
    pub(super) fn remove(&self, fingerprint: Fingerprint) -> Option<Place> {
        let old = self.table(fingerprint).remove(&fingerprint)?.place();
        self.lost(&old);
        Some(old)
    }

    /// Forgets an entry if it still points there.
    pub(super) fn remove_at(&self, fingerprint: Fingerprint, segment: u32, offset: u32) -> Option<Place> {
        let mut table = self.table(fingerprint);
        let Entry::Occupied(slot) = table.entry(fingerprint) else { return None };
        if !slot.get().0.is_at(segment, offset) {
            return None;
        }
        let old = slot.remove().place();
        drop(table);
        self.lost(&old);
        Some(old)
    }

    /// Whether an entry points there and was read since it was written or carried over.
    pub(super) fn is_hot(&self, fingerprint: Fingerprint) -> bool {
        self.table(fingerprint).get(&fingerprint).is_some_and(|slot| slot.0.length & READ != 0)
    }

    /// All entries of one shard, in the order in which they lie on disk.
    pub(super) fn of_shard(&self, shard: usize) -> Vec<(Fingerprint, Place)> {
        let mut places: Vec<_> =
            self.with(shard, |table| table.iter().map(|(key, slot)| (*key, slot.place())).collect());
        places.sort_unstable_by_key(|(_, place)| (place.segment.id(), place.offset));
        places
    }

    /// Takes the expired entries out of one shard; with the earliest deadline of those that stay.
    pub(super) fn take_expired(&self, shard: usize, now: WallTime) -> (Vec<Place>, WallTime) {
        let mut earliest = WallTime::NEVER;
        let expired: Vec<Place> = self.with(shard, |table| {
            let over = |slot: &Slot| slot.0.deadline.remaining(now).is_none();
            table
                .values()
                .filter(|slot| !over(slot))
                .for_each(|slot| earliest = earliest.min(slot.0.deadline));
            table.extract_if(|_, slot| over(slot)).map(|(_, slot)| slot.place()).collect()
        });
        expired.iter().for_each(|place| self.lost(place));
        (expired, earliest)
    }

    /// Forgets every entry of a segment: goes through the whole index.
    pub(super) fn remove_all_of(&self, segment: u32) -> Vec<Place> {
        let of_segment = |table: &mut Table| -> Vec<Place> {
            table.extract_if(|_, slot| slot.0.segment.id() == segment).map(|(_, slot)| slot.place()).collect()
        };
        let removed: Vec<Place> = (0..SHARDS).flat_map(|shard| self.with(shard, of_segment)).collect();
        removed.iter().for_each(|place| self.lost(place));
        removed
    }

    fn gained(&self, place: &Place) {
        place.segment.gained(place.length);
        self.live.fetch_add(cost(place.length), Ordering::Relaxed);
        self.entries.fetch_add(1, Ordering::Relaxed);
    }

    fn lost(&self, place: &Place) {
        place.segment.lost(place.length);
        self.live.fetch_sub(cost(place.length), Ordering::Relaxed);
        self.entries.fetch_sub(1, Ordering::Relaxed);
    }

    fn with<T>(&self, shard: usize, work: impl FnOnce(&mut Table) -> T) -> T {
        work(&mut self.lock(shard))
    }

    fn table(&self, fingerprint: Fingerprint) -> MutexGuard<'_, Table> {
        self.lock(fingerprint.stripe(SHARDS))
    }

    fn lock(&self, shard: usize) -> MutexGuard<'_, Table> {
        let [first, ..] = &*self.shards;
        self.shards.get(shard).unwrap_or(first).lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::disk::segment::Segment;

    fn key(bits: u64) -> Fingerprint {
        Fingerprint::of_halves(bits, !bits)
    }

    fn place(segment: &Arc<Segment>, offset: u32, deadline: u64) -> Place {
        Place { segment: Arc::clone(segment), offset, length: 100, deadline: WallTime(deadline) }
    }

    fn segment(id: u32) -> Arc<Segment> {
        Arc::new(Segment::create(id, tempfile::tempfile().unwrap()).unwrap())
    }

    #[test]
    fn the_accounts_follow_every_change() {
        let (index, one, two) = (Index::new(), segment(1), segment(2));
        index.put(key(1), place(&one, 16, 5));
        index.put(key(2), place(&one, 116, 50));
        assert_eq!((index.entries(), index.live(), one.live()), (2, 264, 264));
        assert!(index.put(key(1), place(&two, 16, 5)).unwrap().is_at(1, 16));
        assert_eq!((index.entries(), one.live(), two.live()), (2, 132, 132));
        assert!(!index.moved(key(1), &place(&one, 16, 5), place(&two, 500, 5)));
        assert!(index.moved(key(2), &place(&one, 116, 50), place(&two, 116, 50)));
        assert_eq!((one.live(), two.live()), (0, 264));
        assert!(index.remove_at(key(1), 2, 17).is_none());
        assert!(index.remove_at(key(1), 2, 16).is_some());
        assert!(index.remove(key(2)).is_some());
        assert_eq!((index.entries(), index.live(), two.live()), (0, 0, 0));
    }

    #[test]
    fn a_read_is_remembered_until_the_entry_moves() {
        let (index, one) = (Index::new(), segment(1));
        index.put(key(1), place(&one, 16, 5));
        assert!(!index.is_hot(key(1)));
        assert_eq!(index.touch(key(1)).unwrap().length, 100);
        assert!(index.is_hot(key(1)));
        assert_eq!(index.place(key(1)).unwrap().length, 100);
        assert!(index.moved(key(1), &place(&one, 16, 5), place(&one, 300, 5)));
        assert!(!index.is_hot(key(1)));
    }

    #[test]
    fn only_what_has_expired_is_taken() {
        let (index, one) = (Index::new(), segment(1));
        for bits in 0..10 {
            index.put(key(bits * SHARDS as u64), place(&one, 16, bits));
        }
        let (expired, earliest) = index.take_expired(0, WallTime(4));
        assert_eq!((expired.len(), earliest, index.entries()), (5, WallTime(5), 5));
    }

    #[test]
    fn an_entry_takes_forty_bytes() {
        assert_eq!(size_of::<(Fingerprint, Slot)>(), 40);
    }
}
