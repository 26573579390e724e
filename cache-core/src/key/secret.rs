//! The secret under which sensitive parts are written.
//!
//! Promise: a sensitive part stands in a key as its HMAC-SHA256 (RFC 2104, FIPS 198-1): whoever reads the keys of a
//! server, or logs of them, can neither read it nor find it by trying likely ones.

use std::collections::hash_map::RandomState;
use std::fmt;
use std::hash::BuildHasher;
use std::sync::LazyLock;

use sha2::{Digest, Sha256};

use crate::error::{Error, ErrorKind, Result};

const BLOCK: usize = 64;
const MIN_BYTES: usize = 16;

/// A secret of at least 16 bytes. Never shown.
#[derive(Clone)]
pub struct KeySecret {
    /// SHA-256 with one block in it: the secret, masked for the inner hash and for the outer one.
    inner: Sha256,
    outer: Sha256,
}

impl KeySecret {
    /// Takes a secret.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] when it has less than 16 bytes.
    pub fn new(secret: impl AsRef<[u8]>) -> Result<Self> {
        let secret = secret.as_ref();
        if secret.len() < MIN_BYTES {
            let message = format!("the key secret (***) has {} bytes", secret.len());
            return Err(Error::new(ErrorKind::Config, message)
                .with_fix("give at least 16 random bytes, the same in every process that shares the tiers"));
        }
        Ok(Self::of(secret))
    }

    /// A random one, for keys that never leave this process.
    pub(super) fn of_this_process() -> &'static Self {
        static SECRET: LazyLock<KeySecret> = LazyLock::new(|| {
            let words = (0..4_u64).map(|word| RandomState::new().hash_one(word).to_le_bytes());
            KeySecret::of(&words.collect::<Vec<_>>().concat())
        });
        &SECRET
    }

    fn of(secret: &[u8]) -> Self {
        let digest = Sha256::digest(secret);
        let block = if secret.len() > BLOCK { digest.as_slice() } else { secret };
        let masked = |mask: u8| {
            let padded = block.iter().copied().chain(std::iter::repeat(0)).take(BLOCK);
            Sha256::new_with_prefix(padded.map(|byte| byte ^ mask).collect::<Vec<_>>())
        };
        Self { inner: masked(0x36), outer: masked(0x5c) }
    }

    /// The HMAC of a text.
    pub(super) fn hmac(&self, text: &[u8]) -> [u8; 32] {
        let inner = self.inner.clone().chain_update(text).finalize();
        self.outer.clone().chain_update(inner).finalize().into()
    }
}

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("KeySecret(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Test cases 1, 2, 3 and 6 of RFC 4231, section 4.
    #[test]
    fn the_hmac_is_the_standard_one() {
        for (secret, text, starts, ends) in [
            (vec![0x0b; 20], b"Hi There".to_vec(), [0xb0, 0x34, 0x4c, 0x61], [0xcf, 0xf7]),
            (
                b"Jefe".to_vec(),
                b"what do ya want for nothing?".to_vec(),
                [0x5b, 0xdc, 0xc1, 0x46],
                [0x38, 0x43],
            ),
            (vec![0xaa; 20], vec![0xdd; 50], [0x77, 0x3e, 0xa9, 0x1e], [0x65, 0xfe]),
            (
                vec![0xaa; 131],
                b"Test Using Larger Than Block-Size Key - Hash Key First".to_vec(),
                [0x60, 0xe4, 0x31, 0x59],
                [0x7f, 0x54],
            ),
        ] {
            let hmac = KeySecret::of(&secret).hmac(&text);
            assert!(hmac.starts_with(&starts), "{hmac:x?}");
            assert!(hmac.ends_with(&ends), "{hmac:x?}");
        }
    }

    #[test]
    fn a_short_secret_is_refused_and_none_is_shown() {
        assert_eq!(KeySecret::new("fifteen bytes!!").unwrap_err().kind(), ErrorKind::Config);
        let secret = KeySecret::new("sixteen bytes!!!").unwrap();
        assert_eq!(format!("{secret:?}"), "KeySecret(***)");
    }
}
