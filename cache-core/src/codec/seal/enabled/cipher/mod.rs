//! AES-256-GCM (NIST SP 800-38D), by one of two implementations that write the same bytes.

#[cfg(feature = "encrypt-ring")]
mod ring;
mod rust_crypto;

use std::fmt;

use crate::codec::seal::{NONCE_BYTES, TAG_BYTES};

/// Who computes. All of them read what any of them wrote.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Provider {
    /// The crate `aes-gcm`: Rust alone.
    RustCrypto,
    /// The crate `ring`: faster, and needs a C compiler.
    #[cfg(feature = "encrypt-ring")]
    Ring,
}

impl Default for Provider {
    /// The fastest of this build.
    fn default() -> Self {
        #[cfg(feature = "encrypt-ring")]
        return Self::Ring;
        #[cfg(not(feature = "encrypt-ring"))]
        return Self::RustCrypto;
    }
}

/// One key, expanded: that takes longer than to seal a small value, so it is kept.
pub(super) enum Cipher {
    RustCrypto(Box<rust_crypto::Key>),
    #[cfg(feature = "encrypt-ring")]
    Ring(Box<ring::Key>),
}

impl Cipher {
    pub(super) fn new(provider: Provider, key: &[u8; 32]) -> Self {
        match provider {
            Provider::RustCrypto => Self::RustCrypto(Box::new(rust_crypto::Key::new(key))),
            #[cfg(feature = "encrypt-ring")]
            Provider::Ring => match ring::Key::new(key) {
                Some(key) => Self::Ring(Box::new(key)),
                // It takes every key of 32 bytes; if it did not, the other one computes the same.
                None => Self::RustCrypto(Box::new(rust_crypto::Key::new(key))),
            },
        }
    }

    /// Encrypts in place; `None` for what is longer than AES-GCM can take (64 GiB).
    pub(super) fn seal(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
        text: &mut [u8],
    ) -> Option<[u8; TAG_BYTES]> {
        match self {
            Self::RustCrypto(key) => key.seal(nonce, associated, text),
            #[cfg(feature = "encrypt-ring")]
            Self::Ring(key) => key.seal(nonce, associated, text),
        }
    }

    /// Decrypts in place what ends in its tag, and cuts that off; `None` when it is not authentic. What is in
    /// `sealed` then means nothing.
    pub(super) fn open(
        &self,
        nonce: [u8; NONCE_BYTES],
        associated: &[u8],
        sealed: &mut Vec<u8>,
    ) -> Option<()> {
        let length = sealed.len().checked_sub(TAG_BYTES)?;
        match self {
            Self::RustCrypto(key) => key.open(nonce, associated, sealed)?,
            #[cfg(feature = "encrypt-ring")]
            Self::Ring(key) => key.open(nonce, associated, sealed)?,
        }
        sealed.truncate(length);
        Some(())
    }
}

impl fmt::Debug for Cipher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Cipher(***)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(text: &str) -> Vec<u8> {
        (0..text.len()).step_by(2).map(|at| u8::from_str_radix(&text[at..at + 2], 16).unwrap()).collect()
    }

    fn providers() -> Vec<Provider> {
        let mut all = vec![Provider::RustCrypto, Provider::default()];
        all.dedup();
        all
    }

    /// Test case 16 of McGrew and Viega, "The Galois/Counter Mode of Operation": AES-256, with associated data.
    #[test]
    fn it_is_the_standard_one() {
        let key = hex("feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308");
        let nonce: [u8; 12] = hex("cafebabefacedbaddecaf888").try_into().unwrap();
        let associated = hex("feedfacedeadbeeffeedfacedeadbeefabaddad2");
        let text = hex(
            "d9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525b16aedf5aa0de657ba637b39",
        );
        let sealed = hex(
            "522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838c5f61e6393ba7a0abcc9f662",
        );
        for provider in providers() {
            let cipher = Cipher::new(provider, &key.clone().try_into().unwrap());
            let mut bytes = text.clone();
            let tag = cipher.seal(nonce, &associated, &mut bytes).unwrap();
            assert_eq!(
                (bytes.clone(), tag.to_vec()),
                (sealed.clone(), hex("76fc6ece0f4e1768cddf8853bb2d551b"))
            );
            bytes.extend_from_slice(&tag);
            cipher.open(nonce, &associated, &mut bytes).unwrap();
            assert_eq!(bytes, text);
        }
    }

    #[test]
    fn each_opens_what_the_other_sealed_and_the_bytes_are_the_same() {
        assert_eq!(providers().len(), if cfg!(feature = "encrypt-ring") { 2 } else { 1 });
        for length in [0, 1, 15, 16, 17, 1_000, 70_000] {
            let text: Vec<u8> = (0..length).map(|at| u8::try_from(at % 251).unwrap()).collect();
            let sealed: Vec<_> = providers()
                .into_iter()
                .map(|provider| {
                    let mut bytes = text.clone();
                    let cipher = Cipher::new(provider, &[3; 32]);
                    let tag = cipher.seal([9; 12], b"associated", &mut bytes).unwrap();
                    [bytes, tag.to_vec()].concat()
                })
                .collect();
            for (provider, sealed) in providers().into_iter().rev().zip(&sealed) {
                let mut bytes = sealed.clone();
                Cipher::new(provider, &[3; 32]).open([9; 12], b"associated", &mut bytes).unwrap();
                assert_eq!(bytes, text);
            }
            assert!(sealed.windows(2).all(|pair| pair[0] == pair[1]), "{length}");
        }
    }

    #[test]
    fn nothing_else_opens() {
        for provider in providers() {
            let cipher = Cipher::new(provider, &[1; 32]);
            let mut sealed = b"text".to_vec();
            let tag = cipher.seal([2; 12], b"a", &mut sealed).unwrap();
            sealed.extend_from_slice(&tag);
            let open = |cipher: &Cipher, nonce, associated: &[u8], bytes: &[u8]| {
                cipher.open(nonce, associated, &mut bytes.to_vec()).is_some()
            };
            assert!(open(&cipher, [2; 12], b"a", &sealed));
            assert!(!open(&cipher, [3; 12], b"a", &sealed));
            assert!(!open(&cipher, [2; 12], b"b", &sealed));
            assert!(!open(&Cipher::new(provider, &[2; 32]), [2; 12], b"a", &sealed));
            for length in 0..sealed.len() {
                assert!(!open(&cipher, [2; 12], b"a", &sealed[..length]), "{length}");
            }
        }
    }
}
