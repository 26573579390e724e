//! What the layer does: lets so many in, so many wait, and sheds the rest.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use tokio::runtime::Handle;
use tokio::sync::{Semaphore, SemaphorePermit};

use super::BulkheadConfig;
use crate::error::{Error, ErrorKind, Result};
use crate::layer::{Answer, Around, Call, Layer, Wrapped};
use crate::port::backend::{CacheBackend, Verb};

/// Bounds the calls that are under way. Waiting needs a tokio runtime with timers.
#[derive(Debug, Clone)]
pub struct BulkheadLayer(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    config: BulkheadConfig,
    places: Semaphore,
    queued: AtomicUsize,
    shed: AtomicU64,
}

impl BulkheadLayer {
    /// With these numbers.
    ///
    /// # Errors
    /// `Config` when nothing could ever be in flight.
    pub fn new(config: BulkheadConfig) -> Result<Self> {
        config.check().map(|()| Self::of(config))
    }

    fn of(config: BulkheadConfig) -> Self {
        let (places, queued) = (Semaphore::new(config.in_flight), AtomicUsize::new(0));
        Self(Arc::new(Inner { config, places, queued, shed: AtomicU64::new(0) }))
    }

    /// Calls in flight now.
    #[must_use]
    pub fn in_flight(&self) -> usize {
        self.0.config.in_flight.saturating_sub(self.0.places.available_permits())
    }

    /// Calls that wait now.
    #[must_use]
    pub fn queued(&self) -> usize {
        self.0.queued.load(Ordering::Relaxed)
    }

    /// Calls that were shed so far.
    #[must_use]
    pub fn shed(&self) -> u64 {
        self.0.shed.load(Ordering::Relaxed)
    }
}

impl Default for BulkheadLayer {
    fn default() -> Self {
        Self::of(BulkheadConfig::default())
    }
}

impl Inner {
    /// A place, or why there is none.
    async fn place(&self, call: &Call<'_>) -> Result<SemaphorePermit<'_>> {
        match self.places.try_acquire() {
            Ok(place) => Ok(place),
            Err(_) => self.queue(call).await,
        }
    }

    async fn queue(&self, call: &Call<'_>) -> Result<SemaphorePermit<'_>> {
        let config = &self.config;
        // A caller without a runtime has no timer to wait by.
        let _queued = Queued::enter(&self.queued, config.queued)
            .filter(|_| Handle::try_current().is_ok())
            .ok_or_else(|| self.refuse(call, &format!("and {} wait", config.queued)))?;
        let place = tokio::time::timeout(config.wait, self.places.acquire()).await;
        place
            .ok()
            .and_then(Result::ok)
            .ok_or_else(|| self.refuse(call, &format!("and none ended within {:?}", config.wait)))
    }

    fn refuse(&self, call: &Call<'_>, why: &str) -> Error {
        self.shed.fetch_add(1, Ordering::Relaxed);
        let text = format!("has {} calls in flight, {why}: this one was shed", self.config.in_flight);
        call.error(ErrorKind::Overloaded, &text)
    }
}

/// A place in the queue.
struct Queued<'a>(&'a AtomicUsize);

impl<'a> Queued<'a> {
    fn enter(queued: &'a AtomicUsize, most: usize) -> Option<Self> {
        let entered = queued.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |queued| {
            (queued < most).then_some(queued + 1)
        });
        entered.ok().map(|_| Self(queued))
    }
}

impl Drop for Queued<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl Layer for BulkheadLayer {
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        Wrapped::put(self.clone(), inner)
    }
}

impl Around for BulkheadLayer {
    async fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call<'a>,
        mut make: impl FnMut() -> Answer<'a, T> + Send + 'a,
    ) -> Result<T> {
        if call.verb == Verb::Disconnect {
            return make().await;
        }
        let _place = self.0.place(&call).await?;
        make().await
    }
}
