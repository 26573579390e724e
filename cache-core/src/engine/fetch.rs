//! Looking into the tiers without running a loader.

use std::time::Duration;

use bytes::Bytes;

use super::counters::Count;
use super::far_write::reason_of;
use super::found::NEAR;
use super::land::Landing;
use super::serving::Serving;
use super::stale::Stale;
use super::{Ask, Engine, Found};
use crate::codec::{Stamp, peek};
use crate::entry::{Deadlines, Reason};
use crate::error::{Error, ErrorKind, Result};
use crate::key::MAX_TAGS;
use crate::policy::Use;
use crate::port::backend::{DeleteOptions, parse_counter};
use crate::port::near::{Held, HeldKind, NearEntry, Times};
use crate::tier::Tier;
use crate::time::Life;

/// What a look into the tiers found.
#[derive(Debug)]
pub(super) enum Look {
    /// A fresh entry.
    Fresh(Found),
    /// A fresh value that is to be refreshed before it expires.
    Due(Stale),
    /// A value that has expired, and may still be good for something.
    Stale(Stale),
    /// Nothing that may be served.
    Nothing,
}

impl Look {
    /// What may be served whatever the circumstances.
    pub(super) fn fresh(self) -> Option<Found> {
        match self {
            Self::Fresh(found) => Some(found),
            Self::Due(Stale { value, tier, .. }) => Some(Found::new(Some(value), tier, Duration::ZERO)),
            Self::Stale(_) | Self::Nothing => None,
        }
    }
}

impl Engine {
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
    pub(super) async fn look_everywhere(&self, ask: &Ask<'_>, born: u64) -> Result<Look> {
        match self.look_near(ask)? {
            Look::Fresh(found) => Ok(Look::Fresh(found)),
            Look::Due(near) => Ok(match self.newer(ask, &near, born).await {
                Some(newer) => Look::Fresh(newer),
                None => Look::Due(near),
            }),
            Look::Nothing => self.look_far(ask, born).await,
            Look::Stale(near) => Ok(match self.look_far(ask, born).await? {
                Look::Nothing => Look::Stale(near),
                Look::Stale(far) if far.times.expires < near.times.expires => Look::Stale(near),
                newer => newer,
            }),
        }
    }

    /// What the byte tier that serves has.
    ///
    /// # Errors
    /// Only when the manager fails closed and the tier cannot be asked.
    pub(super) async fn look_far(&self, ask: &Ask<'_>, born: u64) -> Result<Look> {
        self.check_sealing(ask)?;
        if !ask.leaves_the_process() || !self.parts.tiers.exist() || self.lacks_a_key(ask) {
            return Ok(Look::Nothing);
        }
        self.settle().await;
        match self.serving() {
            Serving::Primary(tier) | Serving::Fallback(tier) => self.far(ask, tier, born).await,
            Serving::Nothing(reason) => self.unreachable(ask, reason).map(|()| Look::Nothing),
        }
    }

    /// A fresh near entry.
    ///
    /// # Errors
    /// `TypeMismatch` for a direct call that asks for another type than this process wrote.
    pub(super) fn near(&self, ask: &Ask<'_>) -> Result<Option<Found>> {
        self.look_near(ask).map(Look::fresh)
    }

