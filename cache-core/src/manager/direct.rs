//! What a direct call does with its results.

use std::marker::PhantomData;
use std::sync::Arc;

use super::LoadError;
use crate::engine::{ByClone, Fallible, HoldClone, Recipe, Storable, Verdict};
use crate::error::Error;
use crate::time::Ttl;

/// Which errors may be answered with a stale value.
pub(super) type StaleIf<E> = Arc<dyn Fn(&E) -> bool + Send + Sync>;

/// Values of `T`, errors of `E`.
pub(super) struct Direct<T, E> {
    /// `None`: every error.
    pub(super) stale_if: Option<StaleIf<E>>,
    of: PhantomData<fn() -> T>,
}

impl<T, E> Direct<T, E> {
    pub(super) fn new() -> Self {
        Self { stale_if: None, of: PhantomData }
    }
}

impl<T, E> Clone for Direct<T, E> {
    fn clone(&self) -> Self {
        Self { stale_if: self.stale_if.clone(), of: PhantomData }
    }
}

impl<T: Storable + Clone, E: Send + Sync + 'static> Recipe for Direct<T, E> {
    type Ret = Result<T, LoadError<E>>;
    type Val = T;
    type Shape = Fallible<T, LoadError<E>>;
    type Hold = HoldClone<T>;
    type Share = ByClone<T, LoadError<E>>;

    fn shape(&self) -> Self::Shape {
        Fallible::new()
    }

    fn hold(&self) -> Self::Hold {
        HoldClone::new()
    }

    fn share(&self) -> Self::Share {
        ByClone::new()
    }

    fn judge(&self, _: &T) -> Verdict {
        Verdict::Keep(Ttl::Default)
    }

    fn stale_will_do(&self, failed: &Self::Ret) -> bool {
        match (&self.stale_if, failed) {
            (Some(stale_if), Err(LoadError::Loader(error))) => stale_if(error),
            _ => true,
        }
    }

    fn trouble(&self, error: Error) -> Option<Self::Ret> {
        Some(Err(LoadError::Cache(error)))
    }
}
