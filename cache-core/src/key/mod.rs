//! The name of a cached thing.
//!
//! Promise: two different calls never share a key, a key is readable while it is short and bounded when it is
//! not, and nothing a user types can reach a neighbour's entry. On a hit no key is built at all: the parts are
//! fed to a hasher and compared with what is stored ([`part`]). The bytes exist only after a miss
//! ([`cache_key`]). Only [`namespace`] adds a prefix.

mod builder;
mod cache_key;
mod escape;
mod glob;
#[cfg(feature = "cachekit")]
mod interop;
mod namespace;
mod near;
mod part;
mod pattern;
mod secret;
mod space;
mod standard;
mod stored;
mod tag;
mod untyped;
mod writer;

pub use builder::{KeyBuilder, build_cache_key};
pub use cache_key::{CacheKey, IntoKey};
#[cfg(feature = "cachekit")]
pub use interop::{Binary, DateTime, InteropPart, Set, segment_problem};
pub use namespace::Namespace;
pub(crate) use near::Naming;
pub use near::{NearKey, NearName, NearProbe, PartsProbe};
pub use part::{KeyPart, Parts};
pub use pattern::KeyPattern;
pub use secret::KeySecret;
pub use space::{SpaceId, SpaceName};
pub use stored::StoredParts;
pub use tag::{MAX_TAGS, Tag, TagId};
pub(crate) use untyped::text_of_part;
pub use writer::PartWriter;

/// A part whose text is longer than this is replaced by a 256-bit digest of it.
pub const MAX_PART_BYTES: usize = 128;
/// Once a key's text is longer than this, all its remaining parts share one digest.
pub const MAX_KEY_BYTES: usize = 512;