    /// What the near tier has.
    ///
    /// # Errors
    /// `TypeMismatch` for a direct call that asks for another type than this process wrote.
    pub(super) fn look_near(&self, ask: &Ask<'_>) -> Result<Look> {
        let seen = self.stamps.born();
        let Some(entry) = self.parts.near.entry(ask.key.near()) else {
            return Ok(Look::Nothing);
        };
        let (meta, now) = (entry.meta, self.parts.clock.tick());
        if !self.stamps.valid(&meta.cells, meta.born) {
            self.missed(NEAR, Reason::Invalidated);
            return Ok(Look::Nothing);
        }
        if !ask.tags.is_none() && !self.stamps.cover(&meta.cells, &ask.tags.ids()) {
            self.missed(NEAR, Reason::TagsDiffer);
            return Ok(Look::Nothing);
        }
        let (trusted, due) = (now < meta.times.trusted_until, now >= meta.fresh_until);
        if !trusted {
            self.missed(NEAR, Reason::Expired);
        }
        if meta.negative {
            let age = now.since(meta.times.created);
            return Ok(if trusted { Look::Fresh(Found::new(None, NEAR, age)) } else { Look::Nothing });
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
                let entry = Stale { value, tier: NEAR, born: meta.born, seen, cells, times };
                Ok(if trusted { Look::Due(entry) } else { Look::Stale(entry) })
            }
            None if trusted && ask.strict => Err(mismatch(ask, meta.kind)),
            None => Ok(Look::Nothing),
        }
    }

    async fn far(&self, ask: &Ask<'_>, tier: Tier<'_>, born: u64) -> Result<Look> {
        let (bytes, ()) = tokio::join!(tier.backend.get(ask.key), self.look_ahead(ask, tier));
        let bytes = match bytes {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.missed(tier.name, Reason::Absent);
                return Ok(Look::Nothing);
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
        Look::Nothing
    }

    async fn far_expired(&self, ask: &Ask<'_>, tier: Tier<'_>, born: u64, bytes: &Bytes) -> Result<Look> {
        self.missed(tier.name, Reason::Expired);
        let Some((mut stale, stamps)) = self.expired(ask, tier, born, bytes) else {
            return Ok(Look::Nothing);
        };
        let tokens = match self.vouch(ask, tier, &stamps).await {
            Ok(Ok(tokens)) => tokens,
            Ok(Err(_)) => return Ok(Look::Nothing),
            Err(error) => return self.failed_read(ask, tier, error),
        };
        let ask = &ask.under(&tokens);
        stale.cells = self.cells(ask);
        self.promote_stale(ask, &stale, bytes.len()).await;
        Ok(Look::Stale(stale))
    }

    /// The value of an expired frame, when it may still be good for something.
    fn expired(
        &self,
        ask: &Ask<'_>,
        tier: Tier<'_>,
        born: u64,
        bytes: &Bytes,
    ) -> Option<(Stale, Vec<Stamp>)> {
        let window = self.windows(ask).longest();
        let frame = self.parts.codec.open(self.far_place(ask).ok()?, ask.space.policy.schema, bytes).ok()?;
        if window.is_zero() || frame.is_negative() {
            return None;
        }
        let (deadlines, wall, now) = (frame.deadlines(), self.parts.clock.wall(), self.parts.clock.tick());
        let left = deadlines.kept_for(wall)?.min(Life::For(window));
        let times = Times {
            created: now.before(wall.since(deadlines.created)),
            trusted_until: now,
            expires: now.before(wall.since(deadlines.fresh_until)),
            kept_until: now.after(left),
        };
        let value = ask.values.decode(&frame).ok()?;
        let stale = Stale { value, tier: tier.name, born, seen: born, cells: self.cells(ask), times };
        Some((stale, frame.stamps().collect()))
    }

    /// Reads stored bytes: who wrote them, whether they are fresh, what they hold.
    pub(super) fn open(&self, ask: &Ask<'_>, bytes: &Bytes) -> Result<Opened, Reason> {
        let place = self.far_place(ask).map_err(|_| Reason::NoMasterKey)?;
        if let Some(counter) = parse_counter(bytes) {
            if self.seals(ask) {
                return Err(Reason::NotSealed);
            }
            return ask.values.of_counter(counter).map(Opened::Counter).ok_or(Reason::Undecodable);
        }
        let frame = self.parts.codec.open(place, ask.space.policy.schema, bytes)?;
        let left = frame
            .deadlines()
            .fresh_for(self.parts.clock.wall(), self.longest_life(ask))
            .ok_or(Reason::Expired)?;
        let stamps: Vec<Stamp> = frame.stamps().take(MAX_TAGS + 1).collect();
        if stamps.len() > MAX_TAGS {
            return Err(Reason::Bounds);
        }
        let value = if frame.is_negative() { None } else { Some(ask.values.decode(&frame)?) };
        Ok(Opened::Frame(value, left, bytes.len(), stamps))
    }

    async fn promote(&self, ask: &Ask<'_>, tier: Tier<'_>, born: u64, opened: Opened, bytes: &Bytes) -> Look {
        let _gate = self.gate.land(ask.key).await;
        self.admit(ask, tier, born, opened, bytes)
    }

    /// Puts a far entry into the near tier, unless it was invalidated while it was on its way: then it is none. The
    /// caller is in the key's gate.
    pub(super) fn admit(
        &self,
        ask: &Ask<'_>,
        tier: Tier<'_>,
        born: u64,
        opened: Opened,
        bytes: &Bytes,
    ) -> Look {
        let (value, left, stored_bytes) = match opened {
            Opened::Counter(value) => return Look::Fresh(Found::new(Some(value), tier.name, Duration::ZERO)),
            Opened::Frame(value, left, bytes, _) => (value, left, bytes),
        };
        let (age, window) = self.age_and_window(ask, value.is_none(), bytes);
        if !self.may_land(ask, born) {
            self.missed(tier.name, Reason::Invalidated);
            return Look::Nothing;
        }
        let times = self.times(ask, left, window, age);
        let landing = Landing { born, life: left, stored_bytes, only_here: false };
        self.keep_near(ask, value.clone(), landing, times);
        Look::Fresh(Found::new(value, tier.name, age))
    }

    /// How old a frame is that has been checked, and how long it is kept after its expiry: as long as its writer
    /// said, at most as long as this reader would.
    fn age_and_window(&self, ask: &Ask<'_>, negative: bool, bytes: &Bytes) -> (Duration, Duration) {
        let Some(Deadlines { created, fresh_until, stale_until }) =
            peek(bytes).map(|header| header.deadlines)
        else {
            return Default::default();
        };
        let window = stale_until.since(fresh_until).min(self.kept(ask, negative));
        (self.parts.clock.wall().since(created), window)
    }

    /// Keeps an expired far value near, so that the next caller finds it there; never over a newer one.
    async fn promote_stale(&self, ask: &Ask<'_>, stale: &Stale, stored_bytes: usize) {
        let _alone = self.gate.set(ask.key).await;
        let newer = |entry: NearEntry| stale.times.expires <= entry.meta.times.expires && self.holds(&entry);
        if self.good_for(ask, stale) == Use::Nothing
            || self.parts.near.entry(ask.key.near()).is_some_and(newer)
        {
            return;
        }
        let landing = Landing { born: stale.born, life: Life::Forever, stored_bytes, only_here: false };
        self.keep_near(ask, Some(stale.value.clone()), landing, stale.times);
    }

    /// Whether an entry was not invalidated.
    fn holds(&self, entry: &NearEntry) -> bool {
        self.stamps.valid(&entry.meta.cells, entry.meta.born)
    }

    /// Removes bytes that nobody can read, but not what somebody else has stored since.
    pub(super) async fn heal(&self, ask: &Ask<'_>, tier: Tier<'_>, bytes: Bytes) {
        if let Err(error) = tier.backend.delete(ask.key, DeleteOptions::if_unchanged(bytes)).await {
            self.tier_failed(tier, "delete", &error);
        }
    }

    fn failed_read(&self, ask: &Ask<'_>, tier: Tier<'_>, error: Error) -> Result<Look> {
        self.tier_failed(tier, "get", &error);
        self.missed(tier.name, reason_of(&error));
        if self.fails_closed(ask) { Err(error) } else { Ok(Look::Nothing) }
    }

    /// No tier can be asked: a miss, or an error for those who fail closed.
    pub(super) fn unreachable(&self, ask: &Ask<'_>, reason: Reason) -> Result<()> {
        self.missed(self.parts.tiers.primary().name, reason);
        if !self.fails_closed(ask) {
            return Ok(());
        }
        let primary = self.parts.tiers.primary().name;
        Err(Error::new(ErrorKind::Unavailable, format!("the {primary} tier cannot be reached"))
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

/// Bytes that could be read.
pub(super) enum Opened {
    /// A counter.
    Counter(Held),
    /// A value (or remembered absence), the life it has left, the bytes it is stored in, and its tags.
    Frame(Option<Held>, Life, usize, Vec<Stamp>),
}

impl Opened {
    /// The tags, with the tokens that they had.
    pub(super) fn stamps(&self) -> &[Stamp] {
        match self {
            Self::Counter(_) => &[],
            Self::Frame(.., stamps) => stamps,
        }
    }
}

fn mismatch(ask: &Ask<'_>, held: &HeldKind) -> Error {
    let (held, asked) = ((held.name)(), (ask.values.kind().name)());
    Error::new(ErrorKind::TypeMismatch, format!("the key {} holds a `{held}`, not a `{asked}`", ask.key))
        .with_fix("ask for the type that was stored, or an `Arc` of it")
}
