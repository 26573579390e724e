//! The gate: a landing in a far tier is either complete before an invalidation deletes there, or never begins.

use std::collections::BTreeSet;
use std::sync::Arc;

use tokio::sync::{OwnedRwLockReadGuard, OwnedRwLockWriteGuard, RwLock};

use super::Scope;
use crate::key::CacheKey;

const STRIPES: usize = 256;

/// Orders landings, sets and invalidations of the same key, in stripes of keys.
#[derive(Debug)]
pub(crate) struct Gate {
    stripes: Box<[Arc<RwLock<()>>]>,
    spare: Arc<RwLock<()>>,
}

/// Held by a landing from its last look at the stamps until its far write is done.
#[derive(Debug)]
pub(crate) struct Shared(#[allow(dead_code, reason = "held for its drop")] OwnedRwLockReadGuard<()>);

/// Held by a set from its bump until its last write is done, so that two sets leave one winner in every tier.
#[derive(Debug)]
pub(crate) struct Exclusive(#[allow(dead_code, reason = "held for its drop")] OwnedRwLockWriteGuard<()>);

impl Default for Gate {
    fn default() -> Self {
        Self { stripes: (0..STRIPES).map(|_| Arc::default()).collect(), spare: Arc::default() }
    }
}

impl Gate {
    /// Enters as a landing.
    pub(crate) async fn land(&self, key: &CacheKey) -> Shared {
        Shared(Arc::clone(self.stripe(key)).read_owned().await)
    }

    /// Enters as a landing, unless a set or an invalidation is about to pass.
    pub(crate) fn try_land(&self, key: &CacheKey) -> Option<Shared> {
        Arc::clone(self.stripe(key)).try_read_owned().ok().map(Shared)
    }

    /// Enters as a landing of many keys. Every stripe once and in their order, so that batches which share stripes do
    /// not wait for each other in a circle (behind a set that waits for one of them).
    pub(crate) async fn land_many(&self, keys: impl Iterator<Item = &CacheKey>) -> Vec<Shared> {
        let stripes = stripes(keys);
        let mut entered = Vec::with_capacity(stripes.len());
        for stripe in stripes {
            entered.push(Shared(Arc::clone(self.at(stripe)).read_owned().await));
        }
        entered
    }

    /// Enters as a set.
    pub(crate) async fn set(&self, key: &CacheKey) -> Exclusive {
        Exclusive(Arc::clone(self.stripe(key)).write_owned().await)
    }

    /// Waits until every landing in scope that may have looked at the stamps before their bump is done.
    pub(crate) async fn pass(&self, scope: Scope<'_>) {
        match scope {
            Scope::Key(key) => drop(self.stripe(key).write().await),
            Scope::Keys(keys) => {
                for stripe in stripes(keys.iter()) {
                    drop(self.at(stripe).write().await);
                }
            }
            // What lands with a tag carries a token, which is gone when the tag is invalidated.
            Scope::Tags(_) => {}
            Scope::Space(_) | Scope::Pattern(_) | Scope::Everything => {
                for stripe in &self.stripes {
                    drop(stripe.write().await);
                }
            }
        }
    }

    fn stripe(&self, key: &CacheKey) -> &Arc<RwLock<()>> {
        self.at(key.stripe(STRIPES))
    }

    fn at(&self, stripe: usize) -> &Arc<RwLock<()>> {
        self.stripes.get(stripe).unwrap_or(&self.spare)
    }
}

fn stripes<'a>(keys: impl Iterator<Item = &'a CacheKey>) -> BTreeSet<usize> {
    keys.map(|key| key.stripe(STRIPES)).collect()
}
