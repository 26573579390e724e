//! A layer of trouble: faults at random, at a rate, repeatable by their seed.
//!
//! Promise: at rate 0, and while it is calm, it is the backend that it wraps. Every fault is one that an honest backend has:
//! a call that fails has not happened, a call whose answer is lost has.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use crate::chance::Chance;
use crate::error::{ErrorKind, Result};
use crate::layer::{Answer, Around, Call, Layer, Wrapped};
use crate::port::backend::{CacheBackend, Verb};

/// Makes calls fail, get lost or take long, at random. Letting go (`disconnect`) is left alone.
///
/// ```
/// # use cache_core::layer::Layered;
/// # use cache_core::testkit::{ChaosLayer, MapBackend};
/// # use std::time::Duration;
/// let chaos = ChaosLayer::seeded(7).failing(0.1).losing(0.05).delaying(0.2, Duration::from_millis(30));
/// let backend = MapBackend::new().layered(&chaos);
/// chaos.calm(true); // and everything is well again
/// ```
#[derive(Debug, Clone)]
pub struct ChaosLayer {
    failing: f64,
    losing: f64,
    delaying: f64,
    delay: Duration,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    chance: Chance,
    calm: AtomicBool,
    faults: AtomicU64,
}

impl ChaosLayer {
    /// No faults yet. The same seed and the same calls give the same faults.
    #[must_use]
    pub fn seeded(seed: u64) -> Self {
        let shared =
            Shared { chance: Chance::seeded(seed), calm: AtomicBool::new(false), faults: AtomicU64::new(0) };
        Self { failing: 0.0, losing: 0.0, delaying: 0.0, delay: Duration::ZERO, shared: Arc::new(shared) }
    }

    /// This share of the calls fails with `Unavailable` and does not happen.
    #[must_use]
    pub fn failing(mut self, rate: f64) -> Self {
        self.failing = rate;
        self
    }

    /// This share of the calls happens, but its caller sees a `Timeout`.
    #[must_use]
    pub fn losing(mut self, rate: f64) -> Self {
        self.losing = rate;
        self
    }

    /// This share of the calls takes this much longer, in tokio's time.
    #[must_use]
    pub fn delaying(mut self, rate: f64, delay: Duration) -> Self {
        (self.delaying, self.delay) = (rate, delay);
        self
    }

    /// Stops all faults, or lets them begin again.
    pub fn calm(&self, on: bool) {
        self.shared.calm.store(on, Ordering::SeqCst);
    }

    /// How many faults there were.
    #[must_use]
    pub fn faults(&self) -> u64 {
        self.shared.faults.load(Ordering::SeqCst)
    }

    fn strikes(&self, rate: f64) -> bool {
        let strikes = !self.shared.calm.load(Ordering::SeqCst) && self.shared.chance.draw() < rate;
        self.shared.faults.fetch_add(u64::from(strikes), Ordering::SeqCst);
        strikes
    }
}

impl Layer for ChaosLayer {
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        Wrapped::put(self.clone(), inner)
    }
}

impl Around for ChaosLayer {
    async fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call<'a>,
        mut make: impl FnMut() -> Answer<'a, T> + Send + 'a,
    ) -> Result<T> {
        if call.verb == Verb::Disconnect {
            return make().await;
        }
        if self.strikes(self.delaying) {
            tokio::time::sleep(self.delay).await;
        }
        if self.strikes(self.failing) {
            return Err(call.error(ErrorKind::Unavailable, "fails by chance"));
        }
        let answer = make().await;
        if self.strikes(self.losing) {
            return Err(call.error(ErrorKind::Timeout, "lost its answer by chance"));
        }
        answer
    }
}
