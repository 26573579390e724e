//! Markers: reading them, making those that are missing, removing them.
//!
//! A marker is the sixteen bytes of its token. It is made only where none is, with a token that was never used, so
//! whoever finds one knows that it stood there ever since it was made. It outlives the entries that carry it by far;
//! one that ends or is evicted all the same costs misses.

use std::time::Duration;

use bytes::Bytes;

use super::known::{Known, Token};
use crate::chance::new_token;
use crate::codec::Stamp;
use crate::engine::Engine;
use crate::error::{ErrorKind, Result};
use crate::key::{CacheKey, KeyPattern, TagId};
use crate::port::backend::{DeleteOptions, SetCondition, SetOptions};
use crate::tier::Tier;
use crate::time::Life;

/// How long a marker is kept at least.
const KEPT: Duration = Duration::from_secs(7 * 24 * 60 * 60);
/// A marker is kept so many times the life of the entry that it is made for.
const TIMES: u32 = 4;

/// What is read of a tag, and when.
pub(super) type Read = Option<Token>;

impl Engine {
    /// What this process remembers of a tier.
    pub(super) fn known(&self, tier: Tier<'_>) -> &Known {
        let [primary, fallback] = &self.tagging.known;
        if std::ptr::eq(tier.backend, self.parts.tiers.fallback().backend) { fallback } else { primary }
    }

    /// Reads markers. Those that are not there are made, when it is said for entries of which life.
    pub(super) async fn read_markers(
        &self,
        tier: Tier<'_>,
        tags: &[TagId],
        make: Option<Life>,
    ) -> Result<Vec<Read>> {
        if tags.is_empty() {
            return Ok(Vec::new());
        }
        let (seen, began) = (self.stamps.born(), self.parts.clock.tick());
        let keys: Vec<CacheKey> = tags.iter().map(|tag| tag.marker(&self.parts.namespace)).collect();
        let mut tokens = self.tokens_of(tier, &keys).await?;
        if let Some(life) = make
            && tokens.iter().any(Option::is_none)
        {
            self.make_markers(tier, &keys, &mut tokens, life).await?;
        }
        let now = self.stamps.next();
        let note = |(tag, token): (&TagId, Option<u128>)| {
            let holds = || self.stamps.tag_holds(*tag, seen);
            self.known(tier).note(*tag, token.map(|token| (token, began)), now, holds)
        };
        Ok(tags.iter().zip(tokens).map(note).collect())
    }

    async fn tokens_of(&self, tier: Tier<'_>, keys: &[CacheKey]) -> Result<Vec<Option<u128>>> {
        let mut markers = tier.backend.get_many(keys).await?;
        markers.resize(keys.len(), None);
        for (key, marker) in keys.iter().zip(&mut markers) {
            // What is no marker stands where one has to be made.
            if let Some(bytes) = marker.take_if(|marker| token(marker).is_none()) {
                tier.backend.delete(key, DeleteOptions::if_unchanged(bytes)).await?;
            }
        }
        Ok(markers.iter().map(|marker| marker.as_ref().and_then(token)).collect())
    }

    /// Makes the markers that are missing; where somebody else was faster, the token is theirs.
    async fn make_markers(
        &self,
        tier: Tier<'_>,
        keys: &[CacheKey],
        tokens: &mut [Option<u128>],
        life: Life,
    ) -> Result<()> {
        let options = SetOptions::default().expiring(kept(life)).when(SetCondition::IfAbsent);
        let missing =
            || keys.iter().zip(tokens.iter()).filter(|(_, token)| token.is_none()).map(|(key, _)| key);
        let made: Vec<(CacheKey, u128)> = missing().map(|key| (key.clone(), new_token())).collect();
        let entries = made.iter().map(|(key, token)| (key.clone(), marker(*token), options)).collect();
        let taken = tier.backend.set_many(entries).await?;
        let refused = taken.iter().any(|taken| !taken);
        let theirs = if refused { self.tokens_of(tier, keys).await? } else { Vec::new() };
        let mut made = made.into_iter().zip(taken.into_iter().chain(std::iter::repeat(false)));
        for (at, slot) in tokens.iter_mut().enumerate().filter(|(_, slot)| slot.is_none()) {
            *slot = match made.next() {
                Some(((_, token), true)) => Some(token),
                _ => theirs.get(at).copied().flatten(),
            };
        }
        Ok(())
    }

    /// Whether these tokens stand in a tier. Changes nothing.
    pub(in crate::engine) async fn stand(&self, tier: Tier<'_>, stamps: &[Stamp]) -> Result<bool> {
        if stamps.is_empty() {
            return Ok(true);
        }
        let keys: Vec<_> = stamps.iter().map(|stamp| stamp.tag.marker(&self.parts.namespace)).collect();
        let markers = tier.backend.get_many(&keys).await?;
        let is =
            |(stamp, marker): (&Stamp, &Option<Bytes>)| marker.as_ref().and_then(token) == Some(stamp.token);
        Ok(markers.len() == stamps.len() && stamps.iter().zip(&markers).all(is))
    }

    /// The keys of markers that an invalidation removes: first that of all tags, which goes by itself. Whoever makes a
    /// marker anew after it was removed, and looks for that of all tags then, does not find it any more.
    pub(in crate::engine) fn markers(&self, tags: &[TagId]) -> (CacheKey, Vec<CacheKey>) {
        let marker = |tag: &TagId| tag.marker(&self.parts.namespace);
        (marker(&TagId::ANY), tags.iter().map(marker).collect())
    }

    /// Removes markers from a tier.
    pub(in crate::engine) async fn remove_markers(&self, tier: Tier<'_>, tags: &[TagId]) -> Result<()> {
        let (any, markers) = self.markers(tags);
        tier.backend.delete(&any, DeleteOptions::default()).await?;
        tier.backend.delete_many(&markers).await.map(drop)
    }

    /// Removes everything of the namespace from a tier, markers too: what is on its way there from another process
    /// carries them. Counts the data.
    pub(in crate::engine) async fn clear_tier(&self, tier: Tier<'_>) -> Result<u64> {
        let removed = tier.backend.clear(&self.parts.namespace).await?;
        self.known(tier).forget_all();
        match tier.backend.delete_pattern(&KeyPattern::of_tokens(&self.parts.namespace)).await {
            Err(error) if error.kind() != ErrorKind::Unsupported => Err(error),
            _ => Ok(removed),
        }
    }
}

/// How long a marker is kept that is made for an entry of this life.
fn kept(life: Life) -> Life {
    match life {
        Life::Forever => Life::Forever,
        Life::For(life) => Life::For(KEPT.max(life.saturating_mul(TIMES))),
    }
}

fn marker(token: u128) -> Bytes {
    Bytes::copy_from_slice(&token.to_le_bytes())
}

fn token(marker: &Bytes) -> Option<u128> {
    marker.as_ref().try_into().ok().map(u128::from_le_bytes)
}
