//! The key that seals, and those that only open.

use std::fmt;

use super::{IntoMasterKey, MasterKey};
use crate::codec::seal::MAX_KEYS;
use crate::error::{Error, ErrorKind, Result};

/// One current master key, which seals and opens, and up to three previous ones, which only open what they sealed.
/// Cloning it copies no key.
#[derive(Clone)]
pub struct Keyring {
    /// The current one first.
    keys: Vec<MasterKey>,
}

impl Keyring {
    /// A ring of one key.
    ///
    /// # Errors
    /// `Config` for what is no key.
    pub fn new(current: impl IntoMasterKey) -> Result<Self> {
        Ok(Self { keys: vec![current.into_master_key()?] })
    }

    /// The same, with keys that only open, the latest first: what they sealed is read until its life ends.
    ///
    /// # Errors
    /// `Config` for what is no key, for more than three, and for a key that is in the ring already.
    pub fn with_previous<K: IntoMasterKey>(mut self, previous: impl IntoIterator<Item = K>) -> Result<Self> {
        for key in previous {
            self.add(key.into_master_key()?)?;
        }
        Ok(self)
    }

    fn add(&mut self, key: MasterKey) -> Result<()> {
        if self.keys.len() == MAX_KEYS {
            return Err(refused("there are more than three previous master keys", "leave out the oldest"));
        }
        match self.keys.iter().position(|own| own.as_bytes() == key.as_bytes()) {
            None => {
                self.keys.push(key);
                Ok(())
            }
            Some(0) => Err(refused(
                "the current master key (***) is among the previous ones",
                "make a new current key, or take it out of the previous ones",
            )),
            Some(_) => Err(refused("a previous master key (***) is given twice", "keep one of them")),
        }
    }

    /// The current one first.
    pub(super) fn keys(&self) -> &[MasterKey] {
        &self.keys
    }
}

impl fmt::Debug for Keyring {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keyring(***, {} previous)", self.keys.len().saturating_sub(1))
    }
}

#[cold]
fn refused(held: &str, fix: &str) -> Error {
    Error::new(ErrorKind::Config, held.to_owned()).with_fix(fix.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ring(current: u8, previous: &[u8]) -> Result<Keyring> {
        Keyring::new([current; 32])?.with_previous(previous.iter().map(|byte| [*byte; 32]))
    }

    #[test]
    fn a_ring_has_one_current_and_up_to_three_others() {
        assert_eq!(format!("{:?}", ring(1, &[2, 3, 4]).unwrap()), "Keyring(***, 3 previous)");
        for (previous, reason) in [
            (&[2, 3, 4, 5][..], "more than three"),
            (&[2, 1], "the current master key (***) is among"),
            (&[2, 3, 2], "given twice"),
        ] {
            let error = ring(1, previous).unwrap_err().to_string();
            assert!(error.contains(reason), "{error}");
        }
    }

    #[test]
    fn keys_are_compared_by_what_they_are_not_how_they_are_spelled() {
        let ring = Keyring::new("ab".repeat(32)).unwrap();
        assert!(ring.with_previous(["AB".repeat(32)]).is_err());
    }
}
