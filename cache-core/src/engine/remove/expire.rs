//! Ending the freshness of an entry without removing it.
//!
//! Promise: from now on it is a miss like any expired entry, and a stale candidate within the windows that it was kept
//! for, in whatever tier it is; what was loaded before is not stored after. A tier that cannot be reached is told when it
//! is back, with the time of now. It is never left fresh: where its frame cannot be replaced only while it is unchanged
//! it is removed, as [`delete`](crate::engine::remove::invalidate) does, and so is what was abandoned half-way.

use bytes::Bytes;

use crate::codec::{expired, peek};
use crate::engine::remove::unfinished::Unfinished;
use crate::engine::serving::Serving;
use crate::engine::{Ask, Engine, What};
use crate::entry::Invalidated;
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::policy::FailMode;
use crate::port::backend::{DeleteOptions, Expiry, SetCondition, SetOptions, fingerprint};
use crate::port::near::{NearEntry, Times};
use crate::tier::Tier;
use crate::time::{Life, WallTime};

/// How often a frame may change while it is being expired.
const TRIES: usize = 3;

/// What was expired.
struct Ended {
    /// There was a near copy of what is in no byte tier.
    only_here: bool,
    near: bool,
    /// Whether the byte tier had it, or why it could not be told.
    far: Result<bool>,
}

impl Engine {
    /// Ends the freshness of an entry.
    ///
    /// # Errors
    /// Only when the manager fails closed and the primary cannot be told: it is told later all the same.
    pub(crate) async fn expire(&self, ask: &Ask<'_>) -> Result<Invalidated> {
        if !self.is_enabled() {
            return Ok(Invalidated::default());
        }
        self.settle().await;
        match self.expire_everywhere(ask).await {
            Some(Ended { near, far: Ok(far), .. }) => Ok(Invalidated::removed(u64::from(near || far))),
            Some(Ended { far: Err(error), .. }) if self.parts.fail_mode == FailMode::Closed => Err(error),
            Some(Ended { only_here, .. }) => {
                Ok(Invalidated { removed: u64::from(only_here), journalled: true })
            }
            None => self.invalidate(What::Key(ask.key)).await,
        }
    }

    /// `None` when it has to be removed instead.
    async fn expire_everywhere(&self, ask: &Ask<'_>) -> Option<Ended> {
        let _alone = self.gate.set(ask.key).await;
        let seen = self.stamps.born();
        let near = self.parts.near.entry(ask.key.near()).filter(|entry| self.is_alive(entry));
        let cells = near.as_ref().map_or_else(|| self.cells(ask), |entry| entry.meta.cells);
        // From here on nothing that was loaded before is stored.
        let begun = self.stamps.renew(ask.key, &cells, seen)?;
        let unfinished = Unfinished::owed(self, What::Key(ask.key));
        self.forget_loads(ask.key);
        let far = self.expire_far(ask).await;
        unfinished.finish();
        let far = far?;
        // Who read the far value while it was fresh does not keep it.
        let born = self.stamps.renew(ask.key, &cells, begun);
        self.parts.near.remove(ask.key);
        if let (Some(entry), Some(born)) = (&near, born) {
            self.keep_expired(ask, entry, born);
        }
        let only_here = near.as_ref().is_some_and(|entry| entry.meta.only_here);
        Some(Ended { only_here, near: near.is_some(), far })
    }

    /// Ends it in the byte tier that serves, and sees to it that no other one has it fresh.
    async fn expire_far(&self, ask: &Ask<'_>) -> Option<Result<bool>> {
        let (tiers, at) = (&self.parts.tiers, self.parts.clock.wall());
        if !tiers.exist() || ask.key.stays_here() {
            return Some(Ok(false));
        }
        let error = match self.serving() {
            Serving::Primary(tier) => {
                if tiers.has_fallback() {
                    self.remove_aside(ask.key).await;
                }
                match self.end_life(tier, ask.key, at).await {
                    Ok(ended) => return ended.map(Ok),
                    Err(error) => {
                        self.tier_failed(tier, "expire", &error);
                        error
                    }
                }
            }
            Serving::Fallback(tier) => {
                if !matches!(self.end_life(tier, ask.key, at).await, Ok(Some(_))) {
                    self.remove_aside(ask.key).await;
                }
                unreachable()
            }
            Serving::Nothing(_) => {
                tiers.owe_fallback();
                unreachable()
            }
        };
        self.journal.expired(ask.key, at);
        Some(Err(error))
    }

