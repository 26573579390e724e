//! Stored bytes, read: who wrote them, whether they are fresh, what they hold.

use bytes::Bytes;

use crate::codec::Stamp;
use crate::engine::look::foreign::UNTOLD;
use crate::engine::renew::stale::Stale;
use crate::engine::{Ask, Engine};
use crate::entry::{Reason, Validator};
use crate::key::MAX_TAGS;
use crate::port::backend::parse_counter;
use crate::port::near::{Held, Times};
use crate::tier::Tier;
use crate::time::Life;

/// Bytes that could be read.
pub(in crate::engine) enum Opened {
    /// A counter.
    Counter(Held),
    /// A value, or remembered absence.
    Frame {
        value: Option<Held>,
        /// The life it has left.
        left: Life,
        /// What it is stored in.
        bytes: usize,
        validator: Option<Validator>,
        /// Its tags, with the tokens that they had.
        stamps: Vec<Stamp>,
    },
}

impl Opened {
    /// The tags, with the tokens that they had.
    pub(in crate::engine) fn stamps(&self) -> &[Stamp] {
        match self {
            Self::Counter(_) => &[],
            Self::Frame { stamps, .. } => stamps,
        }
    }
}

impl Engine {
    /// Reads stored bytes: who wrote them, whether they are fresh, what they hold.
    pub(in crate::engine) fn open(&self, ask: &Ask<'_>, bytes: &Bytes) -> Result<Opened, Reason> {
        let place = self.far_place(ask).map_err(|_| Reason::NoMasterKey)?;
        if !ask.key.is_foreign()
            && let Some(counter) = parse_counter(bytes)
        {
            if self.seals(ask) {
                return Err(Reason::NotSealed);
            }
            return ask.values.of_counter(counter).map(Opened::Counter).ok_or(Reason::Undecodable);
        }
        let frame = self.parts.codec.open(place, ask.space.policy.schema, bytes)?;
        let left = frame
            .deadlines()
            .fresh_for(self.parts.clock.wall(), self.longest_life(ask))
            .ok_or(Reason::Expired)?;
        let stamps: Vec<Stamp> = frame.stamps().take(MAX_TAGS + 1).collect();
        if stamps.len() > MAX_TAGS {
            return Err(Reason::Bounds);
        }
        let left = if ask.key.is_foreign() { left.min(UNTOLD) } else { left };
        let value = if frame.is_negative() { None } else { Some(ask.values.decode(&frame)?) };
        let validator = frame.validator().cloned();
        Ok(Opened::Frame { value, left, bytes: bytes.len(), validator, stamps })
    }

    /// The value of an expired frame, when it may still be good for something.
    pub(super) fn expired(
        &self,
        ask: &Ask<'_>,
        tier: Tier<'_>,
        born: u64,
        bytes: &Bytes,
    ) -> Option<(Stale, Vec<Stamp>)> {
        let window = self.windows(ask).longest();
        let frame = self.parts.codec.open(self.far_place(ask).ok()?, ask.space.policy.schema, bytes).ok()?;
        if window.is_zero() || frame.is_negative() {
            return None;
        }
        let (deadlines, wall, now) = (frame.deadlines(), self.parts.clock.wall(), self.parts.clock.tick());
        let left = deadlines.kept_for(wall)?.min(Life::For(window));
        let times = Times {
            created: now.before(wall.since(deadlines.created)),
            trusted_until: now,
            expires: now.before(wall.since(deadlines.fresh_until)),
            kept_until: now.after(left),
        };
        let value = ask.values.decode(&frame).ok()?;
        let (cells, validator) = (self.cells(ask), frame.validator().cloned());
        let stale = Stale { value, tier: tier.name, born, seen: born, cells, times, validator };
        Some((stale, frame.stamps().collect()))
    }
}
