//! Awaiting a load: once for each form of loader, and for each that it may belong to.

use std::future::{Future, IntoFuture};
use std::pin::Pin;

use super::super::cached::{loaded, shown};
use super::super::{Cached, LoadError, Previous};
use super::{Attached, Detached, GetOrLoad, Revalidating, Simple, Validating, WithStatus};
use crate::engine::{Call, Older, Storable};
use crate::entry::Status;

/// A loader as the engine runs it.
macro_rules! body {
    (Simple, $loader:ident) => {
        |_| async { $loader().await.map_err(LoadError::of) }
    };
    (Revalidating, $loader:ident) => {
        |older: Older| async move {
            let older = shown::<T>(older);
            loaded($loader(older.clone().map(Previous::into_value)).await, older)
        }
    };
    (Validating, $loader:ident) => {
        |older: Older| async move {
            let older = shown::<T>(older);
            loaded($loader(older.clone()).await, older)
        }
    };
}

/// Whether its value may name tags.
macro_rules! open {
    (Simple) => {
        false
    };
    (Revalidating) => {
        true
    };
    (Validating) => {
        true
    };
}

pub(in crate::manager) use {body, open};

/// Awaiting, for a loader that lives for `$life`, is started as `$call`, and is a `$form`.
macro_rules! awaited {
    ($($form:ident($($shown:ty)?) -> $answer:ty, $mode:ident, $call:ident, $life:lifetime $(, <$free:lifetime>)?;)*) => {$(
        impl<$($free,)? T, E, F, Fut> IntoFuture for GetOrLoad<$life, T, E, F, $mode, $form>
        where
            T: Storable + Clone,
            E: Send + Sync + 'static,
            F: FnOnce($($shown)?) -> Fut + Send + $life,
            Fut: Future<Output = Result<$answer, E>> + Send + $life,
        {
            type Output = Result<T, LoadError<E>>;
            type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + $life>>;

            fn into_future(self) -> Self::IntoFuture {
                let Self { asked, loader, recipe, .. } = self;
                let body = body!($form, loader);
                Box::pin(asked.answer(Call::$call(recipe, body), open!($form), |answer| answer.ret))
            }
        }

        impl<$($free,)? T, E, F, Fut> IntoFuture for WithStatus<GetOrLoad<$life, T, E, F, $mode, $form>>
        where
            T: Storable + Clone,
            E: Send + Sync + 'static,
            F: FnOnce($($shown)?) -> Fut + Send + $life,
            Fut: Future<Output = Result<$answer, E>> + Send + $life,
        {
            type Output = Result<(T, Status), LoadError<E>>;
            type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send + $life>>;

            fn into_future(self) -> Self::IntoFuture {
                let GetOrLoad { asked, loader, recipe, .. } = self.0;
                let body = body!($form, loader);
                Box::pin(asked.answer(Call::$call(recipe, body), open!($form), |answer| Ok((answer.ret?, answer.status))))
            }
        }
    )*};
}

awaited! {
    Simple() -> T, Attached, attached, 'f, <'f>;
    Simple() -> T, Detached, detached, 'static;
    Revalidating(Option<T>) -> Cached<T>, Attached, attached, 'f, <'f>;
    Revalidating(Option<T>) -> Cached<T>, Detached, detached, 'static;
    Validating(Option<Previous<T>>) -> Cached<T>, Attached, attached, 'f, <'f>;
    Validating(Option<Previous<T>>) -> Cached<T>, Detached, detached, 'static;
}
