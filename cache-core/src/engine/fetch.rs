//! Looking into the tiers without running a loader.

use bytes::Bytes;

use super::counters::Count;
use super::land::{Landing, reason_of};
use super::serving::Serving;
use super::{Ask, Engine, Found};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::port::backend::{DeleteOptions, parse_counter};
use crate::port::near::{Held, HeldKind};
use crate::tier::Tier;
use crate::time::Life;

impl Engine {
    /// A fresh entry of any tier. Fills the tiers above the one that had it with its own remaining life.
    ///
    /// # Errors
    /// Only when the manager fails closed and the tier cannot be asked.
    pub(super) async fn fetch(&self, ask: &Ask<'_>, born: u64) -> Result<Option<Found>> {
        if let Some(found) = self.near(ask)? {
            return Ok(Some(found));
        }
        if !ask.leaves_the_process() || !self.parts.tiers.exist() {
            return Ok(None);
        }
        self.settle().await;
        match self.serving() {
            Serving::Primary(tier) | Serving::Fallback(tier) => self.far(ask, tier, born).await,
            Serving::Nothing(reason) => self.unreachable(ask, reason).map(|()| None),
        }
    }

    /// A fresh near entry.
    ///
    /// # Errors
    /// `TypeMismatch` for a direct call that asks for another type than this process wrote.
    pub(super) fn near(&self, ask: &Ask<'_>) -> Result<Option<Found>> {
        let Some(entry) = self.parts.near.entry(ask.key.near()) else { return Ok(None) };
        if self.parts.clock.tick() >= entry.meta.fresh_until {
            self.missed("near", Reason::Expired);
            return Ok(None);
        }
        if !self.stamps.valid(&entry.meta.cells, entry.meta.born) {
            self.missed("near", Reason::Invalidated);
            return Ok(None);
        }
        if entry.meta.negative {
            return Ok(Some(Found::Near(None)));
        }
        let value = if ask.values.accept(&entry.value) {
            Some(entry.value)
        } else {
            ask.values.adopt(entry.meta.kind, &entry.value)
        };
        match value {
            Some(value) => Ok(Some(Found::Near(Some(value)))),
            None if ask.strict => Err(mismatch(ask, entry.meta.kind)),
            None => Ok(None),
        }
    }

    async fn far(&self, ask: &Ask<'_>, tier: Tier<'_>, born: u64) -> Result<Option<Found>> {
        let bytes = match tier.backend.get(ask.key).await {
            Ok(Some(bytes)) => bytes,
            Ok(None) => {
                self.missed(tier.name, Reason::Absent);
                return Ok(None);
            }
            Err(error) => return self.failed_read(ask, tier, error),
        };
        match self.open(ask, &bytes) {
            Ok(opened) => Ok(self.promote(ask, tier, born, opened).await),
            Err(reason) => {
                self.missed(tier.name, reason);
                if reason.heals() {
                    self.heal(ask, tier, bytes).await;
                }
                Ok(None)
            }
        }
    }

    /// Reads stored bytes: who wrote them, whether they are fresh, what they hold.
    pub(super) fn open(&self, ask: &Ask<'_>, bytes: &Bytes) -> Result<Opened, Reason> {
        if let Some(counter) = parse_counter(bytes) {
            return ask.values.of_counter(counter).map(Opened::Counter).ok_or(Reason::Undecodable);
        }
        let frame = self.parts.codec.open(ask.key, ask.space.policy.schema, bytes)?;
        let left = frame
            .deadlines()
            .fresh_for(self.parts.clock.wall(), self.longest_life(ask))
            .ok_or(Reason::Expired)?;
        let value = if frame.is_negative() { None } else { Some(ask.values.decode(&frame)?) };
        Ok(Opened::Frame(value, left, bytes.len()))
    }

    /// Puts a far entry into the near tier, unless it was invalidated while it was on its way: then it is none.
    async fn promote(&self, ask: &Ask<'_>, tier: Tier<'_>, born: u64, opened: Opened) -> Option<Found> {
        let (value, left, stored_bytes) = match opened {
            Opened::Counter(value) => return Some(Found::Far(Some(value))),
            Opened::Frame(value, left, bytes) => (value, left, bytes),
        };
        let _gate = self.gate.land(ask.key).await;
        if !self.stamps.may_land(ask.key, &self.stamps.cells(ask.key), born) {
            self.missed(tier.name, Reason::Invalidated);
            return None;
        }
        self.insert_near(ask, value.clone(), Landing { born, life: left, stored_bytes, only_here: false });
        Some(Found::Far(value))
    }

    /// Removes bytes that nobody can read, but not what somebody else has stored since.
    async fn heal(&self, ask: &Ask<'_>, tier: Tier<'_>, bytes: Bytes) {
        if let Err(error) = tier.backend.delete(ask.key, DeleteOptions::if_unchanged(bytes)).await {
            self.tier_failed(tier, "delete", &error);
        }
    }

    fn failed_read(&self, ask: &Ask<'_>, tier: Tier<'_>, error: Error) -> Result<Option<Found>> {
        self.tier_failed(tier, "get", &error);
        self.missed(tier.name, reason_of(&error));
        if self.fails_closed(ask) { Err(error) } else { Ok(None) }
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
        if !self.is_enabled() {
            self.counters.add(ask.space, Count::Bypassed);
            return Ok(None);
        }
        let found = self.fetch(ask, self.stamps.born()).await;
        self.counters.add(ask.space, count_of(found.as_ref().ok().and_then(Option::as_ref)));
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
    /// A value (or remembered absence), the life it has left, and the bytes it is stored in.
    Frame(Option<Held>, Life, usize),
}

/// What kind of answer this is.
pub(super) fn count_of(found: Option<&Found>) -> Count {
    match found {
        Some(Found::Near(Some(_))) => Count::NearHit,
        Some(Found::Far(Some(_))) => Count::FarHit,
        Some(_) => Count::Negative,
        None => Count::Miss,
    }
}

fn mismatch(ask: &Ask<'_>, held: &HeldKind) -> Error {
    let (held, asked) = ((held.name)(), (ask.values.kind().name)());
    Error::new(ErrorKind::TypeMismatch, format!("the key {} holds a `{held}`, not a `{asked}`", ask.key))
        .with_fix("ask for the type that was stored, or an `Arc` of it")
}
