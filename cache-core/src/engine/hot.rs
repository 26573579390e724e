//! A hit. Reads start here.
//!
//! Promise: no allocation, no await, no lock of ours, no key bytes, no serialization. One probe of the near
//! store, one look at the clock, one load per stamp cell, one count.

use super::Engine;
use super::counters::Count;
use crate::key::NearProbe;
use crate::port::near::{Held, NearEntry};
use crate::time::Tick;

impl Engine {
    /// Serves a fresh near entry: `give` makes the result of a held value (`None` when it is of another type),
    /// `absent` the result of remembered absence.
    #[inline]
    pub(crate) fn hot<R>(
        &self,
        probe: &dyn NearProbe,
        give: impl FnOnce(Held) -> Option<R>,
        absent: impl FnOnce() -> Option<R>,
    ) -> Option<R> {
        if !self.is_enabled() {
            return None;
        }
        let entry = self.parts.near.get(probe)?;
        if !self.is_fresh(&entry) {
            return None;
        }
        let (served, count) = if entry.meta.negative {
            (absent(), Count::Negative)
        } else {
            (give(entry.value), Count::NearHit)
        };
        if served.is_some() {
            self.counters.add(count);
        }
        served
    }

    /// Whether a near entry may be served: not expired, and nothing that concerns it was invalidated since its
    /// load began. For what never expires the clock is not looked at.
    #[inline]
    pub(super) fn is_fresh(&self, entry: &NearEntry) -> bool {
        let deadline = entry.meta.fresh_until;
        let timely = deadline == Tick::NEVER || self.parts.clock.tick() < deadline;
        timely && self.stamps.valid(&entry.meta.cells, entry.meta.born)
    }
}
