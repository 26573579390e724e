//! Landing: storing what was loaded, unless it was invalidated meanwhile.

use std::sync::{Arc, Once};

use bytes::Bytes;

use super::counters::Count;
use super::serving::Serving;
use super::{Ask, Engine, What};
use crate::codec::Envelope;
use crate::entry::{Deadlines, Reason};
use crate::error::{Error, ErrorKind, Result};
use crate::key::{CacheKey, NearKey, SpaceId};
use crate::port::backend::{DeleteOptions, SetCondition, SetOptions};
use crate::port::near::{Held, NearEntry, NearMeta};
use crate::time::{Life, Ttl};

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

/// What became of a far write.
#[derive(Debug, Clone)]
pub(super) enum FarWrite {
    /// There is no byte tier for it.
    NotAsked,
    /// Stored, with so many bytes.
    Stored(usize),
    /// Stored in the fallback, with so many bytes: the primary may hold an older value.
    Aside(usize),
    /// The condition did not hold.
    Refused,
    /// Not stored; nothing older is left either, or it is journalled.
    Failed(Reason, Error),
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
            return self.not_stored(ask.space, "all", Reason::Disabled);
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
            return self.not_stored(ask.space, "all", Reason::Invalidated);
        }
        self.counters.add(ask.space, Count::Stored);
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
            return self.not_stored(ask.space, "all", Reason::Invalidated);
        }
        let far = self.write_far(ask, value, life, SetOptions::default()).await;
        self.counters.add(ask.space, Count::Stored);
        self.insert_near(
            ask,
            value.cloned(),
            Landing { born, life, stored_bytes: far.bytes(), only_here: !far.is_stored() },
        );
    }

    /// How long a value of this question is to live: its ttl, spread.
    ///
    /// # Errors
    /// `Ttl` when it is zero.
    pub(super) fn life(&self, ask: &Ask<'_>, negative: bool) -> Result<Life> {
        let life = self.exact_life(ask, negative)?;
        Ok(self.parts.jitter.spread(life, ask.space.policy.jitter))
    }

    /// The longest life that an entry of this question can have been given.
    pub(super) fn longest_life(&self, ask: &Ask<'_>) -> Life {
        match ask.ttl {
            Ttl::Default if ask.space.name.id() == SpaceId::DIRECT || ask.space.policy.varied => {
                Life::Forever
            }
            _ => self
                .exact_life(ask, false)
                .map_or(Life::Forever, |life| self.parts.jitter.longest(life, ask.space.policy.jitter)),
        }
    }

    pub(super) fn exact_life(&self, ask: &Ask<'_>, negative: bool) -> Result<Life> {
        let policy = &ask.space.policy;
        let life = policy.ttl.resolve(self.parts.default_ttl)?;
        match policy.negative_ttl {
            Some(ttl) if negative => ttl.resolve(life),
            _ => ask.ttl.resolve(life),
        }
    }

    /// Encodes once and writes to the byte tier that serves. Whatever goes wrong, no older value is left: the
    /// tier has removed it, or its removal is journalled.
    pub(super) async fn write_far(
        &self,
        ask: &Ask<'_>,
        value: Option<&Held>,
        life: Life,
        options: SetOptions,
    ) -> FarWrite {
        if !ask.leaves_the_process() || !self.parts.tiers.exist() {
            self.say_that_it_stays(ask);
            return FarWrite::NotAsked;
        }
        match self.encode(ask, value, life) {
            Ok(frame) => self.send(ask, frame, options.expiring(life)).await,
            Err(error) => {
                self.remove_older(ask).await;
                let reason = reason_of(&error);
                self.not_stored(ask.space, "far", reason);
                FarWrite::Failed(reason, error)
            }
        }
    }

    /// A byte tier is there, but the key means nothing in it. Said loudly once: somebody expects it to be shared.
    fn say_that_it_stays(&self, ask: &Ask<'_>) {
        static ONCE: Once = Once::new();
        if !ask.key.stays_here() || !self.parts.tiers.exist() || !ask.values.are_stored() {
            return;
        }
        self.not_stored(ask.space, "far", Reason::NoKeySecret);
        ONCE.call_once(|| {
            tracing::error!(
                "a sensitive part of a key needs the manager's key secret to leave this process: such entries stay in \
                 the near tier; set CACHE_KEY_SECRET or call Builder::key_secret"
            );
        });
    }

    fn encode(&self, ask: &Ask<'_>, value: Option<&Held>, life: Life) -> Result<Bytes> {
        let policy = &ask.space.policy;
        let envelope = Envelope {
            schema: policy.schema,
            deadlines: Deadlines::starting(self.parts.clock.wall(), life),
            version: self.parts.clock.wall().0,
            immutable: policy.immutable,
        };
        ask.values.encode(&self.parts.codec, ask.key, value, policy.format, &envelope)
    }

    async fn send(&self, ask: &Ask<'_>, frame: Bytes, options: SetOptions) -> FarWrite {
        let bytes = frame.len();
        let (tier, aside) = match self.serving() {
            Serving::Primary(tier) => (tier, false),
            Serving::Fallback(tier) => (tier, true),
            Serving::Nothing(reason) => {
                self.journal.key(ask.key);
                self.not_stored(ask.space, self.parts.tiers.primary().name, reason);
                let error =
                    Error::new(ErrorKind::Unavailable, "the primary tier cannot be reached").during("set");
                return FarWrite::Failed(reason, error);
            }
        };
        match tier.backend.set(ask.key, frame, options).await {
            Ok(true) if aside => FarWrite::Aside(bytes),
            Ok(true) => FarWrite::Stored(bytes),
            Ok(false) => FarWrite::Refused,
            Err(error) => {
                if error.kind() != ErrorKind::TooLarge {
                    self.tier_failed(tier, "set", &error);
                }
                if aside || error.kind() != ErrorKind::TooLarge {
                    self.journal.key(ask.key);
                }
                let reason = reason_of(&error);
                self.not_stored(ask.space, tier.name, reason);
                FarWrite::Failed(reason, error)
            }
        }
    }

    async fn remove_older(&self, ask: &Ask<'_>) {
        let serving = self.serving();
        if !matches!(serving, Serving::Primary(_)) {
            self.journal.key(ask.key);
        }
        if let Serving::Primary(tier) | Serving::Fallback(tier) = serving
            && let Err(error) = tier.backend.delete(ask.key, DeleteOptions::default()).await
        {
            self.tier_failed(tier, "delete", &error);
            self.journal.key(ask.key);
        }
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
        let mut evicted = |key: &CacheKey| self.counters.add_by_id(key.near().space(), Count::Evicted);
        self.parts.near.insert(ask.key, NearEntry { value, meta }, now, &mut evicted);
        // A pattern may have been invalidated by a thread that could not wait at the gate: it has no cell for a hit to see.
        if !self.stamps.may_land(ask.key, &meta.cells, landing.born) {
            self.parts.near.remove(ask.key);
        }
    }
}

impl FarWrite {
    pub(super) fn is_stored(&self) -> bool {
        matches!(self, Self::Stored(_) | Self::Aside(_))
    }

    pub(super) fn bytes(&self) -> usize {
        if let Self::Stored(bytes) | Self::Aside(bytes) = self { *bytes } else { 0 }
    }
}

pub(super) fn reason_of(error: &Error) -> Reason {
    match error.kind() {
        ErrorKind::TooLarge => Reason::TooLarge,
        ErrorKind::Encode => Reason::Unencodable,
        ErrorKind::Timeout => Reason::TimedOut,
        ErrorKind::Overloaded => Reason::Overloaded,
        _ => Reason::TierError,
    }
}

fn weight(key: &NearKey, value: usize) -> u32 {
    u32::try_from(key.weight() + size_of::<NearEntry>() + value).unwrap_or(u32::MAX)
}
