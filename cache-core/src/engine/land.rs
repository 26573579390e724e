//! Landing: storing what was loaded, unless it was invalidated meanwhile.
//!
//! How long it lives is said in [`super::lives`], how it reaches the byte tier in [`super::far_write`].

use std::sync::Arc;

use super::counters::Count;
use super::{Ask, Engine, What};
use crate::entry::Reason;
use crate::key::NearKey;
use crate::port::backend::{SetCondition, SetOptions};
use crate::port::near::{Held, NearEntry, NearMeta};
use crate::time::Life;

/// An entry on its way into the near tier.
#[derive(Debug, Clone, Copy)]
pub(super) struct Landing {
    pub(super) born: u64,
    pub(super) life: Life,
    /// Bytes of the stored form; 0 when there is none.
    pub(super) stored_bytes: usize,
    pub(super) only_here: bool,
}

/// What a loaded value finds in the tiers, and when its load began.
#[derive(Debug, Clone, Copy)]
pub(super) enum Landed {
    /// Nothing: the load looked there first.
    New(u64),
    /// Perhaps an older value, which somebody may be reading.
    Over(u64),
}

impl Engine {
    /// Stores a loaded value: farthest tier first, then near. The stamps are compared inside the gate, so an
    /// invalidation sees this landing either complete or not begun.
    pub(super) async fn land(&self, ask: &Ask<'_>, landed: Landed, value: Option<&Held>) {
        let life = match self.life(ask, value.is_none()) {
            Ok(life) => life,
            Err(error) => return tracing::warn!(%error, "a loaded value was not stored"),
        };
        if !self.is_enabled() {
            return self.not_stored("all", Reason::Disabled);
        }
        self.settle().await;
        match landed {
            Landed::New(born) => self.land_new(ask, born, life, value).await,
            Landed::Over(born) => self.land_over(ask, born, life, value).await,
        }
    }

    /// Lands over an older value, as a set does: alone, and nobody who read that value keeps it.
    async fn land_over(&self, ask: &Ask<'_>, born: u64, life: Life, value: Option<&Held>) {
        let _gate = self.gate.set(ask.key).await;
        if !self.stamps.may_land(ask.key, &self.stamps.cells(ask.key), born) {
            return self.not_stored("all", Reason::Invalidated);
        }
        self.counters.add(Count::Stored);
        if let Err(error) = self.replace(ask, value.cloned(), life, SetCondition::Always).await {
            tracing::warn!(%error, "a refreshed value was not stored in every tier");
        }
    }

    /// What was loaded is not to be stored: a refresh removes what it was to replace, unless something newer came.
    pub(super) async fn drop_older(&self, ask: &Ask<'_>, landed: Landed) {
        let Landed::Over(born) = landed else { return };
        if self.stamps.may_land(ask.key, &self.stamps.cells(ask.key), born)
            && let Err(error) = self.invalidate(What::Key(ask.key)).await
        {
            tracing::warn!(%error, "a value that a refresh did not find any more was not removed everywhere");
        }
    }

    async fn land_new(&self, ask: &Ask<'_>, born: u64, life: Life, value: Option<&Held>) {
        let _gate = self.gate.land(ask.key).await;
        if !self.stamps.may_land(ask.key, &self.stamps.cells(ask.key), born) {
            return self.not_stored("all", Reason::Invalidated);
        }
        let far = self.write_far(ask, value, life, SetOptions::default()).await;
        self.counters.add(Count::Stored);
        self.insert_near(
            ask,
            value.cloned(),
            Landing { born, life, stored_bytes: far.bytes(), only_here: !far.is_stored() },
        );
    }

    /// Puts an entry into the near tier, for its own life or the near tier's bound, whichever ends first.
    pub(super) fn insert_near(&self, ask: &Ask<'_>, value: Option<Held>, landing: Landing) {
        let now = self.parts.clock.tick();
        let bounded = !ask.space.policy.immutable && !ask.space.policy.local;
        let life = if bounded {
            self.parts.near_ttl.map_or(landing.life, |bound| bound.min(landing.life))
        } else {
            landing.life
        };
        let meta = NearMeta {
            fresh_until: now.after(life),
            born: landing.born,
            cells: self.stamps.cells(ask.key),
            weight: weight(ask.key.near(), ask.values.size() + landing.stored_bytes),
            negative: value.is_none(),
            only_here: landing.only_here,
            kind: ask.values.kind(),
        };
        let value = value.unwrap_or_else(|| Arc::new(()));
        self.parts.near.insert(ask.key, NearEntry { value, meta }, now);
    }
}

fn weight(key: &NearKey, value: usize) -> u32 {
    u32::try_from(key.weight() + size_of::<NearEntry>() + value).unwrap_or(u32::MAX)
}
