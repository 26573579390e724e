//! Failures: which may be answered with a stale value, and how a limit of the cache becomes one.

use std::marker::PhantomData;

use super::Ty;
use crate::error::Error;

/// The result that carries trouble of the cache.
pub trait Trouble<R>: Copy {
    /// `None` when there is none: the limit is not kept.
    fn trouble(self, error: Error) -> Option<R>;
}

/// There is no such result.
#[derive(Debug, Clone, Copy)]
pub struct Silent;

/// The function's own error can be made of ours.
#[derive(Debug)]
pub struct ByFrom<T, E>(PhantomData<fn() -> (T, E)>);

impl Silent {
    pub(super) fn new() -> Self {
        Self
    }
}

impl<T, E> ByFrom<T, E> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, E> Clone for ByFrom<T, E> {
    fn clone(&self) -> Self {
        *self
    }
}

impl<T, E> Copy for ByFrom<T, E> {}

impl<R> Trouble<R> for Silent {
    fn trouble(self, _: Error) -> Option<R> {
        None
    }
}

impl<T, E: From<Error>> Trouble<Result<T, E>> for ByFrom<T, E> {
    fn trouble(self, error: Error) -> Option<Result<T, E>> {
        Some(Err(error.into()))
    }
}

/// A return type that can say that a limit was reached.
#[diagnostic::on_unimplemented(
    message = "this function cannot say that a limit was reached",
    label = "`timeout` and `max_load_time` need a return type of `Result<T, E>` with `E: From<larder::Error>`",
    note = "`soft_timeout` with `stale_if_error` answers with an older value instead, whatever the return type"
)]
pub trait SaysTrouble: Sized {
    /// How.
    type By: Trouble<Self>;

    /// Chooses it.
    fn by() -> Self::By;
}

#[diagnostic::do_not_recommend]
impl<T, E: From<Error>> SaysTrouble for Result<T, E> {
    type By = ByFrom<T, E>;

    fn by() -> ByFrom<T, E> {
        ByFrom::new()
    }
}

/// How a return type says that a limit was reached.
#[inline]
pub fn says_trouble<R: SaysTrouble>(_: Ty<R>) -> R::By {
    R::by()
}

/// Which failures may be answered with a stale value.
pub trait StaleIf<R>: Copy {
    /// Whether this one may.
    fn stale_will_do(self, failed: &R) -> bool;
}

/// All of them.
#[derive(Debug, Clone, Copy)]
pub struct EveryFailure;

#[derive(Debug, Clone, Copy)]
struct When<C>(C);

impl<R> StaleIf<R> for EveryFailure {
    fn stale_will_do(self, _: &R) -> bool {
        true
    }
}

impl<T, E, C: Fn(&E) -> bool + Copy> StaleIf<Result<T, E>> for When<C> {
    fn stale_will_do(self, failed: &Result<T, E>) -> bool {
        failed.as_ref().err().is_some_and(self.0)
    }
}

/// Those of which this is so: `fn(&E) -> bool`.
#[inline]
pub fn stale_if<T, E, C: Fn(&E) -> bool + Copy>(_: Ty<Result<T, E>>, which: C) -> impl StaleIf<Result<T, E>> {
    When(which)
}
