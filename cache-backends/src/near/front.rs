//! Fronts: what each thread asks for most, copied before the shards.
//!
//! Promise: a hit here takes no lock and writes nothing that another thread reads but the value's own count.
//! Invariant: what has left the store is not found here. Every departure moves the [`Marks`] of its hash before it
//! returns, and a copy is believed only while its mark, read before the store was asked, still stands. Copies hold
//! their values weakly, so that a front keeps no value alive.
//!
//! What is used keeps its place against what comes once. Every [`ASK_AGAIN`]th hit of a set is passed on,
//! so that the store goes on seeing what is used.

use std::any::Any;
use std::cell::RefCell;
use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::thread;

use cache_core::key::{NearKey, NearProbe};
use cache_core::port::near::{Held, Judged, NearEntry};

const WAYS: usize = 4;
/// Every so many hits of a set the store is asked instead.
const ASK_AGAIN: u8 = 64;
/// Every so many misses of a full set a copy may be replaced: copying costs as much as a hit.
const REPLACE_AFTER: u8 = 16;
const FREE: u32 = 0;
const ALL: u8 = (1 << WAYS) - 1;
/// Departures of keys that share a mark cost each other's copies, nothing more.
const MARKS: usize = 1_024;
/// A front has at most so many sets: more would not stay in the processor's caches.
const MOST_SETS: u64 = 1_024;
/// A front has one set for so many bytes of its store.
const BYTES_PER_SET: u64 = 16_384;

thread_local! {
    /// This thread's fronts, one for each store that it reads.
    static FRONTS: RefCell<Vec<Front>> = const { RefCell::new(Vec::new()) };
}

/// What a store and its fronts share: how many and how large they are, and when something has left.
#[derive(Debug)]
pub(super) struct Fronts {
    store: Arc<Seats>,
    sets: usize,
    departures: Box<[AtomicU64]>,
}

/// How many more threads may have a front: twice as many as can run at once. A pool of five hundred threads that
/// mostly wait must not hold five hundred fronts.
#[derive(Debug)]
struct Seats(AtomicUsize);

/// How many departures a hash had seen before the store was asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Mark(u64);

/// What a front answers.
#[derive(Debug)]
pub(super) enum Fronted {
    /// What the copy of the entry answers; nothing when it is not wanted.
    Found(Option<Held>),
    /// Nothing: ask the store.
    Ask,
    /// Nothing, though it has been asked for: ask the store, and [`Fronts::keep`] what it answers.
    Keep(Mark),
}

