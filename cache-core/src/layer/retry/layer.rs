//! What the layer does: tries again while that is harmless, promising and in time.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use tokio::time::{Instant, sleep};

use super::RetryConfig;
use crate::chance::Chance;
use crate::error::{Error, Result};
use crate::layer::limits::within;
use crate::layer::{Answer, Around, Call, Layer, Wrapped};
use crate::port::backend::CacheBackend;

/// Repeats calls that may be repeated. Needs a tokio runtime with timers.
#[derive(Debug, Clone)]
pub struct RetryLayer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: RetryConfig,
    chance: Chance,
}

impl RetryLayer {
    /// With these numbers.
    ///
    /// # Errors
    /// `Config`, naming the number that is out of range.
    pub fn new(config: RetryConfig) -> Result<Self> {
        config.check().map(|()| Self::of(config))
    }

    fn of(config: RetryConfig) -> Self {
        Self(Arc::new(Inner { config, chance: Chance::new() }))
    }

    /// Attempts until one succeeds, fails for good, or the next one would come too late.
    async fn attempts<'a, T>(
        &self,
        made: &AtomicU32,
        until: Instant,
        mut make: impl FnMut() -> Answer<'a, T>,
    ) -> Result<T> {
        loop {
            let attempt = made.fetch_add(1, Ordering::Relaxed) + 1;
            let error = match make().await {
                Err(error) if is_promising(&error) => error,
                answer => return answer,
            };
            let pause = self.0.config.pause(attempt + 1, self.0.chance.draw());
            if attempt >= self.0.config.attempts || Instant::now() + pause >= until {
                return Err(error);
            }
            sleep(pause).await;
        }
    }
}

impl Default for RetryLayer {
    fn default() -> Self {
        Self::of(RetryConfig::default())
    }
}

/// Overload is not cured by asking more often, and what another retry gave up on is hopeless.
fn is_promising(error: &Error) -> bool {
    error.is_outage() && error.attempts() <= 1
}

impl Layer for RetryLayer {
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        Wrapped::put(self.clone(), inner)
    }
}

impl Around for RetryLayer {
    async fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call<'a>,
        mut make: impl FnMut() -> Answer<'a, T> + Send + 'a,
    ) -> Result<T> {
        if !call.repeatable {
            return make().await;
        }
        let limit = self.0.config.limits.unwrap_or_default().of(&call);
        let made = AtomicU32::new(0);
        let answer = within(limit, &call, self.attempts(&made, Instant::now() + limit, make)).await;
        let made = made.into_inner();
        answer.map_err(
            |error| if made > 1 && is_promising(&error) { error.after_attempts(made) } else { error },
        )
    }
}
