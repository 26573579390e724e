//! Looking into the tiers without running a loader. How stored bytes are read is in [`open`](crate::engine::look::open), how what was
//! found far is kept near in [`promote`](crate::engine::look::promote).

use bytes::Bytes;

use crate::engine::counters::Count;
use crate::engine::look::found::{Look, NEAR};
use crate::engine::renew::stale::Stale;
use crate::engine::serving::Serving;
use crate::engine::write::far_write::reason_of;
use crate::engine::{Ask, Engine, Found};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::port::backend::DeleteOptions;
use crate::port::near::HeldKind;
use crate::tier::Tier;

impl Engine {
    /// A miss of this tier.
    pub(super) fn nothing(&self, tier: &'static str, reason: Reason) -> Look {
        self.missed(tier, reason);
        Look::Nothing(reason)
    }

    /// A fresh entry of any tier. Fills the tiers above the one that had it with its own remaining life.
    ///
    /// # Errors
    /// Only when the manager fails closed and the tier cannot be asked.
    pub(super) async fn fetch(&self, ask: &Ask<'_>, born: u64) -> Result<Option<Found>> {
        match self.near(ask)? {
            Some(found) => Ok(Some(found)),
            None => self.look_far(ask, born).await.map(Look::fresh),
        }
    }

    /// What the near tier has, or else the byte tier that serves.
    ///
    /// # Errors
    /// As for its parts.
    pub(in crate::engine) async fn look_everywhere(&self, ask: &Ask<'_>, born: u64) -> Result<Look> {
        match self.look_near(ask)? {
            Look::Fresh(found) => Ok(Look::Fresh(found)),
            Look::Due(near) => Ok(match self.newer(ask, &near, born).await {
                Some(newer) => Look::Fresh(newer),
                None => Look::Due(near),
            }),
            Look::Nothing(near) => Ok(self.look_far(ask, born).await?.unless_absent(near)),
            Look::Stale(near) => Ok(match self.look_far(ask, born).await? {
                Look::Nothing(_) => Look::Stale(near),
                Look::Stale(far) if far.times.expires < near.times.expires => Look::Stale(near),
                newer => newer,
            }),
        }
    }

    /// What the byte tier that serves has.
    ///
    /// # Errors
    /// Only when the manager fails closed and the tier cannot be asked.
    pub(in crate::engine) async fn look_far(&self, ask: &Ask<'_>, born: u64) -> Result<Look> {
        self.check_sealing(ask)?;
        if !ask.leaves_the_process() || !self.parts.tiers.exist() || self.lacks_a_key(ask) {
            return Ok(Look::Nothing(Reason::Absent));
        }
        self.settle().await;
        if ask.key.is_foreign() {
            return Box::pin(self.look_far_foreign(ask, born)).await;
        }
        match self.serving() {
            Serving::Primary(tier) | Serving::Fallback(tier) => self.far(ask, tier, born).await,
            Serving::Nothing(reason) => self.nothing_served(ask, reason),
        }
    }

    /// A fresh near entry.
    ///
    /// # Errors
    /// `TypeMismatch` for a direct call that asks for another type than this process wrote.
    pub(in crate::engine) fn near(&self, ask: &Ask<'_>) -> Result<Option<Found>> {
        self.look_near(ask).map(Look::fresh)
    }

    /// What the near tier has.
    ///
    /// # Errors
    /// `TypeMismatch` for a direct call that asks for another type than this process wrote.
    pub(in crate::engine) fn look_near(&self, ask: &Ask<'_>) -> Result<Look> {
        let seen = self.stamps.born();
        let Some(entry) = self.parts.near.entry(ask.key.near()) else {
            return Ok(Look::Nothing(Reason::Absent));
        };
        let (meta, now) = (entry.meta, self.parts.clock.tick());
        if !self.stamps.valid(&meta.cells, meta.born) {
            return Ok(self.nothing(NEAR, Reason::Invalidated));
        }
        if !ask.tags.is_none() && !self.stamps.cover(&meta.cells, &ask.tags.ids()) {
            return Ok(self.nothing(NEAR, Reason::TagsDiffer));
        }
        let trusted = now < meta.times.trusted_until;
        let due = now >= meta.fresh_until && !(trusted && self.is_only_unnoted(ask, &meta));
        if !trusted {
            self.missed(NEAR, Reason::Expired);
        }
        if meta.negative {
            let age = now.since(meta.times.created);
            return Ok(if trusted {
                Look::Fresh(Found::new(None, NEAR, age))
            } else {
                Look::Nothing(Reason::Expired)
            });
        }
        let value = if ask.values.accept(&entry.value) {
            Some(entry.value)
        } else {
            ask.values.adopt(meta.kind, &entry.value)
        };
        match value {
            Some(value) if trusted && !due => {
                Ok(Look::Fresh(Found::new(Some(value), NEAR, now.since(meta.times.created))))
            }
            Some(value) => {
                let (cells, times) = (meta.cells, meta.times);
                let (born, validator) = (meta.born, entry.validator);
                let entry = Stale { value, tier: NEAR, born, seen, cells, times, validator };
                Ok(if trusted { Look::Due(entry) } else { Look::Stale(entry) })
            }
            None if trusted && ask.strict => Err(mismatch(ask, meta.kind)),
            None => Ok(Look::Nothing(if trusted { Reason::Undecodable } else { Reason::Expired })),
        }
    }