    /// Removes from the fallback.
    async fn remove_aside(&self, key: &CacheKey) {
        let fallback = self.parts.tiers.fallback();
        if let Err(error) = fallback.backend.delete(key, DeleteOptions::default()).await {
            self.tier_failed(fallback, "expire", &error);
            self.parts.tiers.owe_fallback();
        }
    }

    /// Ends the life of a frame at a time that may have passed. Whether it had not ended by itself before; `None` when
    /// the frame has to be removed instead.
    ///
    /// # Errors
    /// When the tier cannot be asked.
    pub(in crate::engine) async fn end_life(
        &self,
        tier: Tier<'_>,
        key: &CacheKey,
        at: WallTime,
    ) -> Result<Option<bool>> {
        if key.is_foreign() {
            return Ok(None);
        }
        for _ in 0..TRIES {
            let Some(bytes) = tier.backend.get(key).await? else {
                return self.end_leases(tier, key).await.map(|()| Some(false));
            };
            let has_ended = peek(&bytes).is_some_and(|header| header.deadlines.fresh_until <= at);
            let replaced = match has_ended {
                true if !self.parts.tiers.leased() => return Ok(Some(false)),
                // Replaced by itself, which ends the lease of whoever loads it.
                true => Some((bytes.clone(), unchanged(&bytes).expiring(Expiry::Keep))),
                false => self.ended(&bytes, at),
            };
            let Some((frame, options)) = replaced else { return Ok(None) };
            match tier.backend.set(key, frame, options).await {
                Ok(true) => return Ok(Some(!has_ended)),
                Ok(false) => {}
                Err(error) if error.kind() == ErrorKind::Unsupported => return Ok(None),
                Err(error) => return Err(error),
            }
        }
        Ok(None)
    }

    /// Nothing is held, but another process may be loading it.
    async fn end_leases(&self, tier: Tier<'_>, key: &CacheKey) -> Result<()> {
        if self.parts.tiers.leased() {
            tier.backend.delete(key, DeleteOptions::default()).await?;
        }
        Ok(())
    }

    /// The frame that replaces this one while it is unchanged; `None` when nothing is to be kept of it.
    fn ended(&self, older: &Bytes, at: WallTime) -> Option<(Bytes, SetOptions)> {
        let frame = expired(older, at)?;
        let kept = peek(&frame)?.deadlines.kept_for(self.parts.clock.wall())?;
        Some((frame, unchanged(older).expiring(kept)))
    }

    /// Keeps a near entry as what may answer stale.
    fn keep_expired(&self, ask: &Ask<'_>, entry: &NearEntry, born: u64) {
        let now = self.parts.clock.tick();
        let Times { created, expires, kept_until, .. } = entry.meta.times;
        let kept_until = kept_until.min(now.after(Life::For(kept_until.since(expires))));
        if kept_until <= now || entry.meta.negative {
            return;
        }
        let mut entry = entry.clone();
        entry.meta.times = Times { created, trusted_until: now, expires: now, kept_until };
        (entry.meta.fresh_until, entry.meta.born) = (now, born);
        self.put_near(ask.key, entry);
    }
}

fn unreachable() -> Error {
    Error::new(ErrorKind::Unavailable, "the primary tier cannot be reached").during("expire")
}

/// A set that takes place while this frame is there.
fn unchanged(older: &Bytes) -> SetOptions {
    SetOptions::default().when(SetCondition::IfUnchanged(fingerprint(older)))
}
