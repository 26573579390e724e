//! Which values of a function leave the process.

use crate::engine::{Hold, LocalValues, Shape, Storable, StoredValues, Values};

/// The values of a function that stores them in every tier.
pub fn storable<S: Shape, H: Hold<S::Val>>(_: S, _: H) -> &'static dyn Values
where
    H::Inner: Storable,
{
    StoredValues::<H::Inner>::of()
}

/// The values of a function that keeps them in this process (`#[cached(local)]`).
pub fn local<S: Shape, H: Hold<S::Val>>(_: S, _: H) -> &'static dyn Values {
    LocalValues::<H::Inner>::of()
}
