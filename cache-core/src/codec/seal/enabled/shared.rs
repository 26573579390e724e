//! Sealing as cachekit does: what its SDKs sealed opens here, and what is sealed here opens there.
//!
//! Promise: AES-256-GCM under a key of the tenant (HKDF-SHA256, domain `encryption`), with the tenant, the key as it
//! stands in the store, the format and whether it is compressed as associated data: `nonce ‖ ciphertext ‖ tag`.
//! Nothing is guessed: only another key of the ring is ever tried, never other associated data.

use std::fmt;

use hkdf::Hkdf;
use sha2::Sha256;
use zeroize::Zeroizing;

use super::cipher::Cipher;
use super::nonces::Nonces;
use super::{Keyring, MasterKey, Provider};
use crate::codec::seal::{NONCE_BYTES, TAG_BYTES};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};

/// Who has no tenant is this one.
const NO_TENANT: &str = "default";
/// What the keys are for.
const DOMAIN: &[u8] = b"encryption";
/// The version of the associated data.
const VERSION: u8 = 3;
/// The longest associated data.
const MOST_ASSOCIATED: usize = 64 << 10;
/// The longest tenant, so that the salt stays within 1,024 bytes.
const LONGEST_TENANT: usize = 900;

/// Seals and opens for one tenant by a ring of keys.
pub struct SharedSealer {
    tenant: Box<str>,
    /// The current one first.
    keys: Vec<Cipher>,
    nonces: Nonces,
}

/// What is not secret, but must be as it was when the entry was sealed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct SealedAs<'a> {
    /// The key exactly as it stands in the store, with every prefix.
    pub key: &'a str,
    /// What the format is called: `msgpack`, `orjson`, `arrow`.
    pub format: &'a str,
    /// Whether an envelope was sealed, and not the plain document.
    pub compressed: bool,
    /// The type of the value, which the Python SDK alone says, and only outside of interop entries.
    pub original_type: Option<&'a str>,
}

impl<'a> SealedAs<'a> {
    /// An interop/v1 entry.
    #[must_use]
    pub fn interop(key: &'a str) -> Self {
        Self { key, format: "msgpack", compressed: false, original_type: None }
    }
}

impl SharedSealer {
    /// Derives the keys of a tenant; of who has none when it is `None`.
    ///
    /// # Errors
    /// `Config` for an empty tenant, one of more than 900 bytes, or when the system has no random numbers.
    pub fn new(keyring: &Keyring, tenant: Option<&str>) -> Result<Self> {
        Self::with(Provider::default(), keyring, tenant)
    }

    /// The same, computed by this provider.
    ///
    /// # Errors
    /// As for [`SharedSealer::new`].
    pub fn with(provider: Provider, keyring: &Keyring, tenant: Option<&str>) -> Result<Self> {
        let tenant = tenant.unwrap_or(NO_TENANT);
        if tenant.is_empty() || tenant.len() > LONGEST_TENANT {
            return Err(Error::new(ErrorKind::Config, format!("the tenant has {} bytes", tenant.len()))
                .with_fix("give 1 to 900, or none at all"));
        }
        let keys = keyring.keys().iter().map(|master| Cipher::new(provider, &derived(master, tenant)));
        Ok(Self { tenant: tenant.into(), keys: keys.collect(), nonces: Nonces::random()? })
    }

    /// Counts its nonces from here: for tests of stored bytes.
    #[cfg(any(test, feature = "testkit"))]
    #[must_use]
    pub fn counting_from(self, prefix: [u8; 8], next: u64) -> Self {
        Self { nonces: Nonces::beginning(prefix, next), ..self }
    }

    /// Seals under the current key.
    ///
    /// # Errors
    /// `Encode` when what it is sealed as takes more than 64 KiB, or there are no nonces left.
    pub fn seal(&self, sealed_as: &SealedAs<'_>, text: &[u8]) -> Result<Vec<u8>> {
        let refused = |held: &str| Error::new(ErrorKind::Encode, held.to_owned()).during("seal");
        let associated = self
            .associated(sealed_as)
            .ok_or_else(|| refused("the key and what it is sealed with take more than 64 KiB"))?;
        let nonce = self.nonces.next()?;
        let mut sealed = Vec::with_capacity(NONCE_BYTES + text.len() + TAG_BYTES);
        sealed.extend_from_slice(&nonce);
        sealed.extend_from_slice(text);
        let body = sealed.get_mut(NONCE_BYTES..).unwrap_or_default();
        let tag = self.keys.first().and_then(|cipher| cipher.seal(nonce, &associated, body));
        sealed.extend_from_slice(&tag.ok_or_else(|| refused("the value cannot be sealed"))?);
        Ok(sealed)
    }

