//! Answering with an expired value.
//!
//! Promise: only within the reader's windows, measured from the value's expiry and capped by what was kept; never
//! when the value was invalidated; and every such answer says so.

use crate::engine::ask::typed::Recipe;
use crate::engine::look::found::Answer;
use crate::engine::{Ask, Engine};
use crate::entry::{Freshness, Reason, Status, Validator};
use crate::key::CacheKey;
use crate::policy::Use;
use crate::port::near::{Held, NearEntry, Times};
use crate::stamp::Cells;

/// A value that has expired or is to be refreshed, and what is needed to judge it at the moment it is served.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Stale {
    pub(in crate::engine) value: Held,
    pub(in crate::engine) tier: &'static str,
    /// The generation before its load, or before it was read from a byte tier.
    pub(in crate::engine) born: u64,
    /// The generation before it was found.
    pub(in crate::engine) seen: u64,
    /// The stamp cells of its key and tags.
    pub(in crate::engine) cells: Cells,
    pub(in crate::engine) times: Times,
    /// What tells its source which value it is.
    pub(in crate::engine) validator: Option<Validator>,
}

impl Engine {
    /// What an expired value is good for now.
    pub(in crate::engine) fn good_for(&self, ask: &Ask<'_>, stale: &Stale) -> Use {
        let Times { expires, kept_until, .. } = stale.times;
        let now = self.parts.clock.tick();
        let fresh = now < stale.times.trusted_until;
        let good_for =
            if fresh { Use::WhileRevalidate } else { self.windows(ask).judge(expires, kept_until, now) };
        if good_for == Use::Nothing {
            return Use::Nothing;
        }
        let cells = &stale.cells;
        let valid = self.stamps.valid(cells, stale.born) && self.stamps.may_land(ask.key, cells, stale.seen);
        if valid { good_for } else { Use::Nothing }
    }

    /// Whether a near entry is neither expired nor invalidated, due for a refresh or not.
    pub(in crate::engine) fn is_alive(&self, entry: &NearEntry) -> bool {
        self.parts.clock.tick() < entry.meta.times.trusted_until
            && self.stamps.valid(&entry.meta.cells, entry.meta.born)
    }

    /// What the near tier holds of a key that lives and is a value, and not the memory of its absence.
    pub(in crate::engine) fn value_near(&self, key: &CacheKey) -> Option<NearEntry> {
        self.parts.near.entry(key.near()).filter(|entry| !entry.meta.negative && self.is_alive(entry))
    }

    /// Whether its life has ended.
    pub(in crate::engine) fn has_expired(&self, stale: &Stale) -> bool {
        stale.times.expires <= self.parts.clock.tick()
    }

    /// The answer of an expired value, if it may serve in this need.
    pub(in crate::engine) fn rescue<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        stale: Option<&Stale>,
        why: Reason,
    ) -> Option<Answer<R::Ret>> {
        let stale = stale.filter(|stale| self.good_for(ask, stale) != Use::Nothing)?;
        let ret = recipe.give(Some(&stale.value))?;
        Some(Answer::new(ret, self.status(stale, why)))
    }

    fn status(&self, stale: &Stale, why: Reason) -> Status {
        let Times { created, trusted_until, expires, .. } = stale.times;
        let now = self.parts.clock.tick();
        if now < trusted_until {
            return Status::hit(stale.tier, now.since(created));
        }
        let freshness = Freshness::Stale(now.since(expires));
        Status { tier: stale.tier, age: now.since(created), freshness, reason: Some(why) }
    }

    /// The answer of a value that may answer at once.
    pub(in crate::engine) fn at_once<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        older: Option<&Stale>,
    ) -> Option<Answer<R::Ret>> {
        let older = older.filter(|older| self.good_for(ask, older) == Use::WhileRevalidate);
        self.rescue(ask, recipe, older, Reason::Revalidating)
    }
}
