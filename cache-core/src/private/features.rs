//! What a function asks of this build of larder. Without the feature that it needs, the error is one of ours, where it was asked for.
//!
//! Every item is here in both builds; the trait behind it is implemented in one.

use crate::codec::Format;

/// This build.
#[derive(Debug, Clone, Copy)]
pub struct Build;

/// It has `Format::Json`.
#[diagnostic::on_unimplemented(
    message = "`format = \"json\"` needs the feature `json` of larder",
    label = "this build of larder leaves it out; say `features = [\"json\"]` where it is a dependency"
)]
pub trait HasJson {}

/// It has `Format::Bincode`.
#[diagnostic::on_unimplemented(
    message = "`format = \"bincode\"` needs the feature `bincode` of larder",
    label = "this build of larder leaves it out; say `features = [\"bincode\"]` where it is a dependency"
)]
pub trait HasBincode {}

/// It has the names and the form of cachekit.
#[diagnostic::on_unimplemented(
    message = "`interop = \"cachekit\"` needs the feature `cachekit` of larder",
    label = "this build of larder leaves it out; say `features = [\"cachekit\"]` where it is a dependency"
)]
pub trait HasCachekit {}

#[cfg(feature = "json")]
impl HasJson for Build {}
#[cfg(feature = "bincode")]
impl HasBincode for Build {}
#[cfg(feature = "cachekit")]
impl HasCachekit for Build {}

/// `format = "json"`.
#[must_use]
pub fn json<B: HasJson>() -> Format {
    #[cfg(feature = "json")]
    return Format::Json;
    #[cfg(not(feature = "json"))]
    Format::MessagePack
}

/// `format = "bincode"`.
#[must_use]
pub fn bincode<B: HasBincode>() -> Format {
    #[cfg(feature = "bincode")]
    return Format::Bincode;
    #[cfg(not(feature = "bincode"))]
    Format::MessagePack
}
