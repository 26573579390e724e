//! Keys as the near store knows them: a hash and the stored parts, probed by borrowed parts.

use std::cell::Cell;
use std::fmt;
use std::hash::{BuildHasher, Hasher};
use std::sync::{Arc, LazyLock};

use super::{Parts, SpaceId, StoredParts};

/// Seeded once per process, so that nobody outside can aim for collisions.
static SEED: LazyLock<foldhash::fast::RandomState> = LazyLock::new(foldhash::fast::RandomState::default);

/// An owned key of the near store.
#[derive(Clone, PartialEq, Eq)]
pub struct NearKey {
    hash: u64,
    name: NearName,
}

/// What tells a key from all others, without its hash.
#[derive(Clone, PartialEq, Eq)]
pub struct NearName {
    space: SpaceId,
    stored: Stored,
}

/// Stored parts: in place while they are short, so that comparing them follows one pointer less; else shared, so
/// that copying a key never allocates.
#[derive(Clone, PartialEq, Eq)]
enum Stored {
    Short(u8, [u8; SHORT]),
    Long(Arc<[u8]>),
}

const SHORT: usize = 22;

impl Stored {
    fn new(bytes: &[u8]) -> Self {
        let mut short = [0; SHORT];
        match (short.get_mut(..bytes.len()), u8::try_from(bytes.len())) {
            (Some(place), Ok(length)) => {
                place.copy_from_slice(bytes);
                Self::Short(length, short)
            }
            _ => Self::Long(bytes.into()),
        }
    }

    #[inline]
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Short(length, bytes) => bytes.get(..usize::from(*length)).unwrap_or_default(),
            Self::Long(bytes) => bytes,
        }
    }
}

impl NearKey {
    /// Takes the finished hash of a probe with what the probe's parts wrote.
    #[must_use]
    pub fn new(hash: u64, space: SpaceId, stored: &[u8]) -> Self {
        Self { hash, name: NearName { space, stored: Stored::new(stored) } }
    }

    /// A key that was given as text.
    #[must_use]
    pub fn direct(text: &str) -> Self {
        let mut state = SEED.build_hasher();
        state.write_u64(SpaceId::DIRECT.0);
        state.write(text.as_bytes());
        Self::new(state.finish(), SpaceId::DIRECT, text.as_bytes())
    }

    /// The keyspace.
    #[must_use]
    pub fn space(&self) -> SpaceId {
        self.name.space
    }

    /// The key without its hash.
    #[must_use]
    pub fn name(&self) -> &NearName {
        &self.name
    }

    /// How many bytes the key holds.
    #[must_use]
    pub fn weight(&self) -> usize {
        size_of::<Self>() + if let Stored::Long(bytes) = &self.name.stored { bytes.len() } else { 0 }
    }
}

/// A borrowed question to the near store: "do you hold this key?" Nothing is built to ask it.
pub trait NearProbe {
    /// The finished, seeded hash: good enough for an identity hasher, the same for shard and slot.
    fn hash(&self) -> u64;
    /// Whether this is the name of the key in question.
    fn is_named(&self, name: &NearName) -> bool;
    /// Whether this stored key is the one in question.
    #[inline]
    fn is(&self, key: &NearKey) -> bool {
        key.hash == self.hash() && self.is_named(&key.name)
    }
}

/// The stored parts are not shown: they may name people.
impl fmt::Debug for NearKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "NearKey({}#{:016x})", self.name.space.0, self.hash)
    }
}

impl fmt::Debug for NearName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("NearName").field(&self.space.0).finish_non_exhaustive()
    }
}

impl NearProbe for NearKey {
    fn hash(&self) -> u64 {
        self.hash
    }

    fn is_named(&self, name: &NearName) -> bool {
        self.name == *name
    }
}

/// A question that takes a copy of the name that answers it.
pub(crate) struct Naming<'a> {
    probe: &'a dyn NearProbe,
    name: Cell<Option<NearName>>,
}

impl<'a> Naming<'a> {
    /// Of a question.
    pub(crate) fn new(probe: &'a dyn NearProbe) -> Self {
        Self { probe, name: Cell::default() }
    }

    /// The name of what was found.
    pub(crate) fn into_name(self) -> Option<NearName> {
        self.name.into_inner()
    }
}

impl NearProbe for Naming<'_> {
    fn hash(&self) -> u64 {
        self.probe.hash()
    }

    fn is_named(&self, name: &NearName) -> bool {
        let found = self.probe.is_named(name);
        if found {
            self.name.set(Some(name.clone()));
        }
        found
    }
}

/// The parts of a call, hashed and ready to be compared.
#[derive(Debug, Clone, Copy)]
pub struct PartsProbe<'a, P> {
    hash: u64,
    space: SpaceId,
    parts: &'a P,
}

impl<'a, P: Parts> PartsProbe<'a, P> {
    /// Hashes the parts. Allocates nothing.
    #[inline]
    pub fn new(space: SpaceId, parts: &'a P) -> Self {
        let mut state = SEED.build_hasher();
        state.write_u64(space.0);
        parts.feed_all(&mut state);
        Self { hash: state.finish(), space, parts }
    }
}

impl<P: Parts> NearProbe for PartsProbe<'_, P> {
    #[inline]
    fn hash(&self) -> u64 {
        self.hash
    }

    #[inline]
    fn is_named(&self, name: &NearName) -> bool {
        name.space == self.space && self.parts.same_all(&mut StoredParts::new(name.stored.bytes()))
    }
}
