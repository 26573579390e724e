//! Counters.
//!
//! Promise: an increment reaches the primary once. One that cannot reach it because it is away is counted aside, and added
//! when it is back; one whose answer got lost is not sent again. Who fails closed gets the primary's count or an error.

use std::sync::Arc;

use crate::engine::ask::sealed::no_counter;
use crate::engine::look::foreign::no_foreign_counter;
use crate::engine::serving::Serving;
use crate::engine::write::land::Landing;
use crate::engine::{Ask, Engine, What};
use crate::entry::Reason;
use crate::error::{ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::backend::counter_sum;
use crate::recovery::Count;
use crate::tier::Tier;
use crate::time::Life;

impl Engine {
    /// Adds to a counter and returns its new value. Counters live in the byte tier that serves (no near copy),
    /// or in the near tier where there is none.
    ///
    /// # Errors
    /// `NotACounter`, a ttl of zero; when the manager fails closed also trouble of the tier.
    pub(crate) async fn increment(&self, ask: &Ask<'_>, by: i64) -> Result<i64> {
        let life = self.exact_life(ask, false)?;
        if self.seals(ask) {
            return Err(no_counter());
        }
        if ask.key.is_foreign() {
            return Err(no_foreign_counter());
        }
        if !self.is_enabled() {
            return Ok(by);
        }
        self.settle().await;
        let _gate = self.gate.set(ask.key).await;
        if !self.parts.tiers.exist() {
            return self.increment_near(ask, by, life);
        }
        self.overtake_here(What::Key(ask.key));
        match self.serving() {
            Serving::Primary(tier) => {
                self.counted(tier, ask, by, self.increment_in(tier, ask, by, life).await)
            }
            Serving::Fallback(tier) if !self.fails_closed(ask) => {
                let counted = self.increment_in(tier, ask, by, life).await;
                let value = self.counted(tier, ask, by, counted)?;
                self.count_aside(ask, by, life);
                Ok(value)
            }
            Serving::Fallback(_) => self.unreachable(ask, Reason::TierError).map(|()| by),
            Serving::Nothing(reason) => {
                self.unreachable(ask, reason)?;
                self.count_aside(ask, by, life);
                Ok(by)
            }
        }
    }

    fn counted(&self, tier: Tier<'_>, ask: &Ask<'_>, by: i64, counted: Result<i64>) -> Result<i64> {
        match counted {
            Ok(value) => Ok(value),
            Err(error) if error.kind() == ErrorKind::NotACounter || self.fails_closed(ask) => Err(error),
            Err(error) => {
                self.tier_failed(tier, "increment", &error);
                Ok(by)
            }
        }
    }

    async fn increment_in(&self, tier: Tier<'_>, ask: &Ask<'_>, by: i64, life: Life) -> Result<i64> {
        match tier.backend.increment(ask.key, by, life.into()).await {
            Err(error) if error.kind() == ErrorKind::NotACounter && self.remove_void(ask).await => {
                tier.backend.increment(ask.key, by, life.into()).await
            }
            counted => counted,
        }
    }

    /// Notes for the primary what it could not be told.
    fn count_aside(&self, ask: &Ask<'_>, by: i64, life: Life) {
        let now = self.parts.clock.tick();
        if !ask.key.stays_here() && !self.journal.count(ask.key, Count::new(by, now.after(life)), now) {
            self.not_stored(ask.space, self.parts.tiers.primary().name, Reason::Overloaded);
        }
    }

    /// Adds to the primary what was counted aside. Whatever comes of it, it is not sent again; the error is of a primary
    /// that is away again.
    pub(in crate::engine) async fn add_count(&self, key: &CacheKey, count: Count) -> Result<()> {
        let Some((by, life)) = count.due(self.parts.clock.tick()) else { return Ok(()) };
        let primary = self.parts.tiers.primary();
        match primary.backend.increment(key, by, life.into()).await {
            Err(error) if error.is_transient() => Err(error),
            Err(error) => {
                self.tier_failed(primary, "recover", &error);
                Ok(())
            }
            Ok(_) => Ok(()),
        }
    }

    fn increment_near(&self, ask: &Ask<'_>, by: i64, life: Life) -> Result<i64> {
        let now = self.parts.clock.tick();
        let held = self.value_near(ask.key);
        let value = match &held {
            Some(entry) => entry.value.downcast_ref::<i64>().copied(),
            None => Some(0),
        };
        let sum = counter_sum(value, by)?;
        self.overtake_here(What::Key(ask.key));
        let life = held.and_then(|entry| entry.meta.times.trusted_until.remaining(now)).unwrap_or(life);
        let landing = Landing { born: self.stamps.born(), life, stored_bytes: 0, only_here: true };
        self.insert_near(ask, Some(Arc::new(sum)), landing);
        Ok(sum)
    }
}
