//! What the layer does: counts calls and reads the clock around them.

use std::sync::Arc;

use super::snapshot::MeterSnapshot;
use super::state::{Counters, End};
use crate::error::Result;
use crate::layer::{Answer, Around, Call, Layer, Wrapped};
use crate::port::backend::{CacheBackend, Verb};
use crate::port::clock::Clock;
use crate::time::Tick;

/// Counts calls, errors and latencies per verb. Two reads of the clock per call.
#[derive(Debug, Clone, Default)]
pub struct MeterLayer(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    clock: Clock,
    counters: Counters,
}

impl MeterLayer {
    /// Begins at zero, by the machine's clock.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// By this clock.
    #[must_use]
    pub fn with_clock(clock: Clock) -> Self {
        Self(Arc::new(Inner { clock, counters: Counters::default() }))
    }

    /// What was counted so far. Counters are read one by one: a call that ends meanwhile may be in one and not yet in
    /// another.
    #[must_use]
    pub fn snapshot(&self) -> MeterSnapshot {
        self.0.counters.snapshot()
    }
}

impl Layer for MeterLayer {
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        Wrapped::put(self.clone(), inner)
    }
}

impl Around for MeterLayer {
    async fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call<'a>,
        mut make: impl FnMut() -> Answer<'a, T> + Send + 'a,
    ) -> Result<T> {
        let began = self.0.clock.tick();
        let mut running = Running { meter: &self.0, verb: call.verb, began, end: End::Cancelled };
        let answer = make().await;
        running.end = answer.as_ref().err().map_or(End::Answered, |error| End::Failed(error.kind()));
        answer
    }
}

/// A call under way: dropped before its end is known, it was cancelled.
struct Running<'a> {
    meter: &'a Inner,
    verb: Verb,
    began: Tick,
    end: End,
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        let nanos = self.meter.clock.tick().0.saturating_sub(self.began.0);
        self.meter.counters.add(self.verb, self.end, nanos);
    }
}
