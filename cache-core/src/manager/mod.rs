//! The face of the engine: direct calls.
//!
//! Promise: with [`FailMode::Open`] the only errors here are the caller's own (an empty key, a ttl of zero, a
//! key read as another type); trouble of a tier is a recorded miss or no-op.
//! Claims are the exception: their trouble is always an error. [`builder`] and `build` wire a manager. The verbs: [`entries`] are
//! those about one entry, [`loads`] those that load, [`invalidate`] those that remove, [`claim`] holds things.

mod build;
mod builder;
mod cached;
mod claim;
mod direct;
mod entries;
mod explain;
mod get_or_load;
mod health;
mod invalidate;
mod keep_warm;
mod keys;
mod keyspace;
mod load_error;
mod loads;
mod many;
mod tagging;

pub use builder::Builder;
pub use cached::{Cached, Previous};
pub use claim::{Claim, ClaimInfo, ClaimRequest, ClaimResult};
pub use get_or_load::{Attached, Detached, GetOrLoad, Revalidating, Simple, Validating, WithStatus};
pub use health::Health;
pub use invalidate::IntoPattern;
pub use keep_warm::KeepWarm;
pub use keyspace::{Cache, Keyspace};
pub use load_error::LoadError;
pub use many::{BatchReply, ById, ByKey, ByPrefix, GetOrLoadMany, LoadedMany, NamesIds, ResultOf};

pub use crate::engine::{Counts, EntryReport, Explanation, Outlook, Policy, Statistics, TierReport, Written};
pub use crate::recovery::Quarantine;

use std::sync::{Arc, LazyLock};

use crate::engine::{self, Engine};
use crate::error::Result;
use crate::key::{CacheKey, IntoKey, Namespace};
#[allow(unused_imports, reason = "named in the documentation")]
use crate::policy::FailMode;

/// Keys that are given as text share one keyspace.
static DIRECT: LazyLock<engine::Keyspace> = LazyLock::new(engine::Keyspace::direct);

/// A cache: its tiers, its engine, its statistics. Cloning is a reference count; the last clone dropped ends it.
#[derive(Debug, Clone)]
pub struct CacheManager(Arc<Engine>);

impl CacheManager {
    /// Begins a manager. [`Builder::build`] reports all problems at once and never needs a server to be up.
    pub fn builder() -> Builder {
        Builder::new()
    }

    pub(crate) fn of(engine: Arc<Engine>) -> Self {
        Self(engine)
    }

    #[inline]
    pub(crate) fn engine(&self) -> &Engine {
        &self.0
    }

    pub(crate) fn engine_handle(&self) -> Arc<Engine> {
        Arc::clone(&self.0)
    }

    /// The only prefix of this manager's keys.
    #[must_use]
    pub fn namespace(&self) -> &Namespace {
        self.0.namespace()
    }

    /// Connects the byte tiers now. Never needed; a server that is away is recorded, not an error.
    pub async fn connect(&self) {
        self.0.connect().await;
    }

    /// Waits a second for what is on its way to the byte tiers, tells the primary what it missed, if it can be reached within
    /// another, and lets go of every tier. Calls from now on run their loaders and touch nothing. How many invalidations and
    /// counters the primary could not be told of; how many fills were cut off is in [`Statistics::cut_off`].
    pub async fn shutdown(&self) -> u64 {
        self.0.shut_down().await
    }

    /// Switches the cache off (every loader runs, no tier is touched) or on again.
    pub fn set_enabled(&self, enabled: bool) {
        self.0.set_enabled(enabled);
    }

    /// Whether the cache is on.
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.0.is_enabled()
    }

    /// What this manager has done, in all and per keyspace. Prints as a table.
    #[must_use]
    pub fn stats(&self) -> Statistics {
        self.0.statistics()
    }

    /// Begins counting again.
    pub fn reset_stats(&self) {
        self.0.reset_statistics();
    }

    /// Which tier serves, whether the primary is owed an invalidation, and what its servers say about themselves: a
    /// round trip to each, bounded; none while the primary is away.
    pub async fn health(&self) -> Health {
        self.0.health().await
    }

    /// The same without asking the servers: no I/O.
    #[must_use]
    pub fn health_now(&self) -> Health {
        self.0.health_now()
    }

    /// What every tier holds under a key, and what a read that comes now would get. Prints as a block.
    ///
    /// Changes nothing: no statistics, no recency in the near tier. Costs one read of each byte tier. The near entries
    /// of a cached function are found by its own key (`user_cache_key(7)`), not by text.
    ///
    /// # Errors
    /// `Key` for an empty key.
    pub async fn explain(&self, key: impl IntoKey) -> Result<Explanation> {
        let key = self.key(key)?;
        Ok(self.0.explain(&key).await)
    }

    fn key(&self, key: impl IntoKey) -> Result<CacheKey> {
        key.into_key(self.namespace())
    }
}