    async fn far(&self, ask: &Ask<'_>, tier: Tier<'_>, born: u64) -> Result<Look> {
        let (bytes, ()) = tokio::join!(tier.backend.get(ask.key), self.look_ahead(ask, tier));
        let bytes = match bytes {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                return Ok(self.nothing(tier.name, Reason::Absent));
            }
            Err(error) => return self.failed_read(ask, tier, error),
        };
        match self.open(ask, &bytes) {
            Ok(opened) => match self.vouch(ask, tier, opened.stamps()).await {
                Ok(Ok(tokens)) => Ok(self.promote(&ask.under(&tokens), tier, born, opened, &bytes).await),
                Ok(Err(reason)) => Ok(self.unreadable(ask, tier, reason, bytes).await),
                Err(error) => self.failed_read(ask, tier, error),
            },
            Err(Reason::Expired) => self.far_expired(ask, tier, born, &bytes).await,
            Err(reason) => Ok(self.unreadable(ask, tier, reason, bytes).await),
        }
    }

    async fn unreadable(&self, ask: &Ask<'_>, tier: Tier<'_>, reason: Reason, bytes: Bytes) -> Look {
        self.missed(tier.name, reason);
        if reason.heals() {
            self.heal(ask, tier, bytes).await;
        }
        Look::Nothing(reason)
    }

    async fn far_expired(&self, ask: &Ask<'_>, tier: Tier<'_>, born: u64, bytes: &Bytes) -> Result<Look> {
        self.missed(tier.name, Reason::Expired);
        let Some((mut stale, stamps)) = self.expired(ask, tier, born, bytes) else {
            return Ok(Look::Nothing(Reason::Expired));
        };
        let tokens = match self.vouch(ask, tier, &stamps).await {
            Ok(Ok(tokens)) => tokens,
            Ok(Err(reason)) => return Ok(Look::Nothing(reason)),
            Err(error) => return self.failed_read(ask, tier, error),
        };
        let ask = &ask.under(&tokens);
        stale.cells = self.cells(ask);
        self.promote_stale(ask, &stale, bytes.len()).await;
        Ok(Look::Stale(stale))
    }

    /// Removes bytes that nobody can read, but not what somebody else has stored since.
    pub(in crate::engine) async fn heal(&self, ask: &Ask<'_>, tier: Tier<'_>, bytes: Bytes) {
        if let Err(error) = tier.backend.delete(ask.key, DeleteOptions::if_unchanged(bytes)).await {
            self.tier_failed(tier, "delete", &error);
        }
    }

    pub(super) fn failed_read(&self, ask: &Ask<'_>, tier: Tier<'_>, error: Error) -> Result<Look> {
        self.tier_failed(tier, "get", &error);
        let nothing = self.nothing(tier.name, reason_of(&error));
        if self.fails_closed(ask) { Err(error) } else { Ok(nothing) }
    }

    pub(super) fn nothing_served(&self, ask: &Ask<'_>, reason: Reason) -> Result<Look> {
        self.unreachable(ask, reason).map(|()| Look::Nothing(reason))
    }

    /// No tier can be asked: a miss, or an error for those who fail closed.
    pub(in crate::engine) fn unreachable(&self, ask: &Ask<'_>, reason: Reason) -> Result<()> {
        self.missed(self.parts.tiers.primary().name, reason);
        if !self.fails_closed(ask) {
            return Ok(());
        }
        let primary = self.parts.tiers.primary().name;
        let what = match self.journal.refusals.why() {
            Some(why) => format!(
                "the {primary} tier is in quarantine: it refuses to be told what was invalidated: {why}"
            ),
            None => format!("the {primary} tier cannot be reached"),
        };
        Err(Error::new(ErrorKind::Unavailable, what)
            .with_fix("this manager fails closed: retry, or use FailMode::Open where a miss will do"))
    }

    /// The tiers, without a loader: what `get` and `peek` ask.
    ///
    /// # Errors
    /// Only when the manager fails closed.
    pub(crate) async fn read(&self, ask: &Ask<'_>) -> Result<Option<Found>> {
        let mut request = self.request(ask.space);
        if !self.is_enabled() {
            request.is(Count::Bypassed);
            return Ok(None);
        }
        let found = self.fetch(ask, self.stamps.born()).await;
        request.is(found.as_ref().ok().and_then(Option::as_ref).map_or(Count::Miss, Found::count));
        found
    }

    /// [`Engine::read`] where trouble is a miss.
    pub(crate) async fn peek(&self, ask: &Ask<'_>) -> Option<Found> {
        self.read(ask).await.unwrap_or_default()
    }
}

fn mismatch(ask: &Ask<'_>, held: &HeldKind) -> Error {
    let (held, asked) = ((held.name)(), (ask.values.kind().name)());
    Error::new(ErrorKind::TypeMismatch, format!("the key {} holds a `{held}`, not a `{asked}`", ask.key))
        .with_fix("ask for the type that was stored, or an `Arc` of it")
}
