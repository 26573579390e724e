//! A hit. Reads start here.
//!
//! Promise: no allocation, no await, no lock of ours, no key bytes, no serialization. One probe of the near
//! store, one look at the clock, one load per stamp cell, one count.

use super::counters::Count;
use std::sync::Arc;

use super::{Engine, Keyspace};
use crate::key::NearProbe;
use crate::port::near::{Held, Judged};
use crate::time::Tick;

impl Engine {
    /// Finds the value of a fresh near entry, if it is one that `recognize` knows. When the entry remembers that there
    /// is none, `absent` says whether that is an answer.
    ///
    /// Returns no more than a pointer: what is written in pieces and read as a whole makes the processor wait, and the
    /// caller builds the value where it wants it.
    #[inline]
    pub(crate) fn hot<T>(
        &self,
        space: &Keyspace,
        probe: &dyn NearProbe,
        recognize: impl FnOnce(Held) -> Option<Arc<T>>,
        absent: impl FnOnce() -> bool,
    ) -> Option<Arc<T>> {
        if !self.is_enabled() {
            return None;
        }
        let mut negative = false;
        let held = self.parts.near.get(probe, &mut |judged| {
            negative = judged.negative;
            self.is_fresh(judged)
        })?;
        if negative {
            if absent() {
                self.counters.add(space, Count::Negative);
            }
            return None;
        }
        let value = recognize(held)?;
        self.counters.add(space, Count::NearHit);
        Some(value)
    }

    /// Whether a near entry may be served: not expired, and nothing that concerns it was invalidated since its
    /// load began. For what never expires the clock is not looked at.
    #[inline]
    pub(super) fn is_fresh(&self, judged: &Judged) -> bool {
        let deadline = judged.fresh_until;
        let timely = deadline == Tick::NEVER || self.parts.clock.tick() < deadline;
        timely && self.stamps.valid(&judged.cells, judged.born)
    }
}
