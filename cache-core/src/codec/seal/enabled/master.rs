//! The secret that all sealing keys are derived from.
//!
//! Promise: 32 bytes, one copy of them in memory, overwritten when the last owner goes; never shown.

use std::fmt;
use std::sync::Arc;

use zeroize::Zeroizing;

use crate::error::{Error, ErrorKind, Result};

const BYTES: usize = 32;

/// A master key: 32 random bytes, or 64 hexadecimal digits that spell them. Never shown. Cloning it is a
/// reference count.
#[derive(Clone)]
pub struct MasterKey(Arc<Zeroizing<[u8; BYTES]>>);

impl MasterKey {
    /// Takes the 32 bytes.
    ///
    /// # Errors
    /// `Config` when they are not 32.
    pub fn from_bytes(bytes: impl AsRef<[u8]>) -> Result<Self> {
        let given = bytes.as_ref();
        Self::filled(|room| {
            if given.len() != BYTES {
                return Err(refused(&format!("holds *** of {} bytes", given.len())));
            }
            room.copy_from_slice(given);
            Ok(())
        })
    }

    /// Reads the 64 hexadecimal digits: nothing in front, between or behind them.
    ///
    /// # Errors
    /// `Config`, saying what is wrong without showing it.
    pub fn from_hex(text: impl AsRef<str>) -> Result<Self> {
        let text = text.as_ref().as_bytes();
        Self::filled(|room| {
            if text.len() != 2 * BYTES {
                return Err(refused(&format!("holds *** of {} characters", text.len())));
            }
            for (byte, pair) in room.iter_mut().zip(text.chunks_exact(2)) {
                let digit = |at: usize| pair.get(at).and_then(|digit| char::from(*digit).to_digit(16));
                let value = digit(0).zip(digit(1)).map(|(high, low)| 16 * high + low);
                let value = value.and_then(|value| u8::try_from(value).ok());
                *byte = value
                    .ok_or_else(|| refused("holds *** with a character that is no hexadecimal digit"))?;
            }
            Ok(())
        })
    }

    /// Written where it stays, so that no other copy is left behind.
    fn filled(fill: impl FnOnce(&mut [u8; BYTES]) -> Result<()>) -> Result<Self> {
        let mut shared = Arc::new(Zeroizing::new([0; BYTES]));
        if let Some(room) = Arc::get_mut(&mut shared) {
            fill(room)?;
        }
        Ok(Self(shared))
    }

    pub(super) fn as_bytes(&self) -> &[u8] {
        self.0.as_slice()
    }
}

impl fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("MasterKey(***)")
    }
}

#[cold]
fn refused(held: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the master key {held}"))
        .with_fix("give 32 random bytes, or the 64 hexadecimal digits of `openssl rand -hex 32`")
}

/// What can be a master key: text of 64 hexadecimal digits, or 32 bytes.
pub trait IntoMasterKey {
    /// Reads it.
    ///
    /// # Errors
    /// `Config` for everything else.
    fn into_master_key(self) -> Result<MasterKey>;
}

impl IntoMasterKey for MasterKey {
    fn into_master_key(self) -> Result<MasterKey> {
        Ok(self)
    }
}

impl IntoMasterKey for &MasterKey {
    fn into_master_key(self) -> Result<MasterKey> {
        Ok(self.clone())
    }
}

macro_rules! reads {
    ($read:ident: $($given:ty),*) => { $(
        impl IntoMasterKey for $given {
            fn into_master_key(self) -> Result<MasterKey> {
                MasterKey::$read(self)
            }
        }
    )* };
}

reads!(from_hex: &str, String, &String);
reads!(from_bytes: [u8; BYTES], &[u8; BYTES], &[u8], Vec<u8>, &Vec<u8>);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_and_bytes_of_one_key_are_one_key() {
        let text = "00010203040506070809aAbBcCdDeEfF101112131415161718191a1b1c1d1e1f";
        let key = MasterKey::from_hex(text).unwrap();
        assert_eq!(&key.as_bytes()[8..18], [8, 9, 0xaa, 0xbb, 0xcc, 0xdd, 0xee, 0xff, 0x10, 0x11]);
        let bytes: Vec<u8> = key.as_bytes().to_vec();
        assert_eq!(bytes.into_master_key().unwrap().as_bytes(), key.as_bytes());
    }

    #[test]
    fn everything_else_is_refused_with_the_reason_and_without_the_key() {
        let digits = "c4a4".repeat(16);
        let wrong = [
            (String::new(), "*** of 0 characters"),
            (digits[1..].to_owned(), "*** of 63 characters"),
            (format!("{digits}\n"), "*** of 65 characters"),
            (format!("0x{}", &digits[2..]), "no hexadecimal digit"),
            (format!("+{}", &digits[1..]), "no hexadecimal digit"),
            (format!(" {}", &digits[1..]), "no hexadecimal digit"),
            (format!("é{}", &digits[2..]), "no hexadecimal digit"),
        ];
        for (text, reason) in wrong {
            let error = text.into_master_key().unwrap_err();
            let shown = format!("{error} {error:?}");
            assert!(shown.contains(reason) && shown.contains("openssl rand -hex 32"), "{shown}");
            assert!(!shown.contains("c4a4"), "{shown}");
        }
        for length in [0, 16, 31, 33, 64] {
            let error = vec![7; length].into_master_key().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(&format!("*** of {length} bytes")), "{error}");
        }
    }

    #[test]
    fn a_key_is_not_shown() {
        assert_eq!(format!("{:?}", MasterKey::from_bytes([7; 32]).unwrap()), "MasterKey(***)");
    }
}
