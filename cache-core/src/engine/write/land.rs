//! Landing: storing what was loaded, unless it was invalidated meanwhile.
//!
//! How long it lives is said in [`crate::engine::write::lives`], how it reaches the byte tier in
//! [`crate::engine::write::far_write`], or in [`crate::engine::write::fill`] when nobody waits for that.

use std::sync::Arc;
use std::time::Duration;

use crate::engine::counters::Count;
use crate::engine::load::lease::Lease;
use crate::engine::load::run::Leader;
use crate::engine::write::far_write::FarWrite;
use crate::engine::write::fill::Landable;
use crate::engine::write::over::Over;
use crate::engine::{Ask, Engine, What, Written};
use crate::entry::Reason;
use crate::key::{CacheKey, NearKey};
use crate::port::backend::SetCondition;
use crate::port::near::{Held, NearEntry, NearMeta, Times};
use crate::stamp::Cells;
use crate::time::{Life, Tick};

/// An entry on its way into the near tier.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Landing {
    pub(in crate::engine) born: u64,
    pub(in crate::engine) life: Life,
    /// Bytes of the stored form; 0 when there is none.
    pub(in crate::engine) stored_bytes: usize,
    pub(in crate::engine) only_here: bool,
}

/// What a loaded value finds in the tiers, when its load began, and why nothing there answered.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) enum Landed {
    /// Nothing: the load looked there first.
    New(u64, Reason),
    /// An older value, which goes on answering until the new one has landed.
    Replacing(u64, Reason),
    /// Perhaps an older value, which is overtaken.
    Over(u64),
}

impl Landed {
    /// When the load began.
    pub(in crate::engine) fn born(self) -> u64 {
        let (Self::New(born, _) | Self::Replacing(born, _) | Self::Over(born)) = self;
        born
    }

    /// The same of a load that begins only now.
    pub(in crate::engine) fn begun(self, born: u64) -> Self {
        match self {
            Self::New(_, why) => Self::New(born, why),
            Self::Replacing(_, why) => Self::Replacing(born, why),
            Self::Over(_) => Self::Over(born),
        }
    }

    /// Why it was loaded.
    pub(in crate::engine) fn why(self) -> Reason {
        match self {
            Self::New(_, why) | Self::Replacing(_, why) => why,
            Self::Over(_) => Reason::Bypassed,
        }
    }
}

impl Engine {
    /// Stores a loaded value: farthest tier first, then near. The stamps are compared inside the gate, so an
    /// invalidation sees this landing either complete or not begun.
    pub(in crate::engine) async fn land(
        &self,
        ask: &Ask<'_>,
        landed: Landed,
        value: Option<&Held>,
        leader: Option<Leader>,
    ) {
        if !self.is_enabled() {
            return self.not_stored(ask.space, "all", Reason::Disabled);
        }
        let Some(life) = self.life_of_loaded(ask, value.is_none(), "all") else {
            return self.drop_older(ask, landed).await;
        };
        self.settle().await;
        let tokens = match self.tokens_at(ask, Some(landed.born())).await {
            Ok(tokens) => tokens,
            Err(reason) => {
                self.not_stored(ask.space, "all", reason);
                return self.drop_older(ask, landed).await;
            }
        };
        let ask = &ask.under(&tokens);
        match landed {
            Landed::New(..) | Landed::Replacing(..) => {
                self.land_new(ask, landed, (life, leader), value).await
            }
            Landed::Over(born) => self.land_over(ask, born, (life, leader), value).await,
        }
    }

    /// Lands over an older value, as a set does: alone, and nobody who read that value keeps it.
    async fn land_over(
        &self,
        ask: &Ask<'_>,
        born: u64,
        (life, leader): (Life, Option<Leader>),
        value: Option<&Held>,
    ) {
        let (_lead, lease) = Leader::split(leader);
        let _gate = self.gate.set(ask.key).await;
        if !self.may_land(ask, born) {
            return self.not_stored(ask.space, "all", Reason::Invalidated);
        }
        let condition =
            lease.as_ref().map_or(SetCondition::Always, |lease| SetCondition::IfLease(lease.token()));
        match self.replace(ask, value.cloned(), life, condition).await {
            Ok(Written::Kept) => self.lease_lost(ask, lease),
            Ok(_) => self.counters.add(ask.space, Count::Stored),
            Err(error) => tracing::warn!(%error, "a refreshed value was not stored in every tier"),
        }
    }

    /// Another process has removed, replaced or filled the key since the load began: what was loaded is stored nowhere.
    pub(in crate::engine) fn lease_lost(&self, ask: &Ask<'_>, lease: Option<Lease>) {
        lease.into_iter().for_each(Lease::spend);
        self.counters.add(ask.space, Count::Rejected);
        self.not_stored(ask.space, "all", Reason::LeaseLost);
    }

    /// What was loaded is not to be stored: a refresh removes what it was to replace, unless something newer came.
    pub(in crate::engine) async fn drop_older(&self, ask: &Ask<'_>, landed: Landed) {
        let (Landed::Over(born) | Landed::Replacing(born, _)) = landed else { return };
        if self.may_land(ask, born)
            && let Err(error) = self.invalidate(What::Key(ask.key)).await
        {
            tracing::warn!(%error, "a value that a refresh did not find any more was not removed everywhere");
        }
    }

