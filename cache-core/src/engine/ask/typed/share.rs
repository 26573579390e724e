//! Handing a leader's failure to its followers.

use std::any::Any;
use std::fmt::{Debug, Display};
use std::sync::Arc;

use super::zero_sized::zero_sized;
use crate::error::SharedError;

/// A failure on its way to followers.
pub type Failure = Arc<dyn Any + Send + Sync>;

/// How a failed result is shared. Zero-sized, chosen by the macro or the verb.
pub trait Share<R>: Copy + Default {
    /// What followers get; `None` when each has to run its own body.
    fn share(self, failed: &R) -> Option<Failure>;

    /// A follower's own copy.
    fn restore(self, failure: &Failure) -> Option<R>;
}

zero_sized! {
    /// The error is `Clone`.
    ByClone<T, E>;
    /// The error can be made from another's text.
    ByText<T, E>;
    /// The error is this caller's alone, or there is none.
    ByNothing<R>;
}

impl<T, E: Clone + Any + Send + Sync> Share<Result<T, E>> for ByClone<T, E> {
    fn share(self, failed: &Result<T, E>) -> Option<Failure> {
        failed.as_ref().err().map(|error| Arc::new(error.clone()) as Failure)
    }

    fn restore(self, failure: &Failure) -> Option<Result<T, E>> {
        failure.downcast_ref::<E>().map(|error| Err(error.clone()))
    }
}

impl<T, E: From<SharedError> + Display + Debug> Share<Result<T, E>> for ByText<T, E> {
    fn share(self, failed: &Result<T, E>) -> Option<Failure> {
        failed.as_ref().err().map(|error| Arc::new(SharedError::of(error)) as Failure)
    }

    fn restore(self, failure: &Failure) -> Option<Result<T, E>> {
        failure.downcast_ref::<SharedError>().map(|error| Err(error.clone().into()))
    }
}

impl<R> Share<R> for ByNothing<R> {
    fn share(self, _: &R) -> Option<Failure> {
        None
    }

    fn restore(self, _: &Failure) -> Option<R> {
        None
    }
}
