//! Tags, as people name them.

use crate::error::{Error, ErrorKind, Result};
use crate::key::{MAX_TAGS, Tag};

/// The tags of these names, each once.
pub(super) fn named(names: impl IntoIterator<Item: AsRef<str>>) -> Vec<Tag> {
    let mut tags: Vec<Tag> = Vec::new();
    for name in names {
        let tag = Tag::new(name.as_ref());
        if tags.iter().all(|other| other.id() != tag.id()) {
            tags.push(tag);
        }
    }
    tags
}

/// An entry can have so many.
///
/// # Errors
/// `Config`, with the number.
pub(super) fn check(tags: &[Tag]) -> Result<()> {
    if tags.len() <= MAX_TAGS {
        return Ok(());
    }
    Err(Error::new(
        ErrorKind::Config,
        format!("an entry is given {} tags, the most are {MAX_TAGS}", tags.len()),
    )
    .with_fix("tag it by what is changed at once: of many small groups name the larger one"))
}
