//! How many may be where.

use std::time::Duration;

use tokio::sync::Semaphore;

use crate::error::{Error, ErrorKind, Result};

/// How many calls may be under way, how many may wait, and how long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BulkheadConfig {
    pub(super) in_flight: usize,
    pub(super) queued: usize,
    pub(super) wait: Duration,
}

impl Default for BulkheadConfig {
    fn default() -> Self {
        Self { in_flight: 100, queued: 1_000, wait: Duration::from_millis(100) }
    }
}

impl BulkheadConfig {
    /// Calls in flight at once (100).
    #[must_use]
    pub fn in_flight(mut self, calls: usize) -> Self {
        self.in_flight = calls;
        self
    }

    /// Calls that wait for a place (1,000); 0: none waits.
    #[must_use]
    pub fn queued(mut self, calls: usize) -> Self {
        self.queued = calls;
        self
    }

    /// How long a call waits for a place (0.1 s).
    #[must_use]
    pub fn wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        if (1..=Semaphore::MAX_PERMITS).contains(&self.in_flight) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Config, format!("the bulkhead's in_flight holds {}", self.in_flight))
            .with_fix("give at least 1; 100 suit most, to be without a bulkhead leave it out"))
    }
}
