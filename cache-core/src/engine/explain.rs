//! What is known about one key at this moment, for people.
//!
//! Promise: it changes nothing. No count, no event, no recency in the near tier, no tier told or switched; it costs one
//! read of each byte tier that can be asked. Nothing about past reads is remembered: the reason is judged now, by the
//! rules of a read that would come now.

use std::time::Duration;

use bytes::Bytes;

use crate::codec::{self, Format, Stamp};
use crate::engine::Engine;
use crate::entry::Reason;
use crate::error::{Error, ErrorKind};
use crate::key::{CacheKey, MAX_TAGS};
use crate::port::backend::{Remaining, parse_counter};
use crate::port::near::NearEntry;
use crate::tier::Tier;
use crate::time::{Life, WallTime};

/// What is known about one key at this moment. `Display` prints a block; `{:#}` with the key in clear.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Explanation {
    /// The key that was asked about.
    pub key: CacheKey,
    /// What a read that comes now would get.
    pub outlook: Outlook,
    /// The tiers in the order in which a read asks them.
    pub tiers: Vec<TierReport>,
    /// Somebody is loading the key: a call that comes now would wait for it.
    pub loading: bool,
}

/// What a read that comes now would get.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outlook {
    /// An entry of this tier.
    ServedBy(&'static str),
    /// Nothing, and why.
    Miss(Reason),
}

/// What one tier holds under the key.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct TierReport {
    /// Which tier.
    pub tier: &'static str,
    /// Why a read gets nothing here; `None` when it does.
    pub reason: Option<Reason>,
    /// What is held, servable or not.
    pub entry: Option<EntryReport>,
}

/// What is known about a held entry.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct EntryReport {
    /// The value's type in the near tier; in a byte tier the format of the frame (`custom`: one of its
    /// owner's), or `counter`.
    pub kind: &'static str,
    /// It remembers that there is no value.
    pub negative: bool,
    /// How long ago it was stored, where that is known: of a counter it is not.
    pub age: Option<Duration>,
    /// How long it is still fresh; [`Remaining::Missing`] once it has expired.
    pub fresh_for: Remaining,
    /// Approximate bytes, key included in the near tier; the size of the frame in a byte tier.
    pub bytes: u64,
    /// Its tags, by the names that this process has met them under; those of a byte tier that it has not, by digits. Of
    /// more than four the near tier knows only three.
    pub tags: Vec<String>,
}

impl Engine {
    /// Explains a key.
    pub(crate) async fn explain(&self, key: &CacheKey) -> Explanation {
        let near = self.explain_near(key);
        let mut far = Vec::new();
        let has_primary = self.parts.tiers.exist();
        if has_primary {
            far.push(self.explain_far(key, self.parts.tiers.primary()).await);
        }
        let has_fallback = has_primary && self.parts.tiers.has_fallback();
        if has_fallback {
            far.push(self.explain_far(key, self.parts.tiers.fallback()).await);
        }
        let on_fallback = has_fallback && !self.parts.tiers.primary().backend.is_available();
        let asked = if on_fallback { far.last() } else { far.first() };
        let outlook = if self.is_enabled() { near.then(asked) } else { Outlook::Miss(Reason::Disabled) };
        let tiers = std::iter::once(near).chain(far).collect();
        Explanation { key: key.clone(), outlook, tiers, loading: self.flights.is_loading(key) }
    }

    fn explain_near(&self, key: &CacheKey) -> TierReport {
        let Some(entry) = self.parts.near.peek(key.near()) else {
            return TierReport::without("near", Reason::Absent);
        };
        let (now, times) = (self.parts.clock.tick(), entry.meta.times);
        let fresh_for = times.trusted_until.remaining(now);
        let reason = match fresh_for {
            None => Some(Reason::Expired),
            Some(_) => {
                let valid = self.stamps.valid(&entry.meta.cells, entry.meta.born);
                (!valid).then_some(Reason::Invalidated)
            }
        };
        TierReport {
            tier: "near",
            reason,
            entry: Some(EntryReport {
                tags: self.names_in(&entry.meta.cells),
                ..EntryReport::of_near(&entry, fresh_for, now.since(times.created))
            }),
        }
    }

    async fn explain_far(&self, key: &CacheKey, tier: Tier<'_>) -> TierReport {
        if !tier.backend.is_available() {
            return TierReport::without(tier.name, Reason::TierError);
        }
        let mut report = match tier.backend.get(key).await {
            Ok(Some(bytes)) => self.explain_bytes(key, tier, &bytes).await,
            Ok(None) => TierReport::without(tier.name, Reason::Absent),
            Err(error) => TierReport::without(tier.name, reason_of(&error)),
        };
        let is_primary = std::ptr::eq(tier.backend, self.parts.tiers.primary().backend);
        if is_primary && self.journal.is_pending() {
            report.reason = Some(Reason::Quarantined);
        }
        report
    }

