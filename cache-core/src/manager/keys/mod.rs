//! What a builder is told of master keys. The twins `enabled` and `disabled` are with and without the feature
//! `encrypt`.

#[cfg(not(feature = "encrypt"))]
mod disabled;
#[cfg(feature = "encrypt")]
mod enabled;

#[cfg(not(feature = "encrypt"))]
pub(super) use disabled::Keys;
#[cfg(feature = "encrypt")]
pub(super) use enabled::Keys;
