//! Which segment goes next.

use std::sync::Arc;

use super::log::Log;
use super::segment::Segment;

/// A compaction must free at least this part of its segment.
const WORTH: u64 = 16;

/// What is done next.
#[derive(Debug)]
pub(super) enum Step {
    /// Nothing.
    Rest,
    /// The segment that is being written has to be sealed before it can go.
    Seal,
    /// A segment goes.
    Drop(Arc<Segment>, Carry),
}

/// What is carried over from a segment that goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Carry {
    /// All that is live.
    Everything,
    /// What was read since it was written or carried over, as long as the credit lasts.
    Hot,
    /// Nothing: there is no room for copies, or the file cannot be written.
    Nothing,
}

/// The segments as one step finds them.
#[derive(Debug)]
pub(super) struct Survey {
    /// Those that can go, oldest first.
    sealed: Vec<Arc<Segment>>,
    writing: Option<Arc<Segment>>,
    busy: bool,
}

impl Survey {
    /// Looks at all of them.
    pub(super) fn of(log: &Log) -> Self {
        let (mut sealed, active) = log.all();
        let writing = sealed.pop_if(|last| Some(last.id()) == active);
        let all = sealed.len();
        sealed.retain(|segment| segment.is_quiet());
        Self { busy: sealed.len() < all, sealed, writing }
    }

    /// Whether appends to sealed segments are under way.
    pub(super) fn is_busy(&self) -> bool {
        self.busy
    }

    /// A file that refused to let a record be killed goes as soon as it can.
    pub(super) fn poisoned(&self) -> Option<Step> {
        let found = self.sealed.iter().find(|segment| segment.is_poisoned());
        let writing = self.writing.as_ref().filter(|segment| segment.is_poisoned());
        let step = found.map(|found| Step::Drop(Arc::clone(found), Carry::Nothing));
        step.or(writing.map(|_| Step::Seal))
    }

    /// The oldest segment goes.
    pub(super) fn oldest(&self, carry: Carry) -> Step {
        match (self.sealed.first(), &self.writing) {
            (Some(oldest), _) => Step::Drop(Arc::clone(oldest), carry),
            (None, Some(_)) => Step::Seal,
            (None, None) => Step::Rest,
        }
    }

    /// The segment with the most garbage is compacted, if that is worth it.
    pub(super) fn compaction(&self) -> Option<Step> {
        let sealed = worst(self.sealed.iter()).map(|worst| Step::Drop(Arc::clone(worst), Carry::Everything));
        sealed.or_else(|| worst(self.writing.iter()).map(|_| Step::Seal))
    }
}

/// The segment with the largest part of garbage, if dropping it is worth the work.
fn worst<'a>(segments: impl Iterator<Item = &'a Arc<Segment>>) -> Option<&'a Arc<Segment>> {
    let part = |segment: &Segment| segment.garbage().saturating_mul(1 << 16) / segment.bytes().max(1);
    let worth = segments.filter(|segment| segment.garbage().saturating_mul(WORTH) >= segment.bytes().max(1));
    worth.max_by_key(|segment| part(segment))
}
