//! What the layer does: asks the machine before a call, and tells it how the call ended.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use super::permit::Permit;
use super::state::{Change, Machine, Outcome, Ticket};
use super::{BreakerConfig, BreakerState};
use crate::chance::Chance;
use crate::error::{ErrorKind, Result};
use crate::layer::{Answer, Around, Call, Layer, Wrapped};
use crate::port::backend::{CacheBackend, Verb};
use crate::port::clock::Clock;

/// Stops calls to a backend that is down. One per node: wrapped around two backends it judges both as one. A call takes
/// its lock twice, for a few nanoseconds.
#[derive(Debug, Clone)]
pub struct BreakerLayer(Arc<Shared>);

#[derive(Debug)]
pub(super) struct Shared {
    machine: Mutex<Machine>,
    clock: Clock,
    chance: Chance,
    opened: AtomicU64,
    rejected: AtomicU64,
}

/// How a breaker is, and what it has done.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct BreakerSnapshot {
    /// What it does with calls now. An open one whose time is over stays open until somebody probes.
    pub state: BreakerState,
    /// How often it opened, also because probes failed.
    pub opened: u64,
    /// How many calls it did not let through.
    pub rejected: u64,
}

impl BreakerLayer {
    /// With these numbers, by the machine's clock.
    ///
    /// # Errors
    /// `Config`, naming the number that is out of range.
    pub fn new(config: BreakerConfig) -> Result<Self> {
        Self::with_clock(config, Clock::default())
    }

    /// By this clock.
    ///
    /// # Errors
    /// As for [`BreakerLayer::new`].
    pub fn with_clock(config: BreakerConfig, clock: Clock) -> Result<Self> {
        config.check().map(|()| Self::of(config, clock))
    }

    fn of(config: BreakerConfig, clock: Clock) -> Self {
        Self(Arc::new(Shared {
            machine: Mutex::new(Machine::new(config)),
            clock,
            chance: Chance::new(),
            opened: AtomicU64::new(0),
            rejected: AtomicU64::new(0),
        }))
    }

    /// What it does with calls now.
    #[must_use]
    pub fn state(&self) -> BreakerState {
        self.0.machine().state()
    }

    /// How it is, and what it has done.
    #[must_use]
    pub fn snapshot(&self) -> BreakerSnapshot {
        BreakerSnapshot {
            state: self.state(),
            opened: self.0.opened.load(Ordering::Relaxed),
            rejected: self.0.rejected.load(Ordering::Relaxed),
        }
    }
}

impl Default for BreakerLayer {
    fn default() -> Self {
        Self::of(BreakerConfig::default(), Clock::default())
    }
}

impl Shared {
    /// Nothing panics under this lock, so a poisoned one still holds a sound machine.
    fn machine(&self) -> MutexGuard<'_, Machine> {
        self.machine.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn permit(&self, call: &Call<'_>) -> Result<Permit<'_>> {
        let ticket = self.machine().admit(self.clock.tick());
        ticket.map(|ticket| Permit::new(self, call.backend, ticket)).ok_or_else(|| {
            self.rejected.fetch_add(1, Ordering::Relaxed);
            call.error(ErrorKind::Unavailable, "is down: its circuit breaker is open")
        })
    }

    pub(super) fn settle(&self, backend: &'static str, ticket: Ticket, outcome: Outcome) {
        let (now, draw) = (self.clock.tick(), self.chance.draw());
        let change = self.machine().settle(ticket, outcome, now, draw);
        if matches!(change, Some(Change::Opened | Change::Reopened)) {
            self.opened.fetch_add(1, Ordering::Relaxed);
        }
        report(backend, change);
    }
}

/// An outage is two lines, however many probes fail meanwhile.
fn report(backend: &'static str, change: Option<Change>) {
    match change {
        Some(Change::Opened) => {
            tracing::warn!(backend, "the circuit breaker opened: calls fail at once until probes succeed");
        }
        Some(Change::Closed) => tracing::info!(backend, "the circuit breaker closed"),
        Some(Change::Reopened) | None => {}
    }
}

impl Layer for BreakerLayer {
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        Wrapped::put(self.clone(), inner)
    }
}

impl Around for BreakerLayer {
    async fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call<'a>,
        mut make: impl FnMut() -> Answer<'a, T> + Send + 'a,
    ) -> Result<T> {
        if call.verb == Verb::Disconnect {
            return make().await;
        }
        let permit = self.0.permit(&call)?;
        let answer = make().await;
        permit.settle(&answer);
        answer
    }

    /// Also while it is open, once the time for a probe has come: else nobody would ever probe.
    fn lets_through(&self) -> bool {
        self.0.machine().would_admit(self.0.clock.tick())
    }
}
