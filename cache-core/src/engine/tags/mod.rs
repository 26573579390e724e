//! Tags at the byte edge: the tokens under which an entry was loaded, and whether they still stand.
//!
//! Promise: after a tag was invalidated, no entry that was loaded under it before is served from a byte tier, in any
//! process. In this process the cells of [`stamp`](crate::stamp) see to that; a byte tier holds a **marker** per tag, with a
//! random token. A loader sees to the markers of its tags before it loads, the frame carries the tokens, a reader
//! compares them, and an invalidation removes the markers. A marker that is not there means *unknown*: a miss.
//!
//! Invariant: a token is remembered here ([`known`]) no longer than a near copy of shared data is trusted, and not
//! beyond an invalidation in this process; and what is stored carries no token that was first seen after its load
//! began. What a question says of tags is in [`asked`], how markers are read and made in [`markers`], what is asked
//! before a load, at a landing and of a frame in [`tokens`].

mod asked;
mod known;
mod markers;
mod names;
mod tokens;

pub(crate) use asked::AskedTags;
pub(super) use asked::OwnedTags;
pub(super) use asked::label;
pub(super) use tokens::{Current, Tokens};

use known::Known;
use names::Names;

use crate::codec::Stamp;
use crate::engine::{Engine, What};
use crate::stamp::Cells;

/// What an engine knows of tags.
#[derive(Debug, Default)]
pub(super) struct Tagging {
    /// The tokens of the primary, and of the fallback.
    known: [Known; 2],
    names: Names,
}

impl Engine {
    /// What the tags of a frame are called.
    pub(super) fn names_of(&self, stamps: &[Stamp]) -> Vec<String> {
        stamps.iter().map(|stamp| self.tagging.names.of(stamp.tag)).collect()
    }

    /// What the tags of a near entry may be called: it knows their cells alone, and of those that share one each may be
    /// meant.
    pub(super) fn names_in(&self, cells: &Cells) -> Vec<String> {
        let [key, _, tags @ ..] = cells;
        if tags.iter().all(|tag| tag == key) {
            return Vec::new();
        }
        self.tagging.names.among(|tag| tags.contains(&self.stamps.tag_cell(tag)))
    }

    /// Forgets the tokens of what is being invalidated. Their cells have moved before.
    pub(super) fn forget_tokens(&self, what: What<'_>) {
        for known in &self.tagging.known {
            match what {
                What::Tags(tags) => known.forget(tags),
                What::Everything => known.forget_all(),
                What::Key(_) | What::Keys(_) | What::Space(_) | What::Pattern(_) => {}
            }
        }
    }
}
