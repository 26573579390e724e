//! Layers: what goes around the calls of one backend.
//!
//! Promise: a layer adds its one concern and is the backend otherwise; each passes the conformance suite, alone and with
//! the others. Invariant: what a layer knows (a breaker's state, a meter's counts) lives in the layer, the wrapped backend
//! is a cheap projection of it; so one layer around two backends judges both as one.
//!
//! Read [`Resilience`] first: it puts the layers into the one order that makes sense, and says why. [`around`] holds the
//! only forwarding impl. The files of each folder have the same names: `config` (numbers, checked), `state` (what the layer
//! knows), `layer` (what it does around a call); a layer that has no numbers or knows nothing does without.

mod around;
pub mod breaker;
pub mod bulkhead;
mod call;
mod limits;
pub mod meter;
mod resilience;
pub mod retry;
pub mod timeout;
pub mod trace;

pub(crate) use around::{Answer, Around, Wrapped};
pub use breaker::{BreakerConfig, BreakerLayer, BreakerState};
pub use bulkhead::{BulkheadConfig, BulkheadLayer};
pub(crate) use call::Call;
pub use limits::Limits;
pub use meter::MeterLayer;
pub use resilience::{Resilience, ResilienceBuilder};
pub use retry::{RetryConfig, RetryLayer};
pub use timeout::TimeoutLayer;
pub use trace::TraceLayer;

use std::fmt::Debug;
use std::sync::Arc;

use crate::port::backend::CacheBackend;

/// Something that goes around the calls of a backend.
pub trait Layer: Debug + Send + Sync + 'static {
    /// The backend with this around it. Costs an allocation, now and per call.
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend>;
}

impl<L: Layer + ?Sized> Layer for Arc<L> {
    fn wrap(&self, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        (**self).wrap(inner)
    }
}

/// `backend.layered(&layer)`, for every backend.
pub trait Layered: CacheBackend + Sized {
    /// This backend with a layer around it. The last one that is put around is the first one that a call meets.
    fn layered(self, layer: &impl Layer) -> Arc<dyn CacheBackend> {
        layer.wrap(Arc::new(self))
    }
}

impl<B: CacheBackend> Layered for B {}