    async fn land_new(
        &self,
        ask: &Ask<'_>,
        landed: Landed,
        (life, leader): (Life, Option<Leader>),
        value: Option<&Held>,
    ) {
        let gate = self.gate.land(ask.key).await;
        if !self.may_land(ask, landed.born()) {
            return self.not_stored(ask.space, "all", Reason::Invalidated);
        }
        let lease = leader.as_ref().and_then(|leader| leader.lease.as_ref());
        let over = lease.map_or(Over::Nothing, |lease| Over::Leased(lease.token()));
        let (far, leader, _gate) = match self.pack(ask, value, life, over).await {
            Ok(packed) => {
                let landable = Landable { packed, leader, gate };
                let Some(left) = self.fill_behind(ask, (landed, life), value, landable) else { return };
                (self.send(ask, left.packed).await, left.leader, left.gate)
            }
            Err(far) => (far, leader, gate),
        };
        self.land_near(ask, landed, (life, leader), value, &far);
    }

    /// Puts a value into the near tier that the byte tier was asked to take.
    fn land_near(
        &self,
        ask: &Ask<'_>,
        landed: Landed,
        (life, leader): (Life, Option<Leader>),
        value: Option<&Held>,
        far: &FarWrite,
    ) {
        let (_lead, lease) = Leader::split(leader);
        match far {
            FarWrite::Refused => {
                if let Landed::Replacing(..) = landed {
                    self.parts.near.remove(ask.key);
                }
                return self.lease_lost(ask, lease);
            }
            FarWrite::Stored(_) => lease.into_iter().for_each(Lease::spend),
            _ => drop(lease),
        }
        self.counters.add(ask.space, Count::Stored);
        let Some(born) = self.born_near(ask.key, &self.cells(ask), landed) else { return };
        let landing = Landing { born, life, stored_bytes: far.bytes(), only_here: !far.is_stored() };
        self.insert_near(ask, value.cloned(), landing);
    }

    /// What a value that has landed is born under; `None` when it was overtaken meanwhile.
    pub(in crate::engine) fn born_near(&self, key: &CacheKey, cells: &Cells, landed: Landed) -> Option<u64> {
        match landed {
            Landed::New(born, _) => Some(born),
            // Who reads the older value at this moment must not put it back.
            Landed::Replacing(born, _) | Landed::Over(born) => self.stamps.renew(key, cells, born),
        }
    }

    /// Puts an entry into the near tier that is stored now.
    pub(in crate::engine) fn insert_near(&self, ask: &Ask<'_>, value: Option<Held>, landing: Landing) {
        let times = self.times(ask, landing.life, self.kept(ask, value.is_none()), Duration::ZERO);
        self.keep_near(ask, value, landing, times);
    }

    /// The times of an entry of this age that has this life left and is kept for a window after it. A near copy is
    /// trusted for its own life or the near tier's bound, whichever ends first.
    pub(in crate::engine) fn times(
        &self,
        ask: &Ask<'_>,
        left: Life,
        window: Duration,
        age: Duration,
    ) -> Times {
        let now = self.parts.clock.tick();
        // What has a tag may be invalidated, though it never changes.
        let immutable = ask.space.policy.immutable && ask.tags.ids().is_empty();
        let bound = self.parts.near_ttl.filter(|_| !immutable && !ask.space.policy.local);
        let tokens_end = ask.tags.tokens.map_or(Tick::NEVER, |tokens| tokens.until);
        Times {
            created: now.before(age),
            trusted_until: now.after(bound.map_or(left, |bound| bound.min(left))).min(tokens_end),
            expires: now.after(left),
            kept_until: now.after(left.plus(window)),
        }
    }

    /// Puts an entry of any age into the near tier, unless it is sealed and nobody let it in there.
    pub(in crate::engine) fn keep_near(
        &self,
        ask: &Ask<'_>,
        value: Option<Held>,
        landing: Landing,
        times: Times,
    ) {
        if !self.may_keep_near(ask) {
            return;
        }
        // Absence is not refreshed: it ends soon, and mostly nobody asks again.
        let refresh_at = if value.is_some() { self.refresh_point(ask, &times) } else { Tick::NEVER };
        let beside = ask.validator.map_or(0, |validator| validator.as_str().len());
        let meta = NearMeta {
            fresh_until: times.trusted_until.min(refresh_at).min(self.unnoted_until(ask)),
            times,
            born: landing.born,
            cells: self.cells(ask),
            weight: weight(ask.key.near(), ask.values.size() + landing.stored_bytes + beside),
            negative: value.is_none(),
            only_here: landing.only_here,
            kind: ask.values.kind(),
        };
        let value = value.unwrap_or_else(|| Arc::new(()));
        self.put_near(ask.key, NearEntry { value, meta, validator: ask.validator.cloned() });
        if meta.negative {
            self.keep_budget(ask, meta.weight);
        }
    }

    /// Puts an entry into the near tier as it is.
    pub(in crate::engine) fn put_near(&self, key: &CacheKey, entry: NearEntry) {
        let mut evicted = |key: &CacheKey| self.counters.add_by_id(key.near().space(), Count::Evicted);
        let (cells, born) = (entry.meta.cells, entry.meta.born);
        self.parts.near.insert(key, entry, self.parts.clock.tick(), &mut evicted);
        // A pattern may have been invalidated by a thread that could not wait at the gate: it has no cell for a hit to see.
        if !self.stamps.may_land(key, &cells, born) {
            self.parts.near.remove(key);
            self.stamps.swept();
        }
    }

    /// Drives older absence out for a newer one.
    fn keep_budget(&self, ask: &Ask<'_>, weight: u32) {
        for key in self.absences.note(ask.key, weight) {
            if self.parts.near.entry(key.near()).is_some_and(|entry| entry.meta.negative) {
                self.parts.near.remove(&key);
            }
        }
    }
}

fn weight(key: &NearKey, value: usize) -> u32 {
    u32::try_from(key.weight() + size_of::<NearEntry>() + value).unwrap_or(u32::MAX)
}
