//! Verbs with exactly one winner. Counters are in [`count`](super::count).

use crate::codec::peek;
use crate::engine::look::open::Opened;
use crate::engine::remove::unfinished::Unfinished;
use crate::engine::serving::Serving;
use crate::engine::{Ask, Engine, Found, What};
use crate::entry::Reason;
use crate::error::Result;
use crate::key::CacheKey;
use crate::port::backend::Remaining;
use crate::port::near::Held;
use crate::stamp::Scope;
use crate::tier::Tier;
use crate::time::Life;

impl Engine {
    /// Takes an entry away: of any number of concurrent callers exactly one receives it. Only the primary (or,
    /// where there is no byte tier, the near tier) answers; an unknown outcome is *not delivered*. While the primary is away
    /// nothing is delivered, and nothing is taken.
    ///
    /// # Errors
    /// `TypeMismatch`: nothing is taken then. Others only when the manager fails closed.
    pub(crate) async fn take(&self, ask: &Ask<'_>) -> Result<Option<Held>> {
        if !self.is_enabled() {
            return Ok(None);
        }
        self.check_sealing(ask)?;
        self.settle().await;
        let _gate = self.gate.set(ask.key).await;
        let near = self.near(ask)?;
        // Nothing may be taken while the primary cannot say that nobody else has it, and so nothing is destroyed.
        let primary = match self.parts.tiers.exist().then(|| self.serving()) {
            None => None,
            Some(Serving::Primary(primary)) => Some(primary),
            Some(Serving::Fallback(_)) => return self.unreachable(ask, Reason::TierError).map(|()| None),
            Some(Serving::Nothing(reason)) => return self.unreachable(ask, reason).map(|()| None),
        };
        let unfinished = Unfinished::optional(self, What::Key(ask.key));
        self.stamps.bump(Scope::Key(ask.key));
        self.forget_loads(ask.key);
        self.parts.near.remove(ask.key);
        let taken = match primary {
            Some(primary) => self.take_far(ask, primary).await,
            None => Ok(near.and_then(Found::into_value)),
        };
        self.stamps.bump(Scope::Key(ask.key));
        unfinished.finish();
        taken
    }

    async fn take_far(&self, ask: &Ask<'_>, primary: Tier<'_>) -> Result<Option<Held>> {
        let bytes = match primary.backend.get_and_delete(ask.key).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => return Ok(None),
            Err(error) => {
                self.tier_failed(primary, "get_and_delete", &error);
                return if self.fails_closed(ask) { Err(error) } else { Ok(None) };
            }
        };
        match self.open(ask, &bytes) {
            Ok(Opened::Counter(value)) => Ok(Some(value)),
            Ok(Opened::Frame { value, stamps, .. }) => match self.vouch(ask, primary, &stamps).await {
                Ok(Ok(_)) => Ok(value),
                Ok(Err(reason)) => {
                    self.missed(primary.name, reason);
                    Ok(None)
                }
                Err(error) => {
                    self.tier_failed(primary, "tags", &error);
                    if self.fails_closed(ask) { Err(error) } else { Ok(None) }
                }
            },
            Err(reason) => {
                self.missed(primary.name, reason);
                Ok(None)
            }
        }
    }

    /// Whether a fresh value is in some tier, and for how long. Remembered absence is none.
    ///
    /// # Errors
    /// Only when the manager fails closed.
    pub(crate) async fn remaining(&self, ask: &Ask<'_>) -> Result<Remaining> {
        if !self.is_enabled() {
            return Ok(Remaining::Missing);
        }
        if !self.parts.tiers.exist() {
            return Ok(self.remaining_near(ask.key));
        }
        self.settle().await;
        let tier = match self.serving() {
            Serving::Primary(tier) | Serving::Fallback(tier) => tier,
            Serving::Nothing(reason) => {
                return self.unreachable(ask, reason).map(|()| self.remaining_near(ask.key));
            }
        };
        match tier.backend.get(ask.key).await {
            Ok(Some(bytes)) if self.is_overtaken(ask, tier, &bytes).await => Ok(Remaining::Missing),
            Ok(Some(bytes)) => Ok(self.remaining_of(ask.key, tier.backend.ttl(ask.key).await, &bytes)),
            Ok(None) => Ok(self.remaining_near(ask.key)),
            Err(error) if self.fails_closed(ask) => Err(error),
            Err(error) => {
                self.tier_failed(tier, "ttl", &error);
                Ok(self.remaining_near(ask.key))
            }
        }
    }

    fn remaining_near(&self, key: &CacheKey) -> Remaining {
        let now = self.parts.clock.tick();
        self.value_near(key)
            .and_then(|entry| entry.meta.times.trusted_until.remaining(now))
            .map_or(Remaining::Missing, remaining)
    }

    /// What a frame says of itself, whatever its schema (which is part of the key); of a counter, what its tier says.
    fn remaining_of(&self, key: &CacheKey, kept: Result<Remaining>, bytes: &bytes::Bytes) -> Remaining {
        if key.is_foreign() {
            return kept.unwrap_or(Remaining::Unknown);
        }
        let schema = peek(bytes).map_or(0, |header| header.schema);
        match self.parts.codec.open(self.place_of(key, bytes), schema, bytes) {
            Ok(frame) if frame.is_negative() => Remaining::Missing,
            Ok(frame) => frame
                .deadlines()
                .fresh_until
                .remaining(self.parts.clock.wall())
                .map_or(Remaining::Missing, remaining),
            Err(_) if crate::port::backend::parse_counter(bytes).is_some() => {
                kept.unwrap_or(Remaining::Unknown)
            }
            Err(_) => Remaining::Missing,
        }
    }
}

fn remaining(life: Life) -> Remaining {
    life.duration().map_or(Remaining::Forever, Remaining::For)
}
