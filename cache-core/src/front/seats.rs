//! How many threads have a front.

use std::num::NonZeroUsize;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

/// How many more threads may have a front: twice as many as can run at once. A pool of five hundred threads that
/// mostly wait must not hold five hundred fronts.
#[derive(Debug)]
pub(super) struct Seats(AtomicUsize);

impl Seats {
    pub(super) fn for_this_machine() -> Self {
        let at_once = thread::available_parallelism().map_or(1, NonZeroUsize::get);
        Self(AtomicUsize::new(at_once.saturating_mul(2)))
    }

    pub(super) fn take(&self) -> bool {
        self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(1)).is_ok()
    }

    pub(super) fn give_back(&self) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}
