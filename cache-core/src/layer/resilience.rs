//! All layers in the one order that makes sense.
//!
//! Outermost first: **bulkhead, breaker, retry, time-out, meter, (trace,) backend.**
//!
//! * The *bulkhead* is outermost: what is shed must cost nothing, and must not count as a failure of anybody. Inside the
//!   breaker, callers that wait in its queue would hold probe slots.
//! * The *breaker* is outside the *retry*: one exhausted retry is one failure, and while it is open nothing is retried. The
//!   other way round, a retry would spend its attempts on an open breaker, and three attempts of one caller would be three
//!   failures in a row.
//! * The *retry* is outside the *time-out*: each attempt has the limit of its verb, and all of them together one deadline,
//!   by default the same limit, so that a retry makes no call slower. What hangs is not tried twice; what failed at once is.
//! * The *meter* is inside: it counts what the backend was really asked, and how long it really took. The others count what
//!   they kept from it.

use std::sync::Arc;
use std::time::Duration;

use super::{
    BreakerConfig, BreakerLayer, BulkheadConfig, BulkheadLayer, Layer, Limits, MeterLayer, RetryConfig,
    RetryLayer, TimeoutLayer, TraceLayer,
};
use crate::error::{Error, ErrorKind, Result};
use crate::port::backend::CacheBackend;
use crate::port::clock::Clock;

/// A server is found again within about half a second; a breaker must not hide that for long.
const LONGEST_OPEN: Duration = Duration::from_secs(1);

/// All layers in the one order that makes sense: a backend that hangs, fails or is flooded costs a deadline at most.
///
/// ```
/// # use std::time::Duration;
/// # use cache_core::layer::{BreakerState, Layered, Limits, Resilience};
/// # use cache_core::testkit::MapBackend as MyBackend;
/// # use cache_core::manager::CacheManager;
/// let guard = Resilience::builder().limits(Limits::default().read(Duration::from_millis(50))).build()?;
/// let cache = CacheManager::builder().primary(MyBackend::new().layered(&guard)).build()?;
/// assert_eq!(guard.breaker().map(|breaker| breaker.state()), Some(BreakerState::Closed));
/// assert_eq!(guard.meter().snapshot().calls(), 0);
/// # Ok::<(), cache_core::error::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Resilience {
    bulkhead: Option<BulkheadLayer>,
    breaker: Option<BreakerLayer>,
    retry: Option<RetryLayer>,
    timeout: Option<TimeoutLayer>,
    meter: MeterLayer,
    trace: Option<TraceLayer>,
}

impl Resilience {
    /// Every layer but the traces, with the default numbers of each.
    #[must_use]
    pub fn new() -> Self {
        Self {
            bulkhead: Some(BulkheadLayer::default()),
            breaker: Some(BreakerLayer::default()),
            retry: Some(RetryLayer::default()),
            timeout: Some(TimeoutLayer::default()),
            meter: MeterLayer::new(),
            trace: None,
        }
    }

    /// Chooses layers and numbers; begins with those of [`Resilience::new`].
    pub fn builder() -> ResilienceBuilder {
        ResilienceBuilder::new()
    }

    /// For a server whose backend keeps deadlines, repeats and connects anew by itself, as `RedisBackend` does: without
    /// time-out and retry. The bulkhead is a wide one (10,000 in flight, 10,000 waiting), since such a backend has many calls
    /// on one connection; the breaker is open for a second at most, so that it delays no recovery that the backend finds.
    ///
    /// `larder::connect` and `from_env` put this around Redis.
    pub fn of_supervised() -> ResilienceBuilder {
        let bulkhead = BulkheadConfig::default().in_flight(10_000).queued(10_000);
        let breaker = BreakerConfig::default().at_most(LONGEST_OPEN);
        Self::builder().without_timeout().without_retry().bulkhead(bulkhead).breaker(breaker)
    }

    /// The same for a backend over many servers, of which one may be down while the others answer: see
    /// [`BreakerConfig::of_many_servers`].
    pub fn of_supervised_cluster() -> ResilienceBuilder {
        Self::of_supervised().breaker(BreakerConfig::of_many_servers().at_most(LONGEST_OPEN))
    }

    /// The breaker numbers of cachekit: 5 outages within 60 s, open for 30 s.
    pub fn cachekit() -> ResilienceBuilder {
        Self::builder().breaker(BreakerConfig::cachekit())
    }

    /// The breaker, whose state is a gauge.
    #[must_use]
    pub fn breaker(&self) -> Option<&BreakerLayer> {
        self.breaker.as_ref()
    }