    /// What was sealed, and the place in the ring of the key that opened it: 0 is the current one.
    ///
    /// # Errors
    /// `Malformed` below 28 bytes; `Bounds` when what it is sealed as takes more than 64 KiB; `NotAuthentic` when no key
    /// opens it.
    pub fn open(&self, sealed_as: &SealedAs<'_>, sealed: &[u8]) -> Result<(Vec<u8>, usize), Reason> {
        let (nonce, body) = sealed.split_first_chunk::<NONCE_BYTES>().ok_or(Reason::Malformed)?;
        if body.len() < TAG_BYTES {
            return Err(Reason::Malformed);
        }
        let associated = self.associated(sealed_as).ok_or(Reason::Bounds)?;
        for (place, cipher) in self.keys.iter().enumerate() {
            // What failed to open means nothing: each key begins with the bytes as they were.
            let mut text = body.to_vec();
            if cipher.open(*nonce, &associated, &mut text).is_some() {
                return Ok((text, place));
            }
        }
        Err(Reason::NotAuthentic)
    }

    /// `03`, then each part with its length in front; `None` beyond 64 KiB.
    fn associated(&self, sealed_as: &SealedAs<'_>) -> Option<Vec<u8>> {
        let compressed = if sealed_as.compressed { "True" } else { "False" };
        let parts = [&self.tenant, sealed_as.key, sealed_as.format, compressed];
        let mut data = vec![VERSION];
        for part in parts.into_iter().chain(sealed_as.original_type) {
            data.extend_from_slice(&u32::try_from(part.len()).ok()?.to_be_bytes());
            data.extend_from_slice(part.as_bytes());
        }
        (data.len() <= MOST_ASSOCIATED).then_some(data)
    }
}

/// The key of a tenant: HKDF-SHA256 (RFC 5869), salted with the domain and the tenant, each with its length in front.
fn derived(master: &MasterKey, tenant: &str) -> Zeroizing<[u8; 32]> {
    let mut salt = b"cachekit_v1_".to_vec();
    salt.push(u8::try_from(DOMAIN.len()).unwrap_or(u8::MAX));
    salt.extend_from_slice(DOMAIN);
    salt.extend_from_slice(&u16::try_from(tenant.len()).unwrap_or(u16::MAX).to_be_bytes());
    salt.extend_from_slice(tenant.as_bytes());
    let mut key = Zeroizing::new([0; 32]);
    // Only a length beyond 8,160 bytes is refused.
    let _long_enough = Hkdf::<Sha256>::new(Some(&salt), master.as_bytes()).expand(DOMAIN, key.as_mut_slice());
    key
}

impl fmt::Debug for SharedSealer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("SharedSealer").field("keys", &self.keys.len()).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use sha2::Digest;

    use super::*;

    fn hex(bytes: &[u8]) -> String {
        bytes.iter().map(|byte| format!("{byte:02x}")).collect()
    }

    /// The derived key of the protocol's vectors, and what every SDK calls it.
    #[test]
    fn keys_are_derived_as_the_protocol_says() {
        let fingerprint = |master: &str, tenant: &str| {
            let key = derived(&MasterKey::from_hex(master.repeat(32 / (master.len() / 2))).unwrap(), tenant);
            let digest = Sha256::new_with_prefix(b"key_fingerprint_v1").chain_update(*key).finalize();
            (hex(&*key), hex(&digest[..16]))
        };
        assert_eq!(
            fingerprint("61", "cross-sdk-test"),
            (
                "cf7fc0bcba58980ed702558db1c2efa3fa01c930636f2321515cccf66f656440".to_owned(),
                "96179a9bc881aa7ca83f04b78a66afd3".to_owned()
            )
        );
        for (master, tenant, name) in [
            ("61", "default", "52d54c97f8e5efaa5bdf58a301f92726"),
            ("11", "keyring-conformance", "b6bfaa4119e9d72c87a393b17f1e117b"),
            ("22", "keyring-conformance", "e066ffdacfb5fb11a6ecc44c7a0ecb4e"),
            (
                "007f80ffa55ac33c1ee12dd24bb469968778f00f01102332455467768998abba",
                "default",
                "f3b07cd5f8ffa96a55243a22fc252200",
            ),
        ] {
            assert_eq!(fingerprint(master, tenant).1, name, "{master} {tenant}");
        }
    }
}
