//! A build that seals: the ring is put together when the manager is built, so that the order of calls does not matter.

use crate::codec::{IntoMasterKey, Keyring, MasterKey, Sealer};
use crate::error::{Error, ErrorKind, Result};
use crate::manager::Builder;

/// The master keys that were given.
#[derive(Debug, Default)]
pub(in crate::manager) struct Keys {
    current: Option<Result<MasterKey>>,
    previous: Vec<Result<MasterKey>>,
    ring: Option<Keyring>,
}

impl Keys {
    /// What seals, when there is a key.
    ///
    /// # Errors
    /// `Config` for what is no key, or no ring of keys.
    pub(in crate::manager) fn sealer(&self) -> Result<Option<Sealer>> {
        self.keyring()?.as_ref().map(Sealer::new).transpose()
    }

    fn keyring(&self) -> Result<Option<Keyring>> {
        let previous = self.previous.iter().cloned().collect::<Result<Vec<_>>>()?;
        match (&self.ring, &self.current) {
            (Some(_), Some(_)) => Err(wrong("there is a keyring and a master key", "give one of them")),
            (Some(ring), None) => ring.clone().with_previous(previous).map(Some),
            (None, Some(current)) => Keyring::new(current.clone()?)?.with_previous(previous).map(Some),
            (None, None) if previous.is_empty() => Ok(None),
            (None, None) => Err(wrong(
                "there are previous master keys, but no current one",
                "call Builder::master_key (CACHE_MASTER_KEY) too",
            )),
        }
    }
}

impl Builder {
    /// The key that seals what secure keyspaces store (`Policy::secure()`, `#[cached(secure)]`): 64 hexadecimal digits
    /// or 32 bytes, the same in every process that shares the tiers. By itself it seals nothing.
    pub fn master_key(mut self, key: impl IntoMasterKey) -> Self {
        self.keys.current = Some(key.into_master_key());
        self
    }

    /// Up to three keys that only open what they sealed, the latest first: how a key is rotated is in the guide.
    pub fn previous_master_keys<K: IntoMasterKey>(mut self, keys: impl IntoIterator<Item = K>) -> Self {
        self.keys.previous = keys.into_iter().map(IntoMasterKey::into_master_key).collect();
        self
    }

    /// The current key and the previous ones, put together already.
    pub fn keyring(mut self, ring: Keyring) -> Self {
        self.keys.ring = Some(ring);
        self
    }
}

#[cold]
fn wrong(held: &str, fix: &str) -> Error {
    Error::new(ErrorKind::Config, held.to_owned()).with_fix(fix.to_owned())
}
