//! How much time this machine takes away: a deadline can be kept only as well as a thread gets its turn.
//!
//! A task beside the calls of a cell, on the same thread, wants to run every 5 ms; by how much it is late, neither it nor the
//! calls ran. So what a call may take is its deadline, the time that was taken from its thread meanwhile, and no more than a
//! fixed allowance for timers.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use tokio::sync::Notify;
use tokio::time::sleep;

const STEP: Duration = Duration::from_millis(5);
/// A timer counts whole milliseconds.
const TIMER: Duration = Duration::from_millis(2);

#[derive(Debug, Default)]
pub(crate) struct Lag {
    taken: AtomicU64,
    longest: AtomicU64,
    beat: Notify,
}

impl Lag {
    /// Watches the thread of this runtime, which has one.
    pub(crate) fn watch() -> Arc<Self> {
        let lag = Arc::new(Self::default());
        let heart = Arc::downgrade(&lag);
        tokio::spawn(async move {
            loop {
                let began = Instant::now();
                sleep(STEP).await;
                let Some(lag) = heart.upgrade() else { return };
                let late = began.elapsed().saturating_sub(STEP + TIMER);
                let micros = u64::try_from(late.as_micros()).unwrap();
                lag.taken.fetch_add(micros, Ordering::Relaxed);
                lag.longest.fetch_max(micros, Ordering::Relaxed);
                lag.beat.notify_waiters();
            }
        });
        lag
    }

    /// What has been taken up to now, the step under way included.
    pub(crate) async fn taken(&self) -> Duration {
        self.beat.notified().await;
        Duration::from_micros(self.taken.load(Ordering::Relaxed))
    }

    /// The most that was taken at once.
    pub(crate) fn longest(&self) -> Duration {
        Duration::from_micros(self.longest.load(Ordering::Relaxed))
    }
}
