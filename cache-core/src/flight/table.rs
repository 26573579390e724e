//! The table of flights, and the places in them. Compiled twice: for use, and for the model checker.

use std::collections::HashMap;
use std::fmt;
use std::future::poll_fn;
use std::sync::{Arc, PoisonError};

use super::cell::{Cell, Waiter};
use super::sync::{Mutex, MutexGuard};
use crate::key::CacheKey;

pub(super) const SHARDS: usize = 64;
/// How many flights a shard lists: 131,072 in all, about 80 MB of keys and cells.
const ROOM: usize = 2_048;

type Table<O> = HashMap<CacheKey, Arc<Cell<O>>, foldhash::fast::RandomState>;

/// The loads that are under way, by key. `O` is what a leader tells its followers.
pub(crate) struct Flights<O> {
    shards: Box<[Mutex<Table<O>>]>,
    spare: Mutex<Table<O>>,
    room: usize,
}

/// A caller's place in a load.
#[derive(Debug)]
pub(crate) enum Seat<O> {
    /// Nobody loads this key: this caller does.
    Lead(Lead<O>),
    /// Somebody does: wait for the outcome.
    Follow(Follow<O>),
}

/// The right and duty to load a key. Dropped without an outcome, it vacates the flight.
pub(crate) struct Lead<O> {
    flights: Arc<Flights<O>>,
    cell: Arc<Cell<O>>,
}

/// A place behind a leader.
pub(crate) struct Follow<O>(Waiter<O>);

impl<O> Default for Flights<O> {
    fn default() -> Self {
        Self { shards: (0..SHARDS).map(|_| Mutex::default()).collect(), spare: Mutex::default(), room: ROOM }
    }
}

impl<O> Flights<O> {
    /// A table of so much room per shard.
    #[cfg(test)]
    pub(super) fn with_room(room: usize) -> Self {
        Self { room, ..Self::default() }
    }

    /// Takes a place in the load of a key that belongs to no group.
    #[cfg(test)]
    pub(crate) fn seat(self: &Arc<Self>, key: &CacheKey) -> Seat<O> {
        self.seat_of(key, 0)
    }

    /// Takes a place in the load of a key. The label says by a bit for each to which groups it belongs: see
    /// [`Flights::forget_labelled`].
    pub(crate) fn seat_of(self: &Arc<Self>, key: &CacheKey, label: u64) -> Seat<O> {
        let mut shard = self.shard(key);
        if let Some(cell) = shard.get(key) {
            cell.belongs_to(label);
            return Seat::Follow(Follow(Waiter::new(Arc::clone(cell))));
        }
        let cell = Arc::new(Cell::new(key.clone(), label));
        if shard.len() < self.room {
            shard.insert(key.clone(), Arc::clone(&cell));
        }
        Seat::Lead(Lead { flights: Arc::clone(self), cell })
    }

    /// A load of a key that nobody can join.
    pub(crate) fn alone(self: &Arc<Self>, key: &CacheKey) -> Lead<O> {
        Lead { flights: Arc::clone(self), cell: Arc::new(Cell::new(key.clone(), 0)) }
    }

    /// Whether a load of the key is under way that could be joined.
    pub(crate) fn is_loading(&self, key: &CacheKey) -> bool {
        self.shard(key).contains_key(key)
    }

    /// Lets nobody else join the load of a key.
    pub(crate) fn forget(&self, key: &CacheKey) {
        self.shard(key).remove(key);
    }

    /// Lets nobody else join any load for which `forget` says so.
    pub(crate) fn forget_where(&self, mut forget: impl FnMut(&CacheKey) -> bool) {
        for shard in &self.shards {
            lock(shard).retain(|key, _| !forget(key));
        }
    }

    /// Lets nobody else join any load whose label has one of these bits.
    pub(crate) fn forget_labelled(&self, label: u64) {
        for shard in &self.shards {
            lock(shard).retain(|_, flight| !flight.is_of(label));
        }
    }

    /// How many loads are under way.
    pub(crate) fn len(&self) -> usize {
        self.shards.iter().map(|shard| lock(shard).len()).sum()
    }
}

impl<O> Flights<O> {
    fn shard(&self, key: &CacheKey) -> MutexGuard<'_, Table<O>> {
        lock(self.shards.get(key.stripe(SHARDS)).unwrap_or(&self.spare))
    }
}

/// No user code runs under these locks, so a poisoned one still holds a sound map.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<O> Lead<O> {
    /// Tells the outcome: to those who follow, and to those who join until the lead is dropped. The first one counts.
    pub(crate) fn tell(&self, outcome: O) {
        self.cell.tell(outcome);
    }
}

impl<O> Drop for Lead<O> {
    /// Takes the flight out of the table, unless it was forgotten and another one has begun since. Then those who wait
    /// are woken: one of them finds the place free.
    fn drop(&mut self) {
        let key = self.cell.key();
        let mut shard = self.flights.shard(key);
        if shard.get(key).is_some_and(|flight| Arc::ptr_eq(flight, &self.cell)) {
            shard.remove(key);
        }
        drop(shard);
        self.cell.vacate();
    }
}

impl<O> Follow<O> {
    /// The key of the flight, the very one that its leader has.
    pub(crate) fn key(&self) -> &CacheKey {
        self.0.key()
    }

    /// Waits for the outcome; `None` when the leader vacated: take a seat again.
    pub(crate) async fn outcome(&mut self) -> Option<&O> {
        poll_fn(|context| self.0.poll(context)).await;
        self.0.outcome()
    }
}

impl<O> fmt::Debug for Flights<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flights").finish_non_exhaustive()
    }
}

impl<O> fmt::Debug for Lead<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Lead({})", self.cell.key())
    }
}

impl<O> fmt::Debug for Follow<O> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Follow")
    }
}
