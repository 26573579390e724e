//! What a batch finds in the tiers.
//!
//! Promise: one `get_many` for all that the near tier does not have; the rules are those of
//! [`fetch`](crate::engine::look::fetch), key by key.

use std::iter;

use bytes::Bytes;

use super::words::{Answers, Led, Slot, Trouble};
use crate::codec::Stamp;
use crate::engine::counters::Count;
use crate::engine::load::outcome::Outcome;
use crate::engine::look::open::Opened;
use crate::engine::serving::Serving;
use crate::engine::tags::Current;
use crate::engine::{Ask, Engine, Found};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind};
use crate::key::CacheKey;
use crate::tier::Tier;

/// A frame that was read, or why it was not.
type Read = Result<Opened, Reason>;

/// What a byte tier sent for one key.
enum Arrived {
    Found(Found),
    Missing,
    /// Bytes that nobody can read.
    Broken(Bytes),
}

impl Engine {
    /// Answers what the tiers hold. The rest comes back, to be loaded.
    pub(super) async fn fetch_many<'a>(
        &self,
        led: Vec<Led<'a>>,
        born: u64,
        answers: &mut Answers<'_>,
    ) -> Vec<Led<'a>> {
        let mut missing = Vec::with_capacity(led.len());
        for led in led {
            match self.check_sealing(&led.slot.ask).and_then(|()| self.near(&led.slot.ask)) {
                Ok(Some(found)) => found_for(led, found, answers),
                Ok(None) => missing.push(led),
                Err(error) => in_trouble(&led.slot, error, answers),
            }
        }
        let leaves = missing.first().is_some_and(|led| led.slot.ask.leaves_the_process());
        if !leaves || !self.parts.tiers.exist() {
            return missing;
        }
        self.settle().await;
        match self.serving() {
            Serving::Primary(tier) | Serving::Fallback(tier) => {
                self.far_many(missing, tier, born, answers).await
            }
            Serving::Nothing(reason) => self.unreachable_many(missing, reason, answers),
        }
    }

    fn unreachable_many<'a>(
        &self,
        led: Vec<Led<'a>>,
        reason: Reason,
        answers: &mut Answers<'_>,
    ) -> Vec<Led<'a>> {
        let reach = |led: &Led<'_>| match self.unreachable(&led.slot.ask, reason) {
            Ok(()) => true,
            Err(error) => {
                in_trouble(&led.slot, error, answers);
                false
            }
        };
        let mut led = led;
        led.retain(reach);
        led
    }

    async fn far_many<'a>(
        &self,
        led: Vec<Led<'a>>,
        tier: Tier<'_>,
        born: u64,
        answers: &mut Answers<'_>,
    ) -> Vec<Led<'a>> {
        if led.is_empty() {
            return led;
        }
        let keys: Vec<CacheKey> = led.iter().map(|led| led.slot.ask.key.clone()).collect();
        let frames = match tier.backend.get_many(&keys).await {
            Ok(frames) => frames,
            Err(error) => return self.failed_many(led, tier, &error, answers),
        };
        let frames: Vec<Option<(Bytes, Read)>> = led
            .iter()
            .zip(frames.into_iter().chain(iter::repeat(None)))
            .map(|(led, frame)| frame.map(|bytes| (bytes.clone(), self.open(&led.slot.ask, &bytes))))
            .collect();
        let read = frames.iter().flatten().filter_map(|(_, read)| read.as_ref().ok());
        let stamps: Vec<Stamp> = read.flat_map(Opened::stamps).copied().collect();
        let current = match self.current(tier, &stamps).await {
            Ok(current) => current,
            Err(error) => return self.failed_many(led, tier, &error, answers),
        };
        let arrived = keys.iter().zip(&frames).filter(|(_, frame)| frame.is_some()).map(|(key, _)| key);
        let _gates = self.gate.land_many(arrived).await;
        let mut missing = Vec::with_capacity(led.len());
        for (led, frame) in led.into_iter().zip(frames) {
            match self.arrived(&led.slot.ask, tier, (born, &current), frame) {
                Arrived::Found(found) => found_for(led, found, answers),
                Arrived::Missing => missing.push(led),
                Arrived::Broken(bytes) => {
                    self.heal(&led.slot.ask, tier, bytes).await;
                    missing.push(led);
                }
            }
        }
        missing
    }

    fn failed_many<'a>(
        &self,
        mut led: Vec<Led<'a>>,
        tier: Tier<'_>,
        error: &Error,
        answers: &mut Answers<'_>,
    ) -> Vec<Led<'a>> {
        self.tier_failed(tier, "get_many", error);
        let reason = if error.kind() == ErrorKind::Timeout { Reason::TimedOut } else { Reason::TierError };
        led.retain(|led| {
            self.missed(tier.name, reason);
            let closed = self.fails_closed(&led.slot.ask);
            if closed {
                in_trouble(&led.slot, error.clone(), answers);
            }
            !closed
        });
        led
    }

    /// Judges what a byte tier sent, and puts it into the near tier. The caller is in the key's gate.
    fn arrived(
        &self,
        ask: &Ask<'_>,
        tier: Tier<'_>,
        (born, current): (u64, &Current),
        frame: Option<(Bytes, Read)>,
    ) -> Arrived {
        let Some((bytes, read)) = frame else {
            self.missed(tier.name, Reason::Absent);
            return Arrived::Missing;
        };
        let vouched = read.and_then(|opened| Ok((self.compare(ask, opened.stamps(), current)?, opened)));
        match vouched {
            Ok((tokens, opened)) => {
                let look = self.admit(&ask.under(&tokens), tier, born, opened, &bytes);
                look.fresh().map_or(Arrived::Missing, Arrived::Found)
            }
            Err(reason) => {
                self.missed(tier.name, reason);
                if reason.heals() { Arrived::Broken(bytes) } else { Arrived::Missing }
            }
        }
    }
}

fn found_for(led: Led<'_>, found: Found, answers: &mut Answers<'_>) {
    let kind = found.count();
    let value = found.into_value();
    led.tell(Outcome::Value(value.clone()));
    answers.set(&led.slot, kind, Ok(value));
}

/// The key is given up: those who follow ask for themselves.
fn in_trouble(slot: &Slot<'_>, error: Error, answers: &mut Answers<'_>) {
    answers.set(slot, Count::Miss, Err(Trouble::Cache(error)));
}
