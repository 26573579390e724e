//! Changes that may be abandoned half-way: their caller went away, or code of its own panicked.
//!
//! Promise: what was begun is overtaken once more, so that nothing older that was read meanwhile is kept, and what
//! may be left of it in the primary is owed.

use crate::engine::{Engine, What};

/// A change under way. Dropped without [`Unfinished::finish`], it was abandoned.
#[derive(Debug)]
#[must_use = "dropped at once, it says that the change was abandoned"]
pub(in crate::engine) struct Unfinished<'a> {
    engine: &'a Engine,
    what: What<'a>,
    owed: bool,
    finished: bool,
}

impl<'a> Unfinished<'a> {
    /// A change after which nothing older may be left: abandoned, it is owed to the primary.
    pub(in crate::engine) fn owed(engine: &'a Engine, what: What<'a>) -> Self {
        Self { engine, what, owed: true, finished: false }
    }

    /// A change that takes place or does not: abandoned, what the primary holds is as good as before.
    pub(in crate::engine) fn optional(engine: &'a Engine, what: What<'a>) -> Self {
        Self { engine, what, owed: false, finished: false }
    }

    /// Its end was seen.
    pub(in crate::engine) fn finish(mut self) {
        self.finished = true;
    }
}

impl Drop for Unfinished<'_> {
    fn drop(&mut self) {
        if self.finished {
            return;
        }
        if self.owed {
            self.engine.overtake(self.what);
        } else {
            self.engine.overtake_here(self.what);
        }
    }
}
