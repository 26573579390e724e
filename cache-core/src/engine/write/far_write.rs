//! Writing to the byte tier that serves.
//!
//! Promise: a value is encoded once; whatever goes wrong, no older value is left: the tier has removed it, or its
//! removal is journalled.

use std::sync::Once;

use bytes::Bytes;

use crate::codec::{Beside, Envelope};
use crate::engine::serving::Serving;
use crate::engine::write::over::Over;
use crate::engine::{Ask, Engine};
use crate::entry::{Deadlines, Reason};
use crate::error::{Error, ErrorKind, Result};
use crate::port::backend::{DeleteOptions, SetOptions};
use crate::port::near::Held;
use crate::tier::Tier;
use crate::time::Life;

/// What became of a far write.
#[derive(Debug, Clone)]
pub(in crate::engine) enum FarWrite {
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

/// A frame for the byte tier, and what it goes over there.
#[derive(Debug)]
pub(in crate::engine) struct Packed {
    pub(in crate::engine) frame: Bytes,
    pub(in crate::engine) options: SetOptions,
    pub(in crate::engine) over: Over,
}

impl Packed {
    /// The options for the primary, or for the fallback.
    pub(in crate::engine) fn options_of(&self, aside: bool) -> SetOptions {
        if aside { Over::aside(self.options) } else { self.options }
    }
}

impl Engine {
    /// Encodes once and writes to the byte tier that serves. Whatever goes wrong, no older value is left: the
    /// tier has removed it, or its removal is journalled.
    pub(in crate::engine) async fn write_far(
        &self,
        ask: &Ask<'_>,
        value: Option<&Held>,
        life: Life,
        over: Over,
    ) -> FarWrite {
        match self.pack(ask, value, life, over).await {
            Ok(packed) => self.send(ask, packed).await,
            Err(far) => far,
        }
    }

    /// What is to be sent to the byte tier; `Err` when nothing is.
    pub(in crate::engine) async fn pack(
        &self,
        ask: &Ask<'_>,
        value: Option<&Held>,
        life: Life,
        over: Over,
    ) -> Result<Packed, FarWrite> {
        if !ask.leaves_the_process() || !self.parts.tiers.exist() {
            self.say_that_it_stays(ask);
            return Err(FarWrite::NotAsked);
        }
        if self.lacks_a_key(ask) {
            return Err(self.unsealable(ask, over).await);
        }
        if ask.key.is_foreign() && !matches!(self.serving(), Serving::Primary(_)) {
            return Err(self.foreign_unreachable(ask));
        }
        if let Some((reason, error)) = ask.tags.tokens.and_then(|tokens| tokens.trouble.clone()) {
            return Err(self.untold(ask, reason, error).await);
        }
        match self.encode(ask, value, life) {
            Ok(frame) => {
                let kept = life.plus(self.kept(ask, value.is_none()));
                Ok(Packed { frame, options: over.options().expiring(kept), over })
            }
            Err(error) => Err(self.unencodable(ask, error).await),
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

    /// A value that has no frame leaves no older one.
    pub(in crate::engine) async fn unencodable(&self, ask: &Ask<'_>, error: Error) -> FarWrite {
        self.untold(ask, reason_of(&error), error).await
    }

    /// The byte tiers get no frame of the value, and keep no older one.
    pub(in crate::engine) async fn untold(&self, ask: &Ask<'_>, reason: Reason, error: Error) -> FarWrite {
        self.remove_older(ask).await;
        self.not_stored(ask.space, "far", reason);
        FarWrite::Failed(reason, error)
    }

    pub(in crate::engine) fn encode(&self, ask: &Ask<'_>, value: Option<&Held>, life: Life) -> Result<Bytes> {
        let policy = &ask.space.policy;
        let envelope = Envelope {
            schema: policy.schema,
            deadlines: Deadlines::starting(self.parts.clock.wall(), life)
                .stale_for(self.kept(ask, value.is_none())),
            version: self.parts.clock.wall().0,
            immutable: policy.immutable,
        };
        let stamps = ask.tags.tokens.map_or(&[][..], |tokens| &tokens.stamps);
        let beside = Beside { stamps, validator: ask.validator };
        ask.values.encode(&self.parts.codec, self.far_place(ask)?, value, policy.format, &envelope, beside)
    }

    pub(in crate::engine) async fn send(&self, ask: &Ask<'_>, packed: Packed) -> FarWrite {
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
        let taken = tier.backend.set(ask.key, packed.frame.clone(), packed.options_of(aside)).await;
        self.sent(ask, (tier, aside), &packed, taken)
    }

    /// What a tier answered to what was sent; `aside` when it was the fallback.
    pub(in crate::engine) fn sent(
        &self,
        ask: &Ask<'_>,
        (tier, aside): (Tier<'_>, bool),
        packed: &Packed,
        taken: Result<bool>,
    ) -> FarWrite {
        let error = match taken {
            Ok(taken) => return FarWrite::of(packed.frame.len(), taken, aside),
            Err(error) => error,
        };
        if error.kind() != ErrorKind::TooLarge {
            self.tier_failed(tier, "set", &error);
        }
        if aside || packed.over.leaves_older(&error) {
            self.journal.key(ask.key);
        }
        if aside && error.kind() != ErrorKind::TooLarge {
            self.parts.tiers.owe_fallback();
        }
        let reason = reason_of(&error);
        self.not_stored(ask.space, tier.name, reason);
        FarWrite::Failed(reason, error)
    }

    pub(in crate::engine) async fn remove_older(&self, ask: &Ask<'_>) {
        let serving = self.serving();
        if !matches!(serving, Serving::Primary(_)) {
            self.journal.key(ask.key);
        }
        if let Serving::Primary(tier) | Serving::Fallback(tier) = serving
            && let Err(error) = tier.backend.delete(ask.key, DeleteOptions::default()).await
        {
            self.tier_failed(tier, "delete", &error);
            self.journal.key(ask.key);
            self.parts.tiers.owe_fallback();
        }
    }
}

impl FarWrite {
    /// What a tier answered to so many bytes; `aside` when it was the fallback.
    pub(in crate::engine) fn of(bytes: usize, taken: bool, aside: bool) -> Self {
        match (taken, aside) {
            (true, true) => Self::Aside(bytes),
            (true, false) => Self::Stored(bytes),
            (false, _) => Self::Refused,
        }
    }

    pub(in crate::engine) fn is_stored(&self) -> bool {
        matches!(self, Self::Stored(_) | Self::Aside(_))
    }

    pub(in crate::engine) fn bytes(&self) -> usize {
        if let Self::Stored(bytes) | Self::Aside(bytes) = self { *bytes } else { 0 }
    }
}

pub(in crate::engine) fn reason_of(error: &Error) -> Reason {
    match error.kind() {
        ErrorKind::TooLarge => Reason::TooLarge,
        ErrorKind::Encode => Reason::Unencodable,
        ErrorKind::Timeout => Reason::TimedOut,
        ErrorKind::Overloaded => Reason::Overloaded,
        _ => Reason::TierError,
    }
}
