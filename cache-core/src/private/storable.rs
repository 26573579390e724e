//! What byte tiers need of a value.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Hold, Shape};
use crate::engine::{LocalValues, StoredValues, Values};

/// A value that can leave this process.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored outside the process",
    label = "this value has no serde form",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or write `#[cached(local)]` to keep it in the near tier"
)]
pub trait Storable: Serialize + DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Storable for T {}

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
