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

/// What a hit found. Small, so that a value is built where its caller wants it, and copied nowhere on its way.
#[derive(Debug)]
pub(crate) enum Hot<T, A> {
    /// A value.
    Value(Arc<T>),
    /// What remembered absence means.
    Absent(A),
}

impl Engine {
    /// Finds a fresh near entry: `recognize` checks the type of a held value, `absent` is what its remembered absence
    /// means, where it means something.
    #[inline]
    pub(crate) fn hot<T, A>(
        &self,
        space: &Keyspace,
        probe: &dyn NearProbe,
        recognize: impl FnOnce(Held) -> Option<Arc<T>>,
        absent: impl FnOnce() -> Option<A>,
    ) -> Option<Hot<T, A>> {
        if !self.is_enabled() {
            return None;
        }
        let mut negative = false;
        let held = self.parts.near.get(probe, &mut |judged| {
            negative = judged.negative;
            self.is_fresh(judged)
        })?;
        if negative {
            let absent = absent()?;
            self.counters.add(space, Count::Negative);
            return Some(Hot::Absent(absent));
        }
        let value = recognize(held)?;
        self.counters.add(space, Count::NearHit);
        Some(Hot::Value(value))
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
