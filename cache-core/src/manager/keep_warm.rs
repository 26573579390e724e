//! A load whose value is refreshed as long as it is read.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use super::{Detached, GetOrLoad, LoadError};
use crate::engine::Storable;
use crate::error::{Error, ErrorKind, Result};

/// A load whose value is kept warm: await it.
#[must_use = "nothing is read or loaded until it is awaited"]
pub struct KeepWarm<T, E, F> {
    load: GetOrLoad<'static, T, E, F, Detached>,
    until_idle: Duration,
}

impl<T, E, F: Clone> KeepWarm<T, E, F> {
    pub(super) fn new(load: GetOrLoad<'static, T, E, F, Detached>, until_idle: Duration) -> Self {
        Self { load, until_idle }
    }

    fn check(&self) -> Result<()> {
        if self.until_idle.is_zero() {
            let held = Error::new(ErrorKind::Config, "keep_warm holds 0: nothing would be kept");
            return Err(held.during("load").with_fix("leave it out, or give more"));
        }
        Ok(())
    }
}

impl<T, E, F, Fut> IntoFuture for KeepWarm<T, E, F>
where
    T: Storable + Clone,
    E: Send + Sync + 'static,
    F: FnOnce() -> Fut + Clone + Send + 'static,
    Fut: Future<Output = Result<T, E>> + Send + 'static,
{
    type Output = Result<T, LoadError<E>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            self.check().map_err(LoadError::Cache)?;
            let Self { load, until_idle } = self;
            let engine = load.manager().engine_handle();
            let is_kept = load.key().is_ok_and(|key| engine.is_kept_warm(key));
            let again = (!is_kept).then(|| load.again());
            let value = load.into_future().await?;
            if let Some(again) = again {
                again.kept_warm(until_idle);
            }
            Ok(value)
        })
    }
}

impl<T, E, F> fmt::Debug for KeepWarm<T, E, F> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeepWarm")
            .field("load", &self.load)
            .field("until_idle", &self.until_idle)
            .finish_non_exhaustive()
    }
}
