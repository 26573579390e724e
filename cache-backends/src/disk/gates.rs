//! One writer per key at a time.
//!
//! Promise: whoever changes an entry holds its gate from the look at the old value until the new one is in the
//! index. A job that was handed to a thread takes the gate with it, so a caller that goes away cannot make its
//! write land behind a later one. Readers need no gate.
//!
//! A future that waits for a gate may be given it and never be polled again (its owner keeps it aside). So the
//! keeper waits for gates only so long, and a closed gate lets nobody through who was waiting.

use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll, Wake, Waker};
use std::thread::Thread;
use std::time::{Duration, Instant};

use cache_core::error::Result;
use tokio::sync::{Mutex, OwnedMutexGuard};

use super::error::closed;
use super::place::Fingerprint;

/// Also bounds the writes that wait for a thread: each holds a gate.
const STRIPES: usize = 256;

/// A held gate.
pub(super) type Gate = OwnedMutexGuard<()>;

/// The gates of a log, striped by key.
#[derive(Debug)]
pub(super) struct Gates {
    stripes: Box<[Arc<Mutex<()>>; STRIPES]>,
    closed: AtomicBool,
}

impl Gates {
    /// All open.
    pub(super) fn new() -> Self {
        Self {
            stripes: Box::new(std::array::from_fn(|_| Arc::new(Mutex::new(())))),
            closed: AtomicBool::new(false),
        }
    }

    /// Waits for the gate of a key.
    ///
    /// # Errors
    /// `Unavailable` once the backend is closing.
    pub(super) async fn lock(&self, fingerprint: Fingerprint) -> Result<Gate> {
        let gate = self.stripe(fingerprint).lock_owned().await;
        if self.closed.load(Ordering::Acquire) { Err(closed()) } else { Ok(gate) }
    }

    /// The same for the keeper's thread: waits in line, but only so long.
    pub(super) fn lock_within(&self, fingerprint: Fingerprint, patience: Duration) -> Option<Gate> {
        wait(self.stripe(fingerprint), patience)
    }

    /// Lets no change begin, and waits for those that are under way, but only so long.
    pub(super) fn close(&self, patience: Duration) {
        self.closed.store(true, Ordering::Release);
        let start = Instant::now();
        for stripe in self.stripes.iter() {
            drop(wait(Arc::clone(stripe), patience.saturating_sub(start.elapsed())));
        }
    }

    fn stripe(&self, fingerprint: Fingerprint) -> Arc<Mutex<()>> {
        let [first, ..] = &*self.stripes;
        Arc::clone(self.stripes.get(fingerprint.stripe(STRIPES)).unwrap_or(first))
    }
}

/// Waits in the same line as the tasks do, with an end.
fn wait(stripe: Arc<Mutex<()>>, patience: Duration) -> Option<Gate> {
    let start = Instant::now();
    let waker = Waker::from(Arc::new(Unpark(std::thread::current())));
    let mut gate = pin!(stripe.lock_owned());
    loop {
        if let Poll::Ready(gate) = gate.as_mut().poll(&mut Context::from_waker(&waker)) {
            return Some(gate);
        }
        let left = patience.checked_sub(start.elapsed()).filter(|left| !left.is_zero())?;
        std::thread::park_timeout(left);
    }
}

struct Unpark(Thread);

impl Wake for Unpark {
    fn wake(self: Arc<Self>) {
        self.0.unpark();
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cache_core::error::ErrorKind;

    const KEY: Fingerprint = Fingerprint::of_halves(1, 2);

    #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
    async fn whoever_keeps_a_gate_and_sleeps_stops_neither_the_keeper_nor_the_end() {
        let gates = Gates::new();
        let held = gates.lock(KEY).await.unwrap();
        assert!(gates.lock_within(KEY, Duration::from_millis(1)).is_none());
        // Is given the gate when `held` goes, and is not polled then.
        let mut sleeper = Box::pin(gates.lock(KEY));
        assert!(sleeper.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        drop(held);
        assert!(gates.lock_within(KEY, Duration::from_millis(1)).is_none());
        gates.close(Duration::from_millis(1));
        assert_eq!(sleeper.await.unwrap_err().kind(), ErrorKind::Unavailable);
    }

    #[test]
    fn the_keeper_gets_a_gate_as_soon_as_it_is_free() {
        let gates = Gates::new();
        let held = gates.lock_within(KEY, Duration::ZERO).unwrap();
        std::thread::scope(|scope| {
            let waiting = scope.spawn(|| gates.lock_within(KEY, Duration::from_secs(60)).is_some());
            drop(held);
            assert!(waiting.join().unwrap());
        });
    }
}
