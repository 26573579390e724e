//! A build without the feature `encrypt`: nobody has a key, so nothing is sealed, and a sealed frame is a miss.

use super::MAX_KEYS;
use crate::entry::Reason;
use crate::error::Result;
use crate::key::CacheKey;

/// Whether sealed frames can be read.
pub(crate) const READS_SEALED: bool = false;

/// There is none.
#[derive(Debug)]
pub enum Sealer {}

impl Sealer {
    /// Never reached.
    pub(crate) fn key_id(&self) -> u64 {
        match *self {}
    }

    /// Never reached.
    pub(crate) fn seal(&self, _: &CacheKey, _: &mut Vec<u8>, _: usize) -> Result<()> {
        match *self {}
    }

    /// Never reached.
    pub(crate) fn open(&self, _: &CacheKey, _: &[u8], _: usize, _: u64) -> Result<Vec<u8>, Reason> {
        match *self {}
    }

    /// Never reached.
    #[cfg(feature = "cachekit")]
    pub(crate) fn seal_shared(&self, _: &str, _: &[u8]) -> Result<Vec<u8>> {
        match *self {}
    }

    /// Never reached.
    #[cfg(feature = "cachekit")]
    pub(crate) fn open_shared(&self, _: &str, _: &[u8]) -> Result<Vec<u8>, Reason> {
        match *self {}
    }

    /// Never reached.
    pub(crate) fn opened(&self) -> [u64; MAX_KEYS] {
        match *self {}
    }

    /// Never reached.
    pub(crate) fn reset(&self) {
        match *self {}
    }
}
