//! The outcome of one flight, and those who wait for it. Compiled twice: for use, and for the model checker.
//!
//! Promise: whoever waits is woken when the outcome is told or the flight is vacated, whichever comes first; the first
//! outcome counts. Invariant: a waker is left only under the lock, after a look at the outcome under that same lock, and
//! the wakers are taken under it after the outcome is there: nobody sleeps through it. One list of wakers (not one
//! allocation per waiter), and nobody is woken under the lock: ten thousand waiters cost a push and a wake each.

use std::sync::{Arc, PoisonError};
use std::task::{Context, Poll, Waker};

use super::sync::{AtomicU64, Mutex, MutexGuard, OnceLock, Ordering};
use crate::key::CacheKey;

/// Where a leader leaves its outcome.
#[derive(Debug)]
pub(super) struct Cell<O> {
    key: CacheKey,
    /// A bit for each group that the flight belongs to.
    label: AtomicU64,
    outcome: OnceLock<O>,
    waiting: Mutex<Waiting>,
}

#[derive(Debug, Default)]
struct Waiting {
    vacated: bool,
    wakers: Vec<Option<Waker>>,
    /// Places of those who went away.
    free: Vec<usize>,
}

/// One who waits.
#[derive(Debug)]
pub(super) struct Waiter<O> {
    cell: Arc<Cell<O>>,
    /// Where its waker is.
    place: Option<usize>,
}

impl<O> Cell<O> {
    /// Nothing told, nobody waiting.
    pub(super) fn new(key: CacheKey, label: u64) -> Self {
        Self { key, label: AtomicU64::new(label), outcome: OnceLock::new(), waiting: Mutex::default() }
    }

    /// What is loaded.
    pub(super) fn key(&self) -> &CacheKey {
        &self.key
    }

    /// Belongs to more groups. The caller holds the lock of the table that lists it.
    pub(super) fn belongs_to(&self, label: u64) {
        self.label.fetch_or(label, Ordering::Relaxed);
    }

    /// Whether it belongs to one of these groups. The caller holds the lock of the table that lists it.
    pub(super) fn is_of(&self, label: u64) -> bool {
        self.label.load(Ordering::Relaxed) & label != 0
    }

    /// Leaves an outcome, and wakes those who wait.
    pub(super) fn tell(&self, outcome: O) {
        if self.outcome.set(outcome).is_ok() {
            self.wake(false);
        }
    }

    /// There will be no outcome, unless there is one.
    pub(super) fn vacate(&self) {
        if self.outcome.get().is_none() {
            self.wake(true);
        }
    }

    fn wake(&self, vacated: bool) {
        let mut waiting = self.lock();
        waiting.vacated |= vacated;
        let wakers = std::mem::take(&mut waiting.wakers);
        drop(waiting);
        wakers.into_iter().flatten().for_each(Waker::wake);
    }

    /// Nothing of a user runs under this lock but the clone and the drop of a waker.
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl<O> Waiter<O> {
    pub(super) fn new(cell: Arc<Cell<O>>) -> Self {
        Self { cell, place: None }
    }

    /// What is loaded.
    pub(super) fn key(&self) -> &CacheKey {
        &self.cell.key
    }

    /// The outcome, when it is there.
    pub(super) fn outcome(&self) -> Option<&O> {
        self.cell.outcome.get()
    }

    /// Ready when there is an outcome, or will be none.
    pub(super) fn poll(&mut self, context: &Context<'_>) -> Poll<()> {
        if self.cell.outcome.get().is_some() {
            self.place = None;
            return Poll::Ready(());
        }
        let mut waiting = self.cell.lock();
        if waiting.vacated || self.cell.outcome.get().is_some() {
            self.place = None;
            return Poll::Ready(());
        }
        self.place = Some(waiting.keep(self.place, context.waker()));
        Poll::Pending
    }
}

impl Waiting {
    fn keep(&mut self, place: Option<usize>, waker: &Waker) -> usize {
        let place = place.or_else(|| self.free.pop()).unwrap_or(self.wakers.len());
        match self.wakers.get_mut(place) {
            Some(Some(kept)) => kept.clone_from(waker),
            Some(empty) => *empty = Some(waker.clone()),
            None => self.wakers.push(Some(waker.clone())),
        }
        place
    }

    /// Takes the waker of one who waits no longer.
    fn leave(&mut self, place: usize) -> Option<Waker> {
        let waker = self.wakers.get_mut(place)?.take()?;
        self.free.push(place);
        Some(waker)
    }
}

impl<O> Drop for Waiter<O> {
    fn drop(&mut self) {
        if let Some(place) = self.place
            && self.cell.outcome.get().is_none()
        {
            // Dropped when the lock is free again.
            let _waker = self.cell.lock().leave(place);
        }
    }
}

#[cfg(test)]
impl<O> Cell<O> {
    /// How many places for wakers there are.
    pub(super) fn places(&self) -> usize {
        self.lock().wakers.len()
    }
}
