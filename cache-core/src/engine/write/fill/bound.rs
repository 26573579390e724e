//! How many fills may be under way that nobody waits for, and how many there are.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// What bounds and counts the fills that nobody waits for.
#[derive(Debug)]
pub(in crate::engine) struct Fills {
    places: Arc<Semaphore>,
    most: u32,
    cut_off: AtomicU64,
}

impl Fills {
    /// At most so many at a time.
    pub(in crate::engine) fn new(most: usize) -> Self {
        let most = u32::try_from(most.min(Semaphore::MAX_PERMITS)).unwrap_or(u32::MAX >> 4);
        Self {
            places: Arc::new(Semaphore::new(usize::try_from(most).unwrap_or(0))),
            most,
            cut_off: AtomicU64::new(0),
        }
    }

    /// A place for one more.
    pub(in crate::engine) fn place(&self) -> Option<OwnedSemaphorePermit> {
        Arc::clone(&self.places).try_acquire_owned().ok()
    }

    /// One ended unseen.
    pub(in crate::engine) fn note_cut_off(&self) {
        self.cut_off.fetch_add(1, Ordering::Relaxed);
    }

    /// How many are under way.
    pub(in crate::engine) fn under_way(&self) -> u64 {
        // Each holds its place by a handle. Free places would not do: who waits for all of them takes them one by one.
        Arc::strong_count(&self.places).saturating_sub(1) as u64
    }

    /// How many have not been seen to end.
    pub(in crate::engine) fn cut_off(&self) -> u64 {
        self.cut_off.load(Ordering::Relaxed)
    }

    /// Counts from 0 again.
    pub(in crate::engine) fn reset(&self) {
        self.cut_off.store(0, Ordering::Relaxed);
    }

    /// Waits until none is under way.
    pub(in crate::engine) async fn drained(&self) {
        let _all = self.places.acquire_many(self.most).await;
    }
}
