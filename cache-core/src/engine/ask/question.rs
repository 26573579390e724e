//! A question that owns its key, while its caller waits, or when the load outlives its caller.

use std::borrow::Borrow;

use crate::engine::ask::values::Ask;
use crate::engine::tags::OwnedTags;
use crate::engine::{Keyspace, Values};
use crate::key::{CacheKey, Tag};
use crate::time::Ttl;

/// An [`Ask`] that owns its key, so that one who waits for the load of another can give it up for the other's: ten
/// thousand keys that say the same are ten thousand pieces of memory to be freed at once. Of a borrowed keyspace, or,
/// for a load that outlives its caller, of its own.
#[derive(Debug)]
pub(crate) struct Question<S> {
    pub(in crate::engine) key: CacheKey,
    space: S,
    values: &'static dyn Values,
    ttl: Ttl,
    strict: bool,
    tags: OwnedTags,
}

impl<'a> Question<&'a Keyspace> {
    /// As [`Ask::new`].
    pub(crate) fn new(key: CacheKey, space: &'a Keyspace, values: &'static dyn Values) -> Self {
        Self { key, space, values, ttl: Ttl::Default, strict: false, tags: OwnedTags::default() }
    }

    /// As [`Ask::direct`].
    pub(crate) fn direct(key: CacheKey, space: &'a Keyspace, values: &'static dyn Values, ttl: Ttl) -> Self {
        Self { key, space, values, ttl, strict: true, tags: OwnedTags::default() }
    }

    /// The same question about an entry with these tags; `open` when its value may name more.
    pub(crate) fn tagged(self, named: Vec<Tag>, open: bool) -> Self {
        Self { tags: OwnedTags::new(named, open), ..self }
    }

    /// The keyspace.
    pub(in crate::engine) fn space(&self) -> &'a Keyspace {
        self.space
    }
}

impl<S: Borrow<Keyspace>> Question<S> {
    /// The same question, about the same keyspace.
    pub(super) fn of(ask: &Ask<'_>, space: S) -> Self {
        let Ask { key, values, ttl, strict, tags, .. } = *ask;
        Self { key: key.clone(), space, values, ttl, strict, tags: tags.owned() }
    }

    /// What is asked.
    pub(crate) fn ask(&self) -> Ask<'_> {
        let Self { key, space, values, ttl, strict, tags } = self;
        let asked = Ask::new(key, space.borrow(), *values);
        Ask { ttl: *ttl, strict: *strict, tags: tags.asked(), ..asked }
    }
}
