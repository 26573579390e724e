//! One request, counted once.

use super::Engine;
use super::counters::Count;

/// A request under way. Whatever happens to it, it is counted as exactly one kind; dropped before it was answered,
/// its caller went away.
#[derive(Debug)]
pub(super) struct Request<'a> {
    engine: &'a Engine,
    kind: Count,
}

impl Engine {
    /// A request begins.
    pub(super) fn request(&self) -> Request<'_> {
        Request { engine: self, kind: Count::Abandoned }
    }
}

impl Request<'_> {
    /// It is answered, and this is how.
    pub(super) fn is(&mut self, kind: Count) {
        self.kind = kind;
    }
}

impl Drop for Request<'_> {
    fn drop(&mut self) {
        self.engine.counters.add(self.kind);
    }
}
