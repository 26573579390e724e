//! How many bytes the files take, and who has to wait until there is room.
//!
//! Promise: writers together never take more than the limit; whoever finds it reached waits (without holding
//! anything) for the keeper to free a segment. The keeper itself may exceed the limit by what it carries over.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use cache_core::error::Result;
use tokio::sync::Notify;

use super::error::{closed, full};

/// How often the keeper may find nothing to free, while nobody is writing, before a writer gives up.
const PATIENCE: usize = 100;

/// The account.
#[derive(Debug)]
pub(super) struct Room {
    limit: u64,
    /// Written and set aside.
    used: AtomicU64,
    reserved: AtomicU64,
    closed: AtomicBool,
    freed: Notify,
}

/// Room that was set aside; given back when dropped (what was written counts for itself).
#[derive(Debug)]
pub(super) struct Reserved(Arc<Room>, u64);

impl Room {
    /// Nothing is used.
    pub(super) fn new(limit: u64) -> Arc<Self> {
        let (used, reserved, closed) = Default::default();
        Arc::new(Self { limit, used, reserved, closed, freed: Notify::new() })
    }

    /// What the files take.
    pub(super) fn written(&self) -> u64 {
        self.used.load(Ordering::Relaxed).saturating_sub(self.reserved.load(Ordering::Relaxed))
    }

    /// Something was written.
    pub(super) fn take(&self, bytes: u64) {
        self.used.fetch_add(bytes, Ordering::Relaxed);
    }

    /// Something was removed.
    pub(super) fn give(&self, bytes: u64) {
        self.used.fetch_sub(bytes, Ordering::Relaxed);
        self.freed.notify_waiters();
    }

    /// The keeper has done what it could. While somebody writes there will be more to do.
    pub(super) fn settled(&self) {
        if self.reserved.load(Ordering::Relaxed) == 0 {
            self.freed.notify_waiters();
        }
    }

    /// Nobody will free anything any more.
    pub(super) fn close(&self) {
        self.closed.store(true, Ordering::Release);
        self.freed.notify_waiters();
    }

    /// Sets room aside, waiting for it if need be; `ask` wakes the keeper.
    ///
    /// # Errors
    /// `Unavailable` when the backend closes, `Io` when the keeper cannot free anything.
    pub(super) async fn reserve(self: &Arc<Self>, bytes: u64, ask: impl Fn()) -> Result<Reserved> {
        let mut in_vain = 0;
        while in_vain < PATIENCE {
            let freed = self.freed.notified();
            let mut freed = std::pin::pin!(freed);
            freed.as_mut().enable();
            if self.closed.load(Ordering::Acquire) {
                return Err(closed());
            }
            if self.try_take(bytes) {
                return Ok(Reserved(Arc::clone(self), bytes));
            }
            let others = self.reserved.load(Ordering::Relaxed) > 0;
            ask();
            freed.await;
            in_vain = if others { 0 } else { in_vain + 1 };
        }
        Err(full("the cache directory is full and no segment can be removed"))
    }

    fn try_take(&self, bytes: u64) -> bool {
        let taken = |used: u64| used.checked_add(bytes).filter(|used| *used <= self.limit);
        let done = self.used.fetch_update(Ordering::Relaxed, Ordering::Relaxed, taken).is_ok();
        if done {
            self.reserved.fetch_add(bytes, Ordering::Relaxed);
        }
        done
    }
}

impl Drop for Reserved {
    fn drop(&mut self) {
        self.0.reserved.fetch_sub(self.1, Ordering::Relaxed);
        self.0.give(self.1);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cache_core::error::ErrorKind;

    #[tokio::test]
    async fn a_writer_waits_until_room_is_given_back() {
        let room = Room::new(100);
        room.take(90);
        let waiting = tokio::spawn({
            let room = Arc::clone(&room);
            async move { room.reserve(20, || {}).await.map(|reserved| reserved.1) }
        });
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished());
        room.give(50);
        assert_eq!(waiting.await.unwrap().unwrap(), 20);
        assert_eq!(room.used.load(Ordering::Relaxed), 40);
    }

    #[tokio::test]
    async fn nobody_waits_for_a_closed_backend_or_for_ever() {
        let room = Room::new(10);
        let stuck = room.reserve(20, || room.settled()).await.unwrap_err();
        assert_eq!(stuck.kind(), ErrorKind::Io);
        room.close();
        assert_eq!(room.reserve(1, || {}).await.unwrap_err().kind(), ErrorKind::Unavailable);
    }
}
