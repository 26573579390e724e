//! The name of a keyspace: one cached function, or one family of direct keys.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use super::PartWriter;

/// Tells keyspaces of this process apart in the near store. Never stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct SpaceId(pub u64);

impl SpaceId {
    /// Keys given as text.
    pub const DIRECT: Self = Self(0);

    fn next() -> Self {
        static NEXT: AtomicU64 = AtomicU64::new(1);
        Self(NEXT.fetch_add(1, Ordering::Relaxed))
    }
}

/// What every key of a keyspace begins with: its name, and its schema when that is not 0.
#[derive(Debug, Clone)]
pub struct SpaceName {
    id: SpaceId,
    sealed: bool,
    foreign: bool,
    text: Arc<str>,
}

impl SpaceName {
    /// A keyspace named by hand: colons in the name separate segments.
    #[must_use]
    pub fn named(prefix: &str, schema: u32) -> Self {
        Self::new(prefix, schema)
    }

    /// A keyspace named after a path of the program (`app::users::user`, generic arguments included).
    #[must_use]
    pub fn of_path(path: &str, schema: u32) -> Self {
        Self::new(&path.replace("::", "."), schema)
    }

    /// The keyspace of keys that are given as text.
    #[must_use]
    pub fn direct() -> Self {
        Self { id: SpaceId::DIRECT, sealed: false, foreign: false, text: "".into() }
    }

    fn new(name: &str, schema: u32) -> Self {
        let mut writer = PartWriter::default();
        writer.name(name);
        if schema != 0 {
            writer.word(&format!(":@{schema}"));
        }
        Self { id: SpaceId::next(), sealed: false, foreign: false, text: writer.finish().1.into() }
    }

    /// The same, and what its keys name is sealed in byte tiers.
    #[must_use]
    pub(crate) fn sealed(self, sealed: bool) -> Self {
        Self { sealed, ..self }
    }

    /// Whether what its keys name is sealed.
    pub(super) fn is_sealed(&self) -> bool {
        self.sealed
    }

    /// A name that another cache gives, as it is: its keys stand in the store without a namespace of ours.
    #[cfg(feature = "cachekit")]
    pub(super) fn foreign(text: &str) -> Self {
        Self { id: SpaceId::next(), sealed: false, foreign: true, text: text.into() }
    }

    /// Whether another cache gives its name.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.foreign
    }

    /// The identity within this process.
    #[must_use]
    pub fn id(&self) -> SpaceId {
        self.id
    }

    /// The escaped text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }
}

impl fmt::Display for SpaceName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
