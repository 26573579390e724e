//! What a question says of tags.

use super::Tokens;
use crate::key::{Tag, TagId};

/// The tags of one question.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct AskedTags<'a> {
    /// Those that are known before the load.
    pub(crate) named: &'a [Tag],
    /// A value may name more of them.
    pub(crate) open: bool,
    /// Those that the value has named.
    pub(crate) by_value: &'a [Tag],
    /// The tokens under which the entry is stored, or was found.
    pub(in crate::engine) tokens: Option<&'a Tokens>,
}

/// [`AskedTags`] that own them. Small: ten thousand callers may wait with them.
#[derive(Debug, Clone, Default)]
pub(crate) struct OwnedTags {
    named: Box<[Tag]>,
    open: bool,
}

impl<'a> AskedTags<'a> {
    /// Tags that are known before the load; `open` when a value may name more.
    pub(crate) fn of(named: &'a [Tag], open: bool) -> Self {
        Self { named, open, ..Self::default() }
    }

    /// Whether there are none, and there will be none.
    pub(in crate::engine) fn is_none(&self) -> bool {
        self.named.is_empty() && !self.open && self.by_value.is_empty()
    }

    /// The identities of all that are known by now, each once.
    pub(in crate::engine) fn ids(&self) -> Vec<TagId> {
        let found = self.tokens.into_iter().flat_map(|tokens| tokens.stamps.iter().map(|stamp| stamp.tag));
        let mut ids: Vec<TagId> = self.all().map(Tag::id).chain(found).collect();
        ids.sort_unstable();
        ids.dedup();
        ids
    }

    /// All that are known by now.
    pub(in crate::engine) fn all(&self) -> impl Iterator<Item = &Tag> {
        self.named.iter().chain(self.by_value)
    }

    /// Which loads an invalidation lets nobody join any more: a bit for each tag, all of them for tags that are not
    /// known yet.
    pub(in crate::engine) fn label(&self) -> u64 {
        if self.open { u64::MAX } else { label(self.named.iter().map(Tag::id)) }
    }

    pub(in crate::engine) fn owned(&self) -> OwnedTags {
        OwnedTags { named: self.named.into(), open: self.open }
    }
}

impl OwnedTags {
    /// These; `open` when a value may name more.
    pub(in crate::engine) fn new(named: Vec<Tag>, open: bool) -> Self {
        Self { named: named.into(), open }
    }

    /// The tags of a question.
    pub(crate) fn asked(&self) -> AskedTags<'_> {
        AskedTags::of(&self.named, self.open)
    }
}

/// A bit for each tag.
pub(in crate::engine) fn label(tags: impl Iterator<Item = TagId>) -> u64 {
    tags.fold(0, |label, tag| label | 1 << (tag.0 % 64))
}
