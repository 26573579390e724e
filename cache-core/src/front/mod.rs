//! Fronts: what each thread asks for most, copied before the near store.
//!
//! Promise: a hit here takes no lock, calls nothing through a table, and writes nothing that another thread reads but
//! the value's own count. Invariant: a copy is no entry of its own. It is served while what it was copied from could be:
//! before the same deadline, under the same stamps, and only while the value is alive somewhere else, since
//! copies hold their values weakly. So nothing that was invalidated is found in any thread, and a front keeps no value alive.
//!
//! What is used keeps its place against what comes once ([`set`]), and some of the hits are passed on, so that the
//! store goes on seeing what is used.

mod copies;
mod seats;
mod set;

use std::cell::RefCell;
use std::sync::Arc;

use copies::Copies;
use seats::Seats;

use crate::key::{NearName, NearProbe};
use crate::port::near::{Bounds, Held, Judged, NearEntry};
use crate::time::Tick;

/// A front has at most so many sets: more would not stay in the processor's caches.
const MOST_SETS: u64 = 1_024;
/// A front has one set for so many bytes of its store.
const BYTES_PER_SET: u64 = 16_384;

thread_local! {
    /// This thread's fronts, one for each manager that it asks.
    static FRONTS: RefCell<Vec<Copies>> = const { RefCell::new(Vec::new()) };
}

/// What a manager and its fronts share: how many and how large they are.
#[derive(Debug)]
pub(crate) struct Fronts {
    seats: Arc<Seats>,
    sets: usize,
}

/// What a front answers.
#[derive(Debug)]
pub(crate) enum Fronted {
    /// The value, and whether it only stands for there being none.
    Found(Held, bool),
    /// Nothing: ask the store.
    Ask,
    /// Nothing, though it has been asked for: ask the store, and [`Fronts::keep`] what it answers.
    Keep,
}

impl Fronts {
    /// Before a store of these bounds.
    pub(crate) fn new(bounds: Bounds) -> Self {
        let sets = (bounds.bytes / BYTES_PER_SET).clamp(1, MOST_SETS).next_power_of_two();
        let sets = if bounds.entries == 0 { 0 } else { sets };
        Self { seats: Arc::new(Seats::for_this_machine()), sets: usize::try_from(sets).unwrap_or(1) }
    }

    /// Asks this thread's front. `moves` tells whether a stamp has moved since the copy was found to hold; only then
    /// `holds` has to look again.
    #[inline]
    pub(crate) fn find<P: NearProbe>(
        &self,
        probe: &P,
        moves: u64,
        is_timely: impl FnOnce(Tick) -> bool,
        holds: impl FnOnce(&Judged, u64) -> bool,
    ) -> Fronted {
        self.with(|copies| copies.find(probe, moves, is_timely, holds)).unwrap_or(Fronted::Ask)
    }

    /// Keeps a copy of what the store answered. `sweeps` was looked at before the store was asked.
    #[cold]
    pub(crate) fn keep(&self, hash: u64, name: NearName, entry: &NearEntry, sweeps: u64) {
        self.with(|copies| copies.keep(hash, name, entry, sweeps));
    }

    /// `None` while a thread ends, and when a probe asks the cache while it is compared.
    #[inline]
    fn with<R>(&self, look: impl FnOnce(&mut Copies) -> R) -> Option<R> {
        FRONTS
            .try_with(|fronts| {
                let mut fronts = fronts.try_borrow_mut().ok()?;
                let found = fronts.iter().position(|copies| copies.are_of(&self.seats));
                let at = found.unwrap_or_else(|| self.begin(&mut fronts));
                fronts.get_mut(at).map(look)
            })
            .ok()?
    }

    /// Begins the front of this thread, and ends those of managers that are gone.
    #[cold]
    fn begin(&self, fronts: &mut Vec<Copies>) -> usize {
        fronts.retain(Copies::are_used);
        let sets = if self.sets > 0 && self.seats.take() { self.sets } else { 0 };
        fronts.push(Copies::new(Arc::downgrade(&self.seats), sets));
        fronts.len() - 1
    }
}

#[cfg(test)]
mod tests;
