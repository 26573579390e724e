//! Leases: a load over a tier that other processes share may store only while nobody has removed, replaced or filled
//! its key.
//!
//! Promise: what was loaded before an invalidation in another process has returned is stored in no tier after it. The
//! lease is taken before the loader begins and given up by the fill, in one step with it; whatever removes or replaces
//! the key ends it. A lease that cannot be had costs the load nothing: it lands as over a tier of its own.
//!
//! Invariant: a token is asked for once. An answer that got lost is no lease; what may have been taken is given back.
//! Loads of several processes may share a lease (the first fill wins), so a holder that died costs nobody anything;
//! who waits for another's load instead is in [`wait`], what keeps a long load's lease alive in [`keep`].

mod keep;
mod wait;

pub(in crate::engine) use keep::{keeping, renewing};
pub(in crate::engine) use wait::Permit;

use std::fmt;
use std::sync::Arc;

use crate::chance::new_token;
use crate::engine::serving::Serving;
use crate::engine::{Ask, Engine};
use crate::error::ErrorKind;
use crate::key::CacheKey;
use crate::port::backend::CacheBackend;
use crate::port::spawn::Spawner;

/// The permission to fill a key. Dropped before it is [spent](Lease::spend), it is given back in the background, unless
/// it is another's.
pub(in crate::engine) struct Lease(Box<Held>);

struct Held {
    backend: Arc<dyn CacheBackend>,
    spawner: Arc<dyn Spawner>,
    key: CacheKey,
    token: u128,
    /// It is to be given back: this load has taken it, and it has not been given up by a fill.
    own: bool,
}

impl Lease {
    /// Who the tier compares with.
    pub(in crate::engine) fn token(&self) -> u128 {
        self.0.token
    }

    /// Whether this load has taken it, and not joined it.
    fn is_own(&self) -> bool {
        self.0.own
    }

    /// The tier has answered to the fill: there is nothing to give back.
    pub(in crate::engine) fn spend(mut self) {
        self.0.own = false;
    }
}

impl Drop for Lease {
    /// Without a runtime it ends by itself.
    fn drop(&mut self) {
        let held = &self.0;
        if !held.own {
            return;
        }
        let (backend, key, token) = (Arc::clone(&held.backend), held.key.clone(), held.token);
        let _spawned = held.spawner.spawn(Box::pin(async move {
            // One try: who waits for it waits no longer than its life.
            if let Err(error) = backend.release_lease(&key, token).await {
                tracing::debug!(%key, %error, "a lease was not given back, and ends by itself");
            }
        }));
    }
}

impl fmt::Debug for Lease {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Lease").field("key", &self.0.key).field("own", &self.0.own).finish_non_exhaustive()
    }
}

impl Engine {
    /// Takes the lease of a key, or joins another's: there are no others, or the first fill wins. `None`: nobody else
    /// can store under this key, or the lease cannot be had.
    pub(super) async fn lease(&self, ask: &Ask<'_>) -> Option<Lease> {
        // Another cache's writers end no lease of ours: it would promise what it cannot keep.
        if !self.parts.tiers.leased() || !ask.leaves_the_process() || ask.key.is_foreign() {
            return None;
        }
        let Serving::Primary(tier) = self.serving() else { return None };
        // Owned before the tier is asked: an answer that gets lost, or is not waited for, is given back.
        let mut asked = Lease(Box::new(Held {
            backend: Arc::clone(tier.backend),
            spawner: Arc::clone(&self.parts.spawner),
            key: ask.key.clone(),
            token: new_token(),
            own: true,
        }));
        match tier.backend.acquire_lease(ask.key, asked.token(), self.parts.lease_time).await {
            Ok(holder) => {
                asked.0.own = holder == asked.0.token;
                asked.0.token = holder;
                Some(asked)
            }
            Err(error) => {
                asked.0.own = !matches!(error.kind(), ErrorKind::Unsupported | ErrorKind::Refused);
                self.tier_failed(tier, "acquire_lease", &error);
                None
            }
        }
    }

    /// Takes the lease of a key for a load that overtakes those under way: theirs ends.
    pub(super) async fn lease_over(&self, ask: &Ask<'_>) -> Option<Lease> {
        let lease = self.lease(ask).await?;
        if lease.is_own() {
            return Some(lease);
        }
        let _ended = lease.0.backend.release_lease(ask.key, lease.token()).await;
        self.lease(ask).await
    }

    /// The leases of many keys, some at a time; in their order.
    pub(in crate::engine) async fn lease_each(&self, asks: &[Ask<'_>]) -> Vec<Option<Lease>> {
        let mut leases = Vec::with_capacity(asks.len());
        for some in asks.chunks(keep::AT_ONCE) {
            leases.extend(keep::together(some.iter().map(|ask| self.lease(ask)).collect()).await);
        }
        leases
    }
}
