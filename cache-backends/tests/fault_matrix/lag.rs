//! How late this machine is: a deadline can be kept only as well as threads get their turn.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const STEP: Duration = Duration::from_millis(5);

/// A thread that sleeps for a moment again and again, and notes by how much it overslept.
pub(crate) struct Lag {
    over: Arc<AtomicBool>,
    longest: Arc<AtomicU64>,
}

impl Lag {
    pub(crate) fn watch() -> Self {
        let lag = Self { over: Arc::default(), longest: Arc::default() };
        let (over, longest) = (Arc::clone(&lag.over), Arc::clone(&lag.longest));
        thread::spawn(move || {
            while !over.load(Ordering::Relaxed) {
                let began = Instant::now();
                thread::sleep(STEP);
                let late = began.elapsed().saturating_sub(STEP);
                longest.fetch_max(u64::try_from(late.as_micros()).unwrap(), Ordering::Relaxed);
            }
        });
        lag
    }

    pub(crate) fn longest(&self) -> Duration {
        Duration::from_micros(self.longest.load(Ordering::Relaxed))
    }
}

impl Drop for Lag {
    fn drop(&mut self) {
        self.over.store(true, Ordering::Relaxed);
    }
}
