//! A hit. Reads start here.
//!
//! Promise: no allocation, no await, no lock of ours, no key bytes, no serialization. One look into this thread's
//! front (or one probe of the near store), one at the clock, one at whether any stamp has moved, one count.

use std::sync::Arc;

use crate::engine::counters::Count;
use crate::engine::{Engine, Keyspace};
use crate::front::Fronted;
use crate::key::{Naming, NearProbe};
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
        probe: &impl NearProbe,
        recognize: impl FnOnce(Held) -> Option<Arc<T>>,
        absent: impl FnOnce() -> bool,
    ) -> Option<Arc<T>> {
        if !self.is_enabled() {
            return None;
        }
        let (held, negative) = self.find_near(probe)?;
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

    /// The value of a near entry that may be served, and whether it only stands for there being none.
    #[inline]
    pub(super) fn find_near(&self, probe: &impl NearProbe) -> Option<(Held, bool)> {
        let still_holds =
            |judged: &Judged, sweeps| sweeps == self.stamps.sweeps() && self.holds_still(judged);
        let moves = self.stamps.moves();
        match self.fronts.find(probe, moves, |deadline| self.is_before(deadline), still_holds) {
            Fronted::Found(held, negative) => Some((held, negative)),
            Fronted::Ask => self.ask_near(probe),
            Fronted::Keep => self.ask_near_and_copy(probe),
        }
    }

    #[cold]
    fn ask_near(&self, probe: &dyn NearProbe) -> Option<(Held, bool)> {
        let mut negative = false;
        let held = self.parts.near.get(probe, &mut |judged| {
            negative = judged.negative;
            self.is_fresh(judged)
        })?;
        Some((held, negative))
    }

    /// Has this thread's front keep a copy of what the near store answers.
    #[cold]
    fn ask_near_and_copy(&self, probe: &dyn NearProbe) -> Option<(Held, bool)> {
        let (asked, sweeps) = (Naming::new(probe), self.stamps.sweeps());
        let entry = self.parts.near.entry(&asked)?;
        if !self.is_fresh(&entry.meta.judged()) {
            return None;
        }
        if let Some(name) = asked.into_name() {
            self.fronts.keep(probe.hash(), name, &entry, sweeps);
        }
        Some((entry.value, entry.meta.negative))
    }

    /// Whether a near entry may be served: not expired, and nothing that concerns it was invalidated since its
    /// load began.
    #[inline]
    pub(super) fn is_fresh(&self, judged: &Judged) -> bool {
        self.is_before(judged.fresh_until) && self.holds_still(judged)
    }

    /// For what never expires the clock is not looked at.
    #[inline]
    fn is_before(&self, deadline: Tick) -> bool {
        deadline == Tick::NEVER || self.parts.clock.tick() < deadline
    }

    #[inline]
    fn holds_still(&self, judged: &Judged) -> bool {
        self.stamps.valid(&judged.cells, judged.born)
    }
}
