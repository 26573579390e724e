//! Keys of the near store: hashed already, and found by questions that are borrowed.

use std::hash::{BuildHasher, Hash, Hasher};

use cache_core::key::{CacheKey, NearProbe};
use quick_cache::Equivalent;

use crate::expiry::Place;

/// A key as it is held, and where its entry's end is listed: the same as another exactly when a probe could not tell
/// them apart.
#[derive(Debug, Clone)]
pub(super) struct HeldKey {
    pub(super) key: CacheKey,
    pub(super) end: Option<Place>,
}

impl Hash for HeldKey {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.key.near().hash());
    }
}

impl PartialEq for HeldKey {
    #[inline]
    fn eq(&self, other: &Self) -> bool {
        self.key.near() == other.key.near()
    }
}

impl Eq for HeldKey {}

/// A borrowed question.
pub(super) struct Asked<'a> {
    pub(super) hash: u64,
    pub(super) probe: &'a dyn NearProbe,
}

impl<'a> Asked<'a> {
    pub(super) fn key(key: &'a CacheKey) -> Self {
        Self { hash: key.near().hash(), probe: key.near() }
    }
}

impl Hash for Asked<'_> {
    #[inline]
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.hash);
    }
}

impl Equivalent<HeldKey> for Asked<'_> {
    #[inline]
    fn equivalent(&self, held: &HeldKey) -> bool {
        self.probe.is(held.key.near())
    }
}

/// Hands a finished hash on as it is: hashing it again would buy nothing.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Finished(u64);

impl BuildHasher for Finished {
    type Hasher = Self;

    #[inline]
    fn build_hasher(&self) -> Self {
        Self(0)
    }
}

impl Hasher for Finished {
    #[inline]
    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    /// Never called for the keys above.
    fn write(&mut self, bytes: &[u8]) {
        for byte in bytes {
            self.0 = self.0.rotate_left(8) ^ u64::from(*byte);
        }
    }

    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
}

/// Whatever entry has this hash.
pub(super) struct Hashed(pub(super) u64);

impl Hash for Hashed {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

impl Equivalent<HeldKey> for Hashed {
    fn equivalent(&self, held: &HeldKey) -> bool {
        held.key.near().hash() == self.0
    }
}
