//! What the layer does: waits no longer than the limit.

use std::sync::Arc;

use crate::error::Result;
use crate::layer::limits::within;
use crate::layer::{Answer, Around, Call, Layer, Limits, Wrapped};
use crate::port::backend::CacheBackend;

/// Ends calls at their limit. Needs a tokio runtime with timers.
#[derive(Debug, Clone, Copy, Default)]
pub struct TimeoutLayer {
    limits: Limits,
}

impl TimeoutLayer {
    /// With these limits.
    ///
    /// # Errors
    /// `Config`, naming a limit that is zero or above 60 s.
    pub fn new(limits: Limits) -> Result<Self> {
        limits.check().map(|()| Self { limits })
    }
}

impl Layer for TimeoutLayer {
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        Wrapped::put(*self, inner)
    }
}

impl Around for TimeoutLayer {
    async fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call<'a>,
        mut make: impl FnMut() -> Answer<'a, T> + Send + 'a,
    ) -> Result<T> {
        within(self.limits.of(&call), &call, make()).await
    }
}
