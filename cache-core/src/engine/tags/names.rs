//! What tags are called, for people who look.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};

use crate::key::{Tag, TagId};

/// How many names are remembered; more are not, and such a tag is shown by its digits.
const MOST: usize = 4_096;

/// The names of the tags that this process has met.
#[derive(Debug, Default)]
pub(in crate::engine) struct Names(Mutex<HashMap<TagId, Arc<str>, foldhash::fast::RandomState>>);

impl Names {
    /// Remembers names.
    pub(super) fn note<'a>(&self, tags: impl Iterator<Item = &'a Tag>) {
        let mut names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        for tag in tags {
            if names.len() < MOST {
                names.entry(tag.id()).or_insert_with(|| tag.shared_name());
            }
        }
    }

    /// What a tag is called, if that is known.
    pub(in crate::engine) fn of(&self, tag: TagId) -> String {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        names.get(&tag).map_or_else(|| tag.to_string(), |name| name.to_string())
    }

    /// Those that are remembered and meant, in the order of their names.
    pub(super) fn among(&self, meant: impl Fn(TagId) -> bool) -> Vec<String> {
        let names = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let mut meant: Vec<String> =
            names.iter().filter(|(tag, _)| meant(**tag)).map(|(_, name)| name.to_string()).collect();
        meant.sort_unstable();
        meant
    }
}
