//! One writer per key at a time.
//!
//! Promise: whoever changes an entry holds its gate from the look at the old value until the new one is in the
//! index. A job that was handed to a thread takes the gate with it, so a caller that goes away cannot make its
//! write land behind a later one. Readers need no gate.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

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

    /// The same for the keeper's thread, which never runs inside a runtime.
    pub(super) fn lock_blocking(&self, fingerprint: Fingerprint) -> Gate {
        self.stripe(fingerprint).blocking_lock_owned()
    }

    /// Waits until every change has ended, and lets none begin.
    pub(super) fn close(&self) {
        let held: Vec<Gate> =
            self.stripes.iter().map(|stripe| Arc::clone(stripe).blocking_lock_owned()).collect();
        self.closed.store(true, Ordering::Release);
        drop(held);
    }

    fn stripe(&self, fingerprint: Fingerprint) -> Arc<Mutex<()>> {
        let [first, ..] = &*self.stripes;
        Arc::clone(self.stripes.get(fingerprint.stripe(STRIPES)).unwrap_or(first))
    }
}
