//! The verb that loads.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::marker::PhantomData;
use std::pin::Pin;
use std::sync::Arc;

use super::{CacheManager, DIRECT, ask};
use crate::engine::{ByClone, Fallible, HoldClone, Recipe, Storable, Verdict};
use crate::error::{Error, Result};
use crate::key::CacheKey;
use crate::time::{Life, Ttl};

/// What a load is about: values of `T`, errors of `E`, a loader that may borrow for `'f`.
type Of<'f, T, E> = (&'f (), fn() -> (T, E));

/// A load that has not begun: await it, or set its options first.
#[must_use = "nothing is read or loaded until it is awaited"]
pub struct GetOrLoad<'f, T, E, F> {
    manager: CacheManager,
    key: Result<CacheKey>,
    loader: F,
    ttl: Ttl,
    of: PhantomData<Of<'f, T, E>>,
}

impl<T, E, F> GetOrLoad<'_, T, E, F> {
    pub(super) fn new(manager: CacheManager, key: Result<CacheKey>, loader: F) -> Self {
        Self { manager, key, loader, ttl: Ttl::Default, of: PhantomData }
    }

    /// How long a loaded value is fresh.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }
}

impl<T, E, F, Fut> GetOrLoad<'_, T, E, F>
where
    T: Storable + Clone,
    E: Send + Sync + 'static,
    F: FnOnce() -> Fut,
    Fut: Future<Output = Result<T, E>>,
{
    async fn run(self) -> Result<T, LoadError<E>> {
        let key = self.key.map_err(LoadError::Cache)?;
        self.ttl.resolve(Life::Forever).map_err(LoadError::Cache)?;
        let engine = self.manager.engine();
        let loader = self.loader;
        let body = async move { loader().await.map_err(|error| LoadError::Loader(Arc::new(error))) };
        if !engine.is_enabled() {
            return engine.bypass(&DIRECT, body).await;
        }
        let recipe = Recipe {
            shape: Fallible::<T, LoadError<E>>::new(),
            hold: HoldClone::<T>::new(),
            share: ByClone::<T, LoadError<E>>::new(),
            judge: |_: &T| Verdict::Keep(Ttl::Default),
            on_trouble: |error| Some(Err(LoadError::Cache(error))),
        };
        engine.load(&ask::<T>(&key, self.ttl), recipe, body).await
    }
}

impl<'f, T, E, F, Fut> IntoFuture for GetOrLoad<'f, T, E, F>
where
    T: Storable + Clone,
    E: Send + Sync + 'static,
    F: FnOnce() -> Fut + Send + 'f,
    Fut: Future<Output = Result<T, E>> + Send + 'f,
{
    type Output = Result<T, LoadError<E>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + 'f>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(self.run())
    }
}

impl<T, E, F> fmt::Debug for GetOrLoad<'_, T, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("GetOrLoad").field("key", &self.key).field("ttl", &self.ttl).finish_non_exhaustive()
    }
}

/// Why a load has no value: the loader's own error, shared by all who waited for it, or the caller's misuse of
/// the cache (an empty key, a ttl of zero); trouble of a tier only when the manager fails closed.
pub enum LoadError<E> {
    /// The loader failed.
    Loader(Arc<E>),
    /// The cache could not be asked.
    Cache(Error),
}

impl<E> LoadError<E> {
    /// The loader's error.
    pub fn loader(&self) -> Option<&E> {
        match self {
            Self::Loader(error) => Some(error),
            Self::Cache(_) => None,
        }
    }
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Loader(error) => Self::Loader(Arc::clone(error)),
            Self::Cache(error) => Self::Cache(error.clone()),
        }
    }
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loader(error) => error.fmt(f),
            Self::Cache(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loader(error) => error.fmt(f),
            Self::Cache(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Display + fmt::Debug> std::error::Error for LoadError<E> {}
