//! Sealing: what a byte tier holds of a value says nothing to who has not the key, and opens nowhere else.
//!
//! Promise: a payload is AES-256-GCM ciphertext under a key of its tenant, with everything else that is known of the
//! entry (header, stamps, namespace, tenant, whole key) as associated data: a frame that was changed, or moved to
//! another key, tenant, namespace or schema, does not open. Invariant: no nonce is used twice under one key.
//! Begin in `sealer`; the bytes are in `docs/wire-format.md`, the reasons in
//! `docs/decisions/0018-sealing.md`. The twins `enabled` and `disabled` are the same names with and without the
//! feature `encrypt`.

#[cfg(not(feature = "encrypt"))]
mod disabled;
#[cfg(feature = "encrypt")]
mod enabled;

#[cfg(not(feature = "encrypt"))]
use disabled as imp;
#[cfg(feature = "encrypt")]
use enabled as imp;

pub(super) use imp::READS_SEALED;
pub use imp::Sealer;
#[cfg(feature = "encrypt")]
pub use imp::{IntoMasterKey, Keyring, MasterKey, Provider};
#[cfg(all(feature = "encrypt", feature = "cachekit"))]
pub use imp::{SealedAs, SharedSealer};

use crate::key::CacheKey;

/// Bytes in front of a sealed payload.
pub(super) const NONCE_BYTES: usize = 12;
/// Bytes behind a sealed payload.
pub(super) const TAG_BYTES: usize = 16;
/// How many keys a ring holds: the current one and three that only open.
pub const MAX_KEYS: usize = 4;

/// Under which key a frame is stored, and whether it is sealed there. Made of a key alone it is in clear.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    pub(super) key: &'a CacheKey,
    pub(super) sealer: Option<&'a Sealer>,
}

impl<'a> Place<'a> {
    /// Sealed. A frame in clear is a miss here.
    #[must_use]
    pub fn sealed(key: &'a CacheKey, sealer: &'a Sealer) -> Self {
        Self { key, sealer: Some(sealer) }
    }
}

impl<'a> From<&'a CacheKey> for Place<'a> {
    /// In clear. A sealed frame is a miss here.
    fn from(key: &'a CacheKey) -> Self {
        Self { key, sealer: None }
    }
}
