//! What a batch stores.
//!
//! Promise: one `set_many` for all that was loaded; the rules are those of [`land`](crate::engine::write::land), key by key.

use std::iter;

use bytes::Bytes;

use super::words::Led;
use crate::engine::counters::Count;
use crate::engine::load::lease::Lease;
use crate::engine::serving::Serving;
use crate::engine::tags::Tokens;
use crate::engine::write::far_write::{FarWrite, Packed, reason_of};
use crate::engine::write::land::Landing;
use crate::engine::write::over::Over;
use crate::engine::{Ask, Engine};
use crate::entry::Reason;
use crate::error::ErrorKind;
use crate::port::backend::SetOptions;
use crate::port::near::Held;
use crate::time::Life;

fn over(led: &Led<'_>) -> Over {
    led.lease.as_ref().map_or(Over::Nothing, |lease| Over::Leased(lease.token()))
}

/// A loaded value (or its absence) that may land, and how long it lives.
struct Arriving<'a> {
    led: Led<'a>,
    value: Option<Held>,
    life: Life,
    tokens: Tokens,
}

impl Arriving<'_> {
    fn ask(&self) -> Ask<'_> {
        self.led.slot.ask.under(&self.tokens)
    }
}

impl Engine {
    /// Stores what was loaded: the far tier first, then near. The stamps are compared inside the gates, so an
    /// invalidation sees each of these landings either complete or not begun.
    pub(super) async fn land_many(&self, landing: Vec<(Led<'_>, Option<Held>)>, born: u64) {
        if landing.is_empty() {
            return;
        }
        if !self.is_enabled() {
            return landing
                .iter()
                .for_each(|(led, _)| self.not_stored(led.slot.ask.space, "all", Reason::Disabled));
        }
        self.settle().await;
        let arriving = self.arriving(landing, born).await;
        let _gates = self.gate.land_many(arriving.iter().map(|arriving| arriving.led.slot.ask.key)).await;
        let arriving = self.may_land_many(arriving, born);
        let written = self.write_many(&arriving).await;
        for (mut arriving, far) in arriving.into_iter().zip(written) {
            let lease = arriving.led.lease.take();
            match far {
                FarWrite::Refused => {
                    self.lease_lost(&arriving.led.slot.ask, lease);
                    continue;
                }
                FarWrite::Stored(_) => lease.into_iter().for_each(Lease::spend),
                _ => drop(lease),
            }
            let (ask, life) = (arriving.ask(), arriving.life);
            self.counters.add(ask.space, Count::Stored);
            let landing = Landing { born, life, stored_bytes: far.bytes(), only_here: !far.is_stored() };
            self.insert_near(&ask, arriving.value.clone(), landing);
        }
    }

    /// Those whose life and tags let them be stored.
    async fn arriving<'a>(&self, landing: Vec<(Led<'a>, Option<Held>)>, born: u64) -> Vec<Arriving<'a>> {
        let mut arriving = Vec::with_capacity(landing.len());
        for (led, value) in landing {
            let ask = &led.slot.ask;
            let Some(life) = self.life_of_loaded(ask, value.is_none(), "all") else { continue };
            match self.tokens_at(ask, Some(born)).await {
                Ok(tokens) => arriving.push(Arriving { led, value, life, tokens }),
                Err(reason) => self.not_stored(ask.space, "all", reason),
            }
        }
        arriving
    }

    /// Those that were not invalidated while they were loaded.
    fn may_land_many<'a>(&self, mut arriving: Vec<Arriving<'a>>, born: u64) -> Vec<Arriving<'a>> {
        arriving.retain(|arriving| {
            let ask = arriving.ask();
            let may_land = self.may_land(&ask, born);
            if !may_land {
                self.not_stored(ask.space, "all", Reason::Invalidated);
            }
            may_land
        });
        arriving
    }

    /// Encodes each once and writes all to the byte tier that serves; one outcome each. Whatever goes wrong, no older
    /// value is left, or its removal is journalled.
    async fn write_many(&self, arriving: &[Arriving<'_>]) -> Vec<FarWrite> {
        let leaves = arriving.first().is_some_and(|first| first.led.slot.ask.leaves_the_process());
        if !leaves || !self.parts.tiers.exist() {
            return arriving.iter().map(|_| FarWrite::NotAsked).collect();
        }
        let mut encoded = Vec::with_capacity(arriving.len());
        for entry in arriving {
            let (ask, Arriving { value, life, tokens, .. }) = (entry.ask(), entry);
            if self.lacks_a_key(&ask) {
                encoded.push(Err(self.unsealable(&ask, Over::Nothing).await));
                continue;
            }
            if let Some((reason, error)) = tokens.trouble.clone() {
                encoded.push(Err(self.untold(&ask, reason, error).await));
                continue;
            }
            encoded.push(match self.encode(&ask, value.as_ref(), *life) {
                Ok(frame) => {
                    let kept = life.plus(self.kept(&ask, value.is_none()));
                    Ok((ask, frame, over(&entry.led).options().expiring(kept)))
                }
                Err(error) => Err(self.unencodable(&ask, error).await),
            });
        }
        let frames: Vec<_> = encoded.iter().filter_map(|entry| entry.as_ref().ok()).cloned().collect();
        let mut sent = self.send_many(frames).await.into_iter();
        encoded.into_iter().filter_map(|entry| entry.map_or_else(Some, |_| sent.next())).collect()
    }

    /// One write for all of them; where it cannot be said which were taken, each goes by itself or into the journal.
    async fn send_many(&self, frames: Vec<(Ask<'_>, Bytes, SetOptions)>) -> Vec<FarWrite> {
        let (tier, aside) = match self.serving() {
            Serving::Primary(tier) => (tier, false),
            Serving::Fallback(tier) => (tier, true),
            Serving::Nothing(_) => return self.send_each(frames).await,
        };
        if frames.is_empty() {
            return Vec::new();
        }
        let options = |options: &SetOptions| if aside { Over::aside(*options) } else { *options };
        let entries = frames.iter();
        let entries =
            entries.map(|(ask, frame, held)| (ask.key.clone(), frame.clone(), options(held))).collect();
        match tier.backend.set_many(entries).await {
            Ok(taken) => {
                let taken = taken.into_iter().chain(iter::repeat(false));
                let sizes = frames.iter().map(|(_, frame, _)| frame.len());
                sizes.zip(taken).map(|(bytes, taken)| FarWrite::of(bytes, taken, aside)).collect()
            }
            // One of them is too large for the tier: that one alone is not stored.
            Err(error) if error.kind() == ErrorKind::TooLarge => self.send_each(frames).await,
            Err(error) => {
                self.tier_failed(tier, "set_many", &error);
                let reason = reason_of(&error);
                if aside || Over::Nothing.leaves_older(&error) {
                    frames.iter().for_each(|(ask, ..)| self.journal.key(ask.key));
                }
                if aside {
                    self.parts.tiers.owe_fallback();
                }
                frames.iter().for_each(|(ask, ..)| self.not_stored(ask.space, tier.name, reason));
                frames.iter().map(|_| FarWrite::Failed(reason, error.clone())).collect()
            }
        }
    }

    async fn send_each(&self, frames: Vec<(Ask<'_>, Bytes, SetOptions)>) -> Vec<FarWrite> {
        let mut written = Vec::with_capacity(frames.len());
        for (ask, frame, options) in frames {
            written.push(self.send(&ask, Packed { frame, options, over: Over::Nothing }).await);
        }
        written
    }
}
