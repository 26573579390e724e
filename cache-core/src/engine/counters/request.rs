//! One request, counted once.

use crate::engine::counters::Count;
use crate::engine::{Engine, Keyspace};

/// A request under way. Whatever happens to it, it is counted as exactly one kind; dropped before it was answered,
/// its caller went away.
#[derive(Debug)]
pub(in crate::engine) struct Request<'a> {
    engine: &'a Engine,
    space: &'a Keyspace,
    kind: Count,
}

impl Engine {
    /// A request begins.
    pub(in crate::engine) fn request<'a>(&'a self, space: &'a Keyspace) -> Request<'a> {
        Request { engine: self, space, kind: Count::Abandoned }
    }
}

impl Request<'_> {
    /// It is answered, and this is how.
    pub(in crate::engine) fn is(&mut self, kind: Count) {
        self.kind = kind;
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        self.engine.counters.add(self.space, self.kind);
    }
}
