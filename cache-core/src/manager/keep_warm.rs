//! A load whose value is refreshed as long as it is read.

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::time::Duration;

use super::cached::{loaded, shown};
use super::get_or_load::{body, open};
use super::{Cached, Detached, GetOrLoad, LoadError, Previous, Revalidating, Simple, Validating, WithStatus};
use crate::engine::{Body, Older, Storable};
use crate::entry::Status;
use crate::error::{Error, ErrorKind, Result};

/// A load whose value is kept warm: await it.
#[must_use = "nothing is read or loaded until it is awaited"]
pub struct KeepWarm<T, E, F, L = Simple> {
    load: GetOrLoad<'static, T, E, F, Detached, L>,
    /// `None`: as long as the policy says.
    until_idle: Option<Duration>,
}

impl<T, E, F: Clone, L> KeepWarm<T, E, F, L> {
    pub(super) fn new(load: GetOrLoad<'static, T, E, F, Detached, L>, until_idle: Option<Duration>) -> Self {
        Self { load: load.again_and_again(), until_idle }
    }

    /// Says where the value came from and how old it is.
    pub fn with_status(self) -> WithStatus<Self> {
        WithStatus(self)
    }

    /// Answers the call, and has its value kept warm by the loader as a `body`.
    async fn answer<A, G, B>(
        self,
        ask: impl FnOnce(GetOrLoad<'static, T, E, F, Detached, L>) -> A,
        body: impl Fn(F) -> B + Send + 'static,
        open: bool,
    ) -> Result<G, LoadError<E>>
    where
        T: Storable + Clone,
        E: Send + Sync + 'static,
        F: Send + 'static,
        A: Future<Output = Result<G, LoadError<E>>>,
        B: Body<Result<T, LoadError<E>>, Run: Send + 'static> + Send + 'static,
    {
        let until_idle = self.check().map_err(LoadError::Cache)?;
        let Self { load, .. } = self;
        let engine = load.manager().engine_handle();
        let is_kept = load.key().is_ok_and(|key| engine.is_kept_warm(key));
        let again = (!is_kept).then(|| load.again());
        let answer = ask(load).await?;
        if let Some(again) = again {
            again.kept_warm(until_idle, body, open);
        }
        Ok(answer)
    }

    /// How long it is kept, when it can be.
    fn check(&self) -> Result<Duration>
    where
        T: Storable,
    {
        let wrong = |held: String, fix| Err(Error::new(ErrorKind::Config, held).during("load").with_fix(fix));
        let Some(idle) = self.until_idle.or_else(|| self.load.said()) else {
            return wrong(
                "the policy does not say keep_warm".to_owned(),
                "add .keep_warm(..) to the keyspace's policy, or load by get_or_load",
            );
        };
        if idle.is_zero() {
            return wrong(
                "keep_warm holds 0: nothing would be kept".to_owned(),
                "leave it out, or give more",
            );
        }
        if !self.load.manager().0.has_near() {
            let held =
                format!("keep_warm holds {idle:?}, but the manager has no near tier to keep values in");
            return wrong(held, "add .near(Near::mib(64)) to its builder, or leave keep_warm out");
        }
        if !self.load.stays_near() {
            let held = format!("keep_warm holds {idle:?}, but sealed values are not kept in the near tier");
            return wrong(held, "say near_too in the policy, or leave keep_warm out");
        }
        Ok(idle)
    }
}

/// Awaiting, for each form of loader.
macro_rules! warmed {
    ($($form:ident($($shown:ty)?) -> $answer:ty;)*) => {$(
        impl<T, E, F, Fut> IntoFuture for KeepWarm<T, E, F, $form>
        where
            T: Storable + Clone,
            E: Send + Sync + 'static,
            F: FnOnce($($shown)?) -> Fut + Clone + Send + 'static,
            Fut: Future<Output = Result<$answer, E>> + Send + 'static,
        {
            type Output = Result<T, LoadError<E>>;
            type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                let body = |loader: F| body!($form, loader);
                Box::pin(self.answer(GetOrLoad::into_future, body, open!($form)))
            }
        }

        impl<T, E, F, Fut> IntoFuture for WithStatus<KeepWarm<T, E, F, $form>>
        where
            T: Storable + Clone,
            E: Send + Sync + 'static,
            F: FnOnce($($shown)?) -> Fut + Clone + Send + 'static,
            Fut: Future<Output = Result<$answer, E>> + Send + 'static,
        {
            type Output = Result<(T, Status), LoadError<E>>;
            type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

            fn into_future(self) -> Self::IntoFuture {
                let body = |loader: F| body!($form, loader);
                Box::pin(self.0.answer(|load| load.with_status().into_future(), body, open!($form)))
            }
        }
    )*};
}

warmed! {
    Simple() -> T;
    Revalidating(Option<T>) -> Cached<T>;
    Validating(Option<Previous<T>>) -> Cached<T>;
}

impl<T, E, F, L> fmt::Debug for KeepWarm<T, E, F, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("KeepWarm")
            .field("load", &self.load)
            .field("until_idle", &self.until_idle)
            .finish_non_exhaustive()
    }
}
