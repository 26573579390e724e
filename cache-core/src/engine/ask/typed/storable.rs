//! What byte tiers need of a value.

use serde::Serialize;
use serde::de::DeserializeOwned;

/// A value that can leave this process.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be stored outside the process",
    label = "this value has no serde form",
    note = "derive `serde::Serialize` and `serde::Deserialize` for it, or write `#[cached(local)]` to keep it in the near tier"
)]
pub trait Storable: Serialize + DeserializeOwned + Send + Sync + 'static {}

#[diagnostic::do_not_recommend]
impl<T: Serialize + DeserializeOwned + Send + Sync + 'static> Storable for T {}
