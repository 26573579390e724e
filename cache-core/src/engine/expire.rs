//! Ending the freshness of an entry without removing it.
//!
//! Promise: from now on it is a miss like any expired entry, and a stale candidate within the windows that it was kept
//! for; what was loaded before is not stored after. Where that cannot be had safely it is removed, as
//! [`delete`](super::invalidate) does: in a byte tier that cannot replace a frame only while it is unchanged, and
//! while the primary cannot be reached.

use bytes::Bytes;

use super::serving::Serving;
use super::{Ask, Engine, What};
use crate::codec::expired;
use crate::entry::Invalidated;
use crate::error::Result;
use crate::port::backend::{SetCondition, SetOptions, fingerprint};
use crate::port::near::{NearEntry, Times};
use crate::tier::Tier;
use crate::time::Life;

/// How often a frame may change while it is being expired.
const TRIES: usize = 3;

impl Engine {
    /// Ends the freshness of an entry.
    ///
    /// # Errors
    /// Only when the manager fails closed and the primary cannot be told.
    pub(crate) async fn expire(&self, ask: &Ask<'_>) -> Result<Invalidated> {
        if !self.is_enabled() {
            return Ok(Invalidated::default());
        }
        match self.expire_everywhere(ask).await {
            Some(found) => Ok(Invalidated::removed(u64::from(found))),
            None => self.invalidate(What::Key(ask.key)).await,
        }
    }

    /// Whether there was an entry; `None` when it has to be removed instead.
    async fn expire_everywhere(&self, ask: &Ask<'_>) -> Option<bool> {
        self.settle().await;
        let tiers = &self.parts.tiers;
        let _alone = self.gate.set(ask.key).await;
        let seen = self.stamps.born();
        let near = self.parts.near.entry(ask.key.near()).filter(|entry| self.is_alive(entry));
        let cells = near.as_ref().map_or_else(|| self.cells(ask), |entry| entry.meta.cells);
        // From here on nothing that was loaded before is stored.
        let begun = self.stamps.renew(ask.key, &cells, seen)?;
        self.forget_loads(ask.key);
        let far = match self.serving() {
            _ if !tiers.exist() => false,
            Serving::Primary(tier) if !tiers.has_fallback() => self.expire_far(ask, tier).await?,
            _ => return None,
        };
        // Who read the far value while it was fresh does not keep it.
        let born = self.stamps.renew(ask.key, &cells, begun);
        self.parts.near.remove(ask.key);
        if let (Some(entry), Some(born)) = (&near, born) {
            self.keep_expired(ask, entry, born);
        }
        Some(far || near.is_some())
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

    /// Whether the tier had an entry; `None` when it could not be expired.
    async fn expire_far(&self, ask: &Ask<'_>, tier: Tier<'_>) -> Option<bool> {
        for _ in 0..TRIES {
            let Some(bytes) = tier.backend.get(ask.key).await.ok()? else { return Some(false) };
            let frame = expired(&bytes, self.parts.clock.wall())?;
            if self.replace_far(ask, tier, &bytes, frame).await? {
                return Some(true);
            }
        }
        None
    }

    async fn replace_far(&self, ask: &Ask<'_>, tier: Tier<'_>, older: &Bytes, frame: Bytes) -> Option<bool> {
        let kept = crate::codec::peek(&frame)?.deadlines.kept_for(self.parts.clock.wall())?;
        let unchanged = SetCondition::IfUnchanged(fingerprint(older));
        tier.backend.set(ask.key, frame, SetOptions::default().expiring(kept).when(unchanged)).await.ok()
    }
}
