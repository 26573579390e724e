//! What a direct call does with its results.

use std::marker::PhantomData;

use super::LoadError;
use crate::engine::{ByClone, Fallible, HoldClone, Recipe, Storable};
use crate::error::Error;

/// Values of `T`, errors of `E`.
pub(super) struct Direct<T, E>(PhantomData<fn() -> (T, E)>);

impl<T, E> Direct<T, E> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

impl<T, E> Clone for Direct<T, E> {
    fn clone(&self) -> Self {
        Self(PhantomData)
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

    fn keeps(&self, _: &T) -> bool {
        true
    }

    fn trouble(&self, error: Error) -> Option<Self::Ret> {
        Some(Err(LoadError::Cache(error)))
    }
}
