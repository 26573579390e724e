//! What is examined, and what an examiner must know about it.

use std::any::Any;
use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use crate::port::backend::CacheBackend;

pub(super) type Pass = Arc<dyn Fn(Duration) -> Pin<Box<dyn Future<Output = ()> + Send>> + Send + Sync>;

/// A backend to be examined.
#[derive(Clone)]
pub struct Subject {
    backend: Arc<dyn CacheBackend>,
    pub(super) too_large: Option<usize>,
    pub(super) pass: Option<Pass>,
    _kept: Option<Arc<dyn Any + Send + Sync>>,
}

impl Subject {
    /// A backend that lives by the real clock, and of which no size limit is known.
    pub fn new(backend: impl CacheBackend) -> Self {
        Self { backend: Arc::new(backend), too_large: None, pass: None, _kept: None }
    }

    /// The backend refuses frames of this many bytes.
    #[must_use]
    pub fn refusing(mut self, bytes: usize) -> Self {
        self.too_large = Some(bytes);
        self
    }

    /// The backend's time is steered: this lets it pass. Without it, promises about lives really wait.
    #[must_use]
    pub fn steered<F>(mut self, pass: impl Fn(Duration) -> F + Send + Sync + 'static) -> Self
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.pass = Some(Arc::new(move |time| Box::pin(pass(time))));
        self
    }

    /// Keeps something alive as long as the backend: a server, a directory.
    #[must_use]
    pub fn keeping(mut self, guard: impl Any + Send + Sync) -> Self {
        self._kept = Some(Arc::new(guard));
        self
    }

    /// The backend.
    #[must_use]
    pub fn backend(&self) -> Arc<dyn CacheBackend> {
        Arc::clone(&self.backend)
    }
}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject").field(&self.backend).finish()
    }
}