impl Fronts {
    /// For a store of so many bytes.
    pub(super) fn new(max_bytes: u64) -> Self {
        let sets = (max_bytes / BYTES_PER_SET).clamp(1, MOST_SETS).next_power_of_two();
        Self {
            store: Arc::new(Seats::for_this_machine()),
            sets: usize::try_from(sets).unwrap_or(1),
            departures: (0..MARKS).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// Asks this thread's front.
    #[inline]
    pub(super) fn find(
        &self,
        hash: u64,
        probe: &dyn NearProbe,
        wanted: &mut dyn FnMut(&Judged) -> bool,
    ) -> Fronted {
        self.with(|front| front.find(hash, probe, wanted, self.mark(hash))).unwrap_or(Fronted::Ask)
    }

    /// Keeps a copy of what the store answered.
    #[cold]
    pub(super) fn keep(&self, hash: u64, mark: Mark, key: NearKey, entry: &NearEntry) {
        let copied = Copied { key, mark, value: Arc::downgrade(&entry.value), judged: entry.meta.judged() };
        self.with(|front| front.keep(hash, copied));
    }

    /// No copy of the entry with this hash is believed any more, in any thread.
    pub(super) fn depart(&self, hash: u64) {
        if let Some(departures) = self.departures.get(place(hash, MARKS)) {
            departures.fetch_add(1, Ordering::AcqRel);
        }
    }

    #[inline]
    fn mark(&self, hash: u64) -> Mark {
        let departures = self.departures.get(place(hash, MARKS));
        Mark(departures.map_or(0, |departures| departures.load(Ordering::Acquire)))
    }

    /// `None` while a thread ends, and when a probe asks the cache while it is compared.
    #[inline]
    fn with<R>(&self, look: impl FnOnce(&mut Front) -> R) -> Option<R> {
        FRONTS
            .try_with(|fronts| {
                let mut fronts = fronts.try_borrow_mut().ok()?;
                let found = fronts.iter().position(|front| front.is_of(&self.store));
                let at = found.unwrap_or_else(|| self.begin(&mut fronts));
                fronts.get_mut(at).map(look)
            })
            .ok()?
    }

    /// Begins the front of this thread, and ends those of stores that are gone.
    #[cold]
    fn begin(&self, fronts: &mut Vec<Front>) -> usize {
        fronts.retain(|front| front.store.strong_count() > 0);
        let sets = if self.store.take() { self.sets } else { 0 };
        fronts.push(Front::new(Arc::downgrade(&self.store), sets));
        fronts.len() - 1
    }
}

impl Seats {
    fn for_this_machine() -> Self {
        let at_once = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self(AtomicUsize::new(at_once.saturating_mul(2)))
    }

    fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    fn give_back(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

/// One thread's copies of one store's entries, in sets; none when there was no seat for it.
#[derive(Debug)]
struct Front {
    store: Weak<Seats>,
    sets: Box<[Set]>,
    copies: Box<[[Option<Copied>; WAYS]]>,
}

/// What a set holds, in one glance.
#[derive(Debug, Clone, Copy, Default)]
struct Set {
    tags: [u32; WAYS],
    /// A bit for each way.
    used: u8,
    hits: u8,
    misses: u8,
}

/// On lines of its own: a hit touches two.
#[derive(Debug)]
#[repr(align(64))]
struct Copied {
    key: NearKey,
    mark: Mark,
    value: Weak<dyn Any + Send + Sync>,
    judged: Judged,
}

impl Front {
    fn new(store: Weak<Seats>, sets: usize) -> Self {
        Self {
            store,
            sets: vec![Set::default(); sets].into_boxed_slice(),
            copies: (0..sets).map(|_| [const { None }; WAYS]).collect(),
        }
    }

    #[inline]
    fn is_of(&self, store: &Arc<Seats>) -> bool {
        std::ptr::eq(self.store.as_ptr(), Arc::as_ptr(store))
    }

    #[inline]
    fn find(
        &mut self,
        hash: u64,
        probe: &dyn NearProbe,
        wanted: &mut dyn FnMut(&Judged) -> bool,
        mark: Mark,
    ) -> Fronted {
        let at = place(hash, self.sets.len());
        let (Some(set), Some(copies)) = (self.sets.get_mut(at), self.copies.get(at)) else {
            return Fronted::Ask;
        };
        match set.way(tag_of(hash)).and_then(|way| Some((way, copies.get(way)?.as_ref()?))) {
            Some((way, copied)) if probe.is(&copied.key) => {
                if set.is_seen(way) {
                    Fronted::Ask
                } else {
                    copied.answer(wanted, mark)
                }
            }
            _ if set.misses() => Fronted::Keep(mark),
            _ => Fronted::Ask,
        }
    }

    fn keep(&mut self, hash: u64, copied: Copied) {
        let at = place(hash, self.sets.len());
        if let (Some(set), Some(copies)) = (self.sets.get_mut(at), self.copies.get_mut(at))
            && let Some(place) = copies.get_mut(set.give_place(tag_of(hash)))
        {
            *place = Some(copied);
        }
    }
}

impl Drop for Front {
    fn drop(&mut self) {
        if let Some(store) = self.store.upgrade().filter(|_| !self.sets.is_empty()) {
            store.give_back();
        }
    }
}

impl Set {
    #[inline]
    fn way(&self, tag: u32) -> Option<usize> {
        // Written out, since four comparisons in a row cost less than a vector of them.
        let [first, second, third, fourth] = self.tags;
        match tag {
            tag if tag == first => Some(0),
            tag if tag == second => Some(1),
            tag if tag == third => Some(2),
            tag if tag == fourth => Some(3),
            _ => None,
        }
    }

    /// Notes a hit; whether it is one that the store is to see.
    #[inline]
    fn is_seen(&mut self, way: usize) -> bool {
        self.used |= 1 << way;
        self.hits = self.hits.wrapping_add(1);
        self.hits.is_multiple_of(ASK_AGAIN)
    }

    /// Notes a miss; whether what is not here is to be kept. A copy that was used since the last round stays.
    #[inline]
    fn misses(&mut self) -> bool {
        if self.way(FREE).is_some() {
            return true;
        }
        self.misses = self.misses.wrapping_add(1);
        if !self.misses.is_multiple_of(REPLACE_AFTER) {
            return false;
        }
        let replace = self.used != ALL;
        self.used = if replace { self.used } else { 0 };
        replace
    }

    /// A way for a tag: its own, a free one, or that of a copy that was not used.
    fn give_place(&mut self, tag: u32) -> usize {
        let unused = || usize::try_from(self.used.trailing_ones()).unwrap_or(0);
        let way = self.way(tag).or_else(|| self.way(FREE)).unwrap_or_else(unused).min(WAYS - 1);
        if let Some(place) = self.tags.get_mut(way) {
            *place = tag;
        }
        self.used |= 1 << way;
        way
    }
}

impl Copied {
    /// The entry, if it has not left the store since it was copied.
    #[inline]
    fn answer(&self, wanted: &mut dyn FnMut(&Judged) -> bool, mark: Mark) -> Fronted {
        if self.mark != mark {
            return Fronted::Keep(mark);
        }
        if !wanted(&self.judged) {
            return Fronted::Found(None);
        }
        // A value that is gone may be on its way to be replaced.
        self.value.upgrade().map_or(Fronted::Ask, |value| Fronted::Found(Some(value)))
    }
}

/// The bits that name a set are not those that name a shard of the store, nor those of the tag.
#[inline]
fn place(hash: u64, places: usize) -> usize {
    usize::try_from(hash >> 24).unwrap_or(0) & places.wrapping_sub(1)
}

#[inline]
fn tag_of(hash: u64) -> u32 {
    u32::try_from(hash & 0x00FF_FFFF).unwrap_or(0) | 0x0100_0000
}

#[cfg(test)]
mod tests;
