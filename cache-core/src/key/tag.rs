//! Tags: names by which many entries are invalidated at once.
//!
//! Promise: two different tags never share an identity by accident, and neither a tag that a person names nor a group
//! that a macro derives can be made to equal another. (Would two of them share one, that cost misses, never a stale
//! hit.) What is stored of a tag is its [`TagId`] alone, so that tags may name people.

use std::fmt;
use std::sync::Arc;

use sha2::{Digest, Sha256};

use super::{CacheKey, Namespace, PartWriter, Parts, SpaceName};

/// How many tags one entry can have.
pub const MAX_TAGS: usize = 64;

/// The identity of a tag, the same in every process: the first eight bytes of a SHA-256.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TagId(pub u64);

impl TagId {
    /// Stands for all tags of a namespace: its marker changes with each of theirs.
    pub const ANY: Self = Self(0);

    /// The key of its marker: `ns:t:` and sixteen hexadecimal digits.
    pub fn marker(self, namespace: &Namespace) -> CacheKey {
        CacheKey::of_token(namespace, &format!("{:016x}", self.0))
    }

    fn of(kind: &[u8], texts: &[&str]) -> Self {
        let mut hash = Sha256::new_with_prefix(kind);
        for text in texts {
            hash.update((text.len() as u64).to_le_bytes());
            hash.update(text);
        }
        Self(hash.finalize().first_chunk().map_or(u64::MAX, |first| u64::from_le_bytes(*first)))
    }
}

/// A tag: its identity, and its name for people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tag {
    id: TagId,
    name: Arc<str>,
}

impl Tag {
    /// A tag that a person named.
    #[must_use]
    pub fn new(name: &str) -> Self {
        Self { id: TagId::of(b"t", &[name]), name: name.into() }
    }

    /// The entries of a keyspace whose arguments of these names have these values.
    #[must_use]
    pub fn of_group(namespace: &Namespace, space: &SpaceName, names: &str, values: &impl Parts) -> Self {
        let mut writer = PartWriter::default().within(namespace);
        values.write_all(&mut writer);
        let (_, values) = writer.finish();
        let id = TagId::of(b"g", &[space.as_str(), names, &values]);
        Self { id, name: format!("{space} by {names}").into() }
    }

    /// The identity.
    #[must_use]
    pub fn id(&self) -> TagId {
        self.id
    }

    /// What people call it; of a group not its values, which may be anybody's.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// What people call it, shared.
    pub(crate) fn shared_name(&self) -> Arc<str> {
        Arc::clone(&self.name)
    }
}

impl fmt::Display for TagId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "#{:08x}", self.0 >> 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(space: &str, names: &str, value: &str) -> TagId {
        Tag::of_group(&Namespace::default(), &SpaceName::named(space, 0), names, &(value, ())).id()
    }

    #[test]
    fn a_tag_has_the_same_identity_in_every_process() {
        assert_eq!(Tag::new("user:7").id(), TagId(0x3f2b_0f37_02eb_d536), "stored: it may never change");
        assert_eq!(
            Tag::new("user:7").id().marker(&Namespace::default()).as_str(),
            "larder:t:3f2b0f3702ebd536"
        );
        assert_eq!(TagId::ANY.marker(&Namespace::default()).as_str(), "larder:t:0000000000000000");
    }

    #[test]
    fn a_group_is_that_of_its_keyspace_names_and_values_alone() {
        let seven = group("user", "tenant", "7");
        assert_eq!(seven, group("user", "tenant", "7"));
        for other in
            [group("users", "tenant", "7"), group("user", "tenants", "7"), group("user", "tenant", "8")]
        {
            assert_ne!(seven, other);
        }
        let number =
            Tag::of_group(&Namespace::default(), &SpaceName::named("user", 0), "tenant", &(7_u64, ()));
        assert_ne!(seven, number.id(), "the text 7 is not the number 7");
        assert_ne!(seven, Tag::new("user\0tenant\0:7").id());
    }
}
