//! Removing entries, so that nothing computed before comes back.
//!
//! Order: overtake (bump the stamps, forget the flights), pass the gate (landings that had looked at the
//! stamps finish), remove near and far, overtake again (a load that began in between may have read the old
//! far value).

use crate::engine::Engine;
use crate::engine::remove::unfinished::Unfinished;
use crate::engine::serving::Serving;
use crate::entry::Invalidated;
use crate::error::{Error, ErrorKind, Result};
use crate::key::{CacheKey, KeyPattern, SpaceName, TagId};
use crate::port::backend::DeleteOptions;
use crate::port::near::NearEntry;
use crate::stamp::Scope;
use crate::tier::Tier;

/// What is to be removed.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What<'a> {
    /// One entry.
    Key(&'a CacheKey),
    /// Some entries.
    Keys(&'a [CacheKey]),
    /// Every entry of a keyspace.
    Space(&'a SpaceName),
    /// Every entry that a pattern (without its namespace) matches.
    Pattern(&'a KeyPattern),
    /// Every entry of one of these tags.
    Tags(&'a [TagId]),
    /// Every entry of the manager.
    Everything,
}

impl What<'_> {
    /// Whether no byte tier can hold it.
    pub(in crate::engine) fn stays_here(self) -> bool {
        matches!(self, Self::Key(key) if key.stays_here())
    }
}

impl Engine {
    /// Removes from every tier. When the primary cannot be reached the work is journalled and said so.
    ///
    /// # Errors
    /// Only when the manager fails closed: the work is journalled all the same.
    pub(crate) async fn invalidate(&self, what: What<'_>) -> Result<Invalidated> {
        if !self.is_enabled() {
            return Ok(Invalidated::default());
        }
        let pattern = self.physical(what);
        let unfinished = Unfinished::owed(self, what);
        self.overtake_loads(what, pattern.as_ref());
        self.gate.pass(scope(what, pattern.as_ref())).await;
        let near = self.remove_near(what, pattern.as_ref());
        let far = self.remove_far(what, pattern.as_ref()).await;
        self.overtake_loads(what, pattern.as_ref());
        self.remove_promoted(what, pattern.as_ref()).await;
        unfinished.finish();
        self.outcome(what, near, far)
    }

    /// A pattern has no cell that a hit looks at, so near copies that were made between its two removals, of the old
    /// far values, have to go by hand. Keys, keyspaces and everything are overtaken by their cells.
    async fn remove_promoted(&self, what: What<'_>, pattern: Option<&KeyPattern>) {
        if let Some(pattern) = pattern.filter(|_| self.parts.tiers.exist()) {
            self.gate.pass(Scope::Pattern(pattern)).await;
            self.remove_near(what, Some(pattern));
        }
    }

    /// The part of an invalidation that needs no waiting: nothing older is hit or stored any more. The journal comes
    /// first: whoever begins after the bump must not read the old far value.
    pub(crate) fn overtake(&self, what: What<'_>) {
        self.journal(what);
        self.parts.tiers.owe_fallback();
        self.overtake_here(what);
    }

    /// [`Engine::overtake`] for this process alone.
    /// How many entries that were in no byte tier it removed.
    pub(in crate::engine) fn overtake_here(&self, what: What<'_>) -> u64 {
        let pattern = self.physical(what);
        self.overtake_loads(what, pattern.as_ref());
        self.remove_near(what, pattern.as_ref())
    }

    /// Bumps the stamps and lets nobody join the loads under way. A keyspace is overtaken by its name too:
    /// another function may share its prefix.
    fn overtake_loads(&self, what: What<'_>, pattern: Option<&KeyPattern>) {
        if let What::Space(name) = what {
            self.stamps.bump(Scope::Space(name.id()));
        }
        let scope = scope(what, pattern);
        self.stamps.bump(scope);
        match scope {
            Scope::Key(key) => self.forget_loads(key),
            Scope::Keys(keys) => keys.iter().for_each(|key| self.forget_loads(key)),
            Scope::Pattern(pattern) => self.forget_loads_where(|key| pattern.matches(key.as_str())),
            Scope::Space(_) | Scope::Everything => self.forget_loads_where(|_| true),
            Scope::Tags(tags) => self.forget_tagged_loads(tags),
        }
        self.forget_tokens(what);
    }

    /// Removes near entries; counts those that were alive and in no byte tier.
    fn remove_near(&self, what: What<'_>, pattern: Option<&KeyPattern>) -> u64 {
        let now = self.parts.clock.tick();
        let counts = |entry: &NearEntry| {
            let alive =
                now < entry.meta.times.expires && self.stamps.tags_hold(&entry.meta.cells, entry.meta.born);
            u64::from(entry.meta.only_here && alive)
        };
        let remove = |key: &CacheKey| self.parts.near.remove(key).map_or(0, |entry| counts(&entry));
        match what {
            What::Key(key) => return remove(key),
            What::Keys(keys) => return keys.iter().map(remove).sum(),
            // Their cells have moved: they are found dead one by one.
            What::Tags(_) => return 0,
            What::Space(_) | What::Pattern(_) | What::Everything => {}
        }
        let mut removed = 0;
        let meant =
            |key: &CacheKey, _: &NearEntry| pattern.is_none_or(|pattern| pattern.matches(key.as_str()));
        self.parts.near.remove_where(&meant, &mut |entry| removed += counts(&entry));
        self.stamps.swept();
        removed
    }

    /// Removes from the fallback and from the primary; `Err` when the primary could not be told.
    async fn remove_far(&self, what: What<'_>, pattern: Option<&KeyPattern>) -> Result<u64> {
        let tiers = &self.parts.tiers;
        if !tiers.exist() || what.stays_here() {
            return Ok(0);
        }
        self.settle().await;
        let serving = self.serving();
        if tiers.has_fallback()
            && let Err(error) = self.remove_from(tiers.fallback(), what, pattern).await
        {
            self.tier_failed(tiers.fallback(), "invalidate", &error);
            tiers.owe_fallback();
        }
        match serving {
            Serving::Primary(tier) => self.tell(tier, what, pattern).await,
            _ => {
                self.journal(what);
                Err(Error::new(ErrorKind::Unavailable, "the primary tier cannot be reached")
                    .during("invalidate"))
            }
        }
    }

    /// Tells the primary, or its journal.
    async fn tell(&self, tier: Tier<'_>, what: What<'_>, pattern: Option<&KeyPattern>) -> Result<u64> {
        let outcome = self.remove_from(tier, what, pattern).await;
        if let Err(error) = &outcome {
            self.tier_failed(tier, "invalidate", error);
            self.journal(what);
        }
        outcome
    }

    async fn remove_from(&self, tier: Tier<'_>, what: What<'_>, pattern: Option<&KeyPattern>) -> Result<u64> {
        match (what, pattern) {
            (What::Key(key), _) => tier.backend.delete(key, DeleteOptions::default()).await.map(u64::from),
            (What::Keys(keys), _) => tier.backend.delete_many(keys).await,
            (What::Tags(tags), _) => self.remove_markers(tier, tags).await.map(|()| 0),
            (_, Some(pattern)) => self.remove_matching(tier, pattern).await,
            (_, None) => self.clear_tier(tier).await,
        }
    }

    /// A tier that knows no patterns is emptied: it would stay in quarantine for ever for what it cannot be told.
    pub(in crate::engine) async fn remove_matching(
        &self,
        tier: Tier<'_>,
        pattern: &KeyPattern,
    ) -> Result<u64> {
        match tier.backend.delete_pattern(pattern).await {
            Err(error) if error.kind() == ErrorKind::Unsupported => self.clear_tier(tier).await,
            removed => removed,
        }
    }

    fn outcome(&self, what: What<'_>, near: u64, far: Result<u64>) -> Result<Invalidated> {
        let far = match far {
            Ok(far) => far,
            Err(error) if self.closes_for(what) => return Err(error),
            Err(_) => return Ok(Invalidated { removed: near, journalled: true }),
        };
        let removed = if matches!(what, What::Key(_)) { near.max(far) } else { near + far };
        Ok(Invalidated::removed(removed))
    }

    /// The pattern that names the physical keys, unless one key or everything is meant.
    pub(in crate::engine) fn physical(&self, what: What<'_>) -> Option<KeyPattern> {
        match what {
            What::Key(_) | What::Keys(_) | What::Tags(_) | What::Everything => None,
            What::Space(name) if name.is_foreign() => Some(KeyPattern::for_space(name)),
            What::Space(name) => Some(KeyPattern::for_space(name).within(&self.parts.namespace)),
            What::Pattern(pattern) => Some(pattern.within(&self.parts.namespace)),
        }
    }
}

fn scope<'a>(what: What<'a>, pattern: Option<&'a KeyPattern>) -> Scope<'a> {
    match (what, pattern) {
        (What::Key(key), _) => Scope::Key(key),
        (What::Keys(keys), _) => Scope::Keys(keys),
        (What::Tags(tags), _) => Scope::Tags(tags),
        (_, Some(pattern)) => Scope::Pattern(pattern),
        (_, None) => Scope::Everything,
    }
}