    /// Bytes of another cache: how long they are kept only their store knows.
    async fn explain_foreign(&self, key: &CacheKey, tier: Tier<'_>, bytes: &Bytes) -> TierReport {
        if let Err(reason) = self.parts.codec.open(self.place_of(key, bytes), 0, bytes) {
            return TierReport::without(tier.name, reason);
        }
        let entry = EntryReport {
            kind: "cachekit",
            negative: false,
            age: None,
            fresh_for: tier.backend.ttl(key).await.unwrap_or(Remaining::Unknown),
            bytes: bytes.len() as u64,
            tags: Vec::new(),
        };
        TierReport { tier: tier.name, reason: None, entry: Some(entry) }
    }

    async fn explain_bytes(&self, key: &CacheKey, tier: Tier<'_>, bytes: &Bytes) -> TierReport {
        let size = bytes.len() as u64;
        if key.is_foreign() {
            return self.explain_foreign(key, tier, bytes).await;
        }
        if parse_counter(bytes).is_some() {
            let fresh_for = tier.backend.ttl(key).await.unwrap_or(Remaining::Unknown);
            let entry = EntryReport {
                kind: "counter",
                negative: false,
                age: None,
                fresh_for,
                bytes: size,
                tags: Vec::new(),
            };
            return TierReport { tier: tier.name, reason: None, entry: Some(entry) };
        }
        // The schema is whatever the writer's was: it is part of the key, and so of the frame's fingerprint.
        let schema = codec::peek(bytes).map_or(0, |header| header.schema);
        let frame = match self.parts.codec.open(self.place_of(key, bytes), schema, bytes) {
            Ok(frame) => frame,
            Err(reason) => return TierReport::without(tier.name, reason),
        };
        let (now, deadlines) = (self.parts.clock.wall(), frame.deadlines());
        let stamps: Vec<Stamp> = frame.stamps().take(MAX_TAGS).collect();
        let fresh_for = deadlines.fresh_until.remaining(now);
        let entry = EntryReport {
            kind: frame.header().format.map_or("custom", Format::name),
            negative: frame.is_negative(),
            age: Some(age(deadlines.created, now)),
            fresh_for: remaining(fresh_for),
            bytes: size,
            tags: self.names_of(&stamps),
        };
        let reason = match fresh_for {
            None => Some(Reason::Expired),
            Some(_) => match self.stand(tier, &stamps).await {
                Ok(stand) => (!stand).then_some(Reason::TagChanged),
                Err(error) => Some(reason_of(&error)),
            },
        };
        TierReport { tier: tier.name, reason, entry: Some(entry) }
    }
}

impl TierReport {
    fn without(tier: &'static str, reason: Reason) -> Self {
        Self { tier, reason: Some(reason), entry: None }
    }

    /// This tier answers, or the byte tier that is asked next. Of two reasons the one that says more is told: that an
    /// entry expired or was invalidated, rather than that the next tier has none.
    fn then(&self, far: Option<&Self>) -> Outlook {
        let Some(near) = self.reason else { return Outlook::ServedBy(self.tier) };
        match far.map(|far| (far.tier, far.reason)) {
            Some((tier, None)) => Outlook::ServedBy(tier),
            Some((_, Some(reason))) if reason != Reason::Absent => Outlook::Miss(reason),
            _ => Outlook::Miss(near),
        }
    }
}

impl EntryReport {
    fn of_near(entry: &NearEntry, fresh_for: Option<Life>, age: Duration) -> Self {
        Self {
            kind: (entry.meta.kind.name)(),
            negative: entry.meta.negative,
            age: Some(age),
            fresh_for: remaining(fresh_for),
            bytes: u64::from(entry.meta.weight),
            tags: Vec::new(),
        }
    }
}

fn age(created: WallTime, now: WallTime) -> Duration {
    Duration::from_millis(now.0.saturating_sub(created.0))
}

fn remaining(life: Option<Life>) -> Remaining {
    match life {
        None => Remaining::Missing,
        Some(life) => life.duration().map_or(Remaining::Forever, Remaining::For),
    }
}

fn reason_of(error: &Error) -> Reason {
    if error.kind() == ErrorKind::Timeout { Reason::TimedOut } else { Reason::TierError }
}