    /// The bulkhead, which counts what it shed.
    #[must_use]
    pub fn bulkhead(&self) -> Option<&BulkheadLayer> {
        self.bulkhead.as_ref()
    }

    /// The meter.
    #[must_use]
    pub fn meter(&self) -> &MeterLayer {
        &self.meter
    }
}

impl Default for Resilience {
    fn default() -> Self {
        Self::new()
    }
}

impl Layer for Resilience {
    /// Innermost first: the reverse of what a call meets.
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        let traced = put(self.trace.as_ref(), inner);
        let metered = put(Some(&self.meter), traced);
        let limited = put(self.timeout.as_ref(), metered);
        let repeated = put(self.retry.as_ref(), limited);
        let broken = put(self.breaker.as_ref(), repeated);
        put(self.bulkhead.as_ref(), broken)
    }
}

fn put(layer: Option<&impl Layer>, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
    match layer {
        Some(layer) => layer.wrap(inner),
        None => inner,
    }
}

/// Chooses the layers of a [`Resilience`] and their numbers. Their order is not a choice.
#[derive(Debug, Clone)]
#[must_use = "a builder does nothing until `build`"]
pub struct ResilienceBuilder {
    bulkhead: Option<BulkheadConfig>,
    breaker: Option<BreakerConfig>,
    retry: Option<RetryConfig>,
    limits: Option<Limits>,
    clock: Clock,
    trace: bool,
}

impl ResilienceBuilder {
    fn new() -> Self {
        Self {
            bulkhead: Some(BulkheadConfig::default()),
            breaker: Some(BreakerConfig::default()),
            retry: Some(RetryConfig::default()),
            limits: Some(Limits::default()),
            clock: Clock::default(),
            trace: false,
        }
    }

    /// How long a call may take: each attempt, and all of them together unless the retry says otherwise.
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// Limits nothing: the backend keeps deadlines of its own.
    pub fn without_timeout(mut self) -> Self {
        self.limits = None;
        self
    }

    /// How calls are repeated.
    pub fn retry(mut self, config: RetryConfig) -> Self {
        self.retry = Some(config);
        self
    }

    /// Repeats nothing.
    pub fn without_retry(mut self) -> Self {
        self.retry = None;
        self
    }

    /// When the breaker opens, and for how long.
    pub fn breaker(mut self, config: BreakerConfig) -> Self {
        self.breaker = Some(config);
        self
    }

    /// Calls a backend that is down all the same.
    pub fn without_breaker(mut self) -> Self {
        self.breaker = None;
        self
    }

    /// How many calls may be under way and waiting.
    pub fn bulkhead(mut self, config: BulkheadConfig) -> Self {
        self.bulkhead = Some(config);
        self
    }

    /// Bounds no calls.
    pub fn without_bulkhead(mut self) -> Self {
        self.bulkhead = None;
        self
    }

    /// A span of `tracing` per call.
    pub fn traced(mut self) -> Self {
        self.trace = true;
        self
    }

    /// Where breaker and meter get the time from. Limits and pauses follow tokio's.
    pub fn clock(mut self, clock: Clock) -> Self {
        self.clock = clock;
        self
    }

    /// Makes the layers.
    ///
    /// # Errors
    /// `Config`, naming every number that is out of range.
    pub fn build(self) -> Result<Resilience> {
        let bulkhead = self.bulkhead.map(BulkheadLayer::new).transpose();
        let breaker =
            self.breaker.map(|config| BreakerLayer::with_clock(config, self.clock.clone())).transpose();
        let retry = self.retry.map(|retry| retry.or_limits(self.limits));
        let retry = retry.map(RetryLayer::new).transpose();
        let timeout = self.limits.map(TimeoutLayer::new).transpose();
        match (bulkhead, breaker, retry, timeout) {
            (Ok(bulkhead), Ok(breaker), Ok(retry), Ok(timeout)) => Ok(Resilience {
                bulkhead,
                breaker,
                retry,
                timeout,
                meter: MeterLayer::with_clock(self.clock),
                trace: self.trace.then_some(TraceLayer),
            }),
            (bulkhead, breaker, retry, timeout) => {
                Err(report([bulkhead.err(), breaker.err(), retry.err(), timeout.err()]))
            }
        }
    }
}

/// All problems at once; limits that two layers share are one.
fn report(problems: [Option<Error>; 4]) -> Error {
    let mut texts: Vec<String> = problems.into_iter().flatten().map(|problem| problem.to_string()).collect();
    texts.dedup();
    Error::new(ErrorKind::Config, texts.join("; "))
}
