//! The face of the engine: direct calls.
//!
//! Promise: with [`FailMode::Open`] the only errors here are the caller's own (an empty key, a ttl of zero, a
//! key read as another type); trouble of a tier is a recorded miss or no-op.
//! Claims are the exception: their trouble is always an error. [`builder`] and `build` wire a manager,
//! [`invalidate`] are those that remove, [`get_or_load`] is the verb that loads, [`many`] the one that loads many, [`claim`] holds things.

mod build;
mod builder;
mod cached;
mod claim;
mod direct;
mod explain;
mod get_or_load;
mod health;
mod invalidate;
mod keep_warm;
mod keys;
mod keyspace;
mod load_error;
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

use crate::engine::{self, Ask, AskedTags, Engine, Storable, StoredValues};
use crate::error::Result;
use crate::key::{CacheKey, IntoKey, Namespace};
#[allow(unused_imports, reason = "named in the documentation")]
use crate::policy::FailMode;
use crate::port::backend::{Remaining, SetCondition};
use crate::time::Ttl;

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

    /// The value under a key. Costs a probe of the near tier; on a miss one read of a byte tier.
    ///
    /// A value that was set as `T` can be asked for as `T` or as `Arc<T>`.
    ///
    /// # Errors
    /// `Key` for an empty key; `TypeMismatch` when this process wrote another type under it.
    pub async fn get<T: Storable + Clone>(&self, key: impl IntoKey) -> Result<Option<T>> {
        let key = self.key(key)?;
        let found = self.0.read(&ask::<T>(&key, Ttl::Default)).await?;
        Ok(found.and_then(|found| found.value()?.downcast_ref::<T>().cloned()))
    }

    /// Stores a value in every tier, farthest first, and says what became of it. Whatever happens, no older
    /// value is left under the key.
    ///
    /// # Errors
    /// `Key`, `Ttl`; trouble of a tier only when the manager fails closed.
    pub async fn set<T: Storable>(
        &self,
        key: impl IntoKey,
        value: T,
        ttl: impl Into<Ttl>,
    ) -> Result<Written> {
        self.put(key, value, ttl.into(), SetCondition::Always).await
    }

    /// Stores a value only if nothing is there; whether it did. Atomic on every backend.
    ///
    /// # Errors
    /// As for [`CacheManager::set`].
    pub async fn add<T: Storable>(&self, key: impl IntoKey, value: T, ttl: impl Into<Ttl>) -> Result<bool> {
        self.put(key, value, ttl.into(), SetCondition::IfAbsent).await.map(Written::is_stored)
    }

    /// [`CacheManager::set`] of an entry with tags, at most 64, by which it can be invalidated together with others.
    /// On a byte tier it costs one more read, of the markers that were not read in the last seconds.
    ///
    /// # Errors
    /// As for [`CacheManager::set`], and `Config` for too many tags.
    pub async fn set_tagged<T: Storable>(
        &self,
        key: impl IntoKey,
        value: T,
        ttl: impl Into<Ttl>,
        tags: impl IntoIterator<Item: AsRef<str>>,
    ) -> Result<Written> {
        let (key, named) = (self.key(key)?, tagging::named(tags));
        tagging::check(&named)?;
        let ask = ask::<T>(&key, ttl.into()).tagged(AskedTags::of(&named, false));
        self.0.put(&ask, Arc::new(value), SetCondition::Always).await
    }

    async fn put<T: Storable>(
        &self,
        key: impl IntoKey,
        value: T,
        ttl: Ttl,
        condition: SetCondition,
    ) -> Result<Written> {
        let key = self.key(key)?;
        self.0.put(&ask::<T>(&key, ttl), Arc::new(value), condition).await
    }

    /// Takes a value away: of any number of concurrent callers exactly one receives it. Never answered by the
    /// fallback: while the primary is away nothing is delivered and nothing is taken, so that the value is still there when it
    /// is back. An unknown outcome is `None`, and the value is delivered by nobody any more, unless the primary still has
    /// it.
    ///
    /// `None` says no more than that nothing was delivered; a manager that fails closed tells an outage from absence.
    ///
    /// # Errors
    /// `Key`; `TypeMismatch` when this process wrote another type under it, which is left there; trouble of the
    /// tier only when the manager fails closed.
    pub async fn get_and_delete<T: Storable + Clone>(&self, key: impl IntoKey) -> Result<Option<T>> {
        let key = self.key(key)?;
        let taken = self.0.take(&ask::<T>(&key, Ttl::Default)).await?;
        Ok(taken.and_then(|held| held.downcast_ref::<T>().cloned()))
    }

    /// Adds to a counter and returns its new value. A counter that is missing begins at 0 and lives for `ttl`;
    /// one that exists keeps its end. `get::<i64>` reads it. One round trip.
    ///
    /// While the primary is away the fallback counts, from 0 and in this process alone; without one the answer is `by`.
    /// What was counted so is added to the primary's count when it is back, before that is read again: at most once, at
    /// most 10,000 counters, none whose life is over, and nothing that was removed meanwhile. An increment whose answer
    /// got lost may have counted, and is not sent again: the answer is `by`.
    ///
    /// # Errors
    /// `Key`, `Ttl`, `NotACounter`. When the manager fails closed, every trouble of the primary: then neither the fallback
    /// counts, nor is anything added later.
    pub async fn increment(&self, key: impl IntoKey, by: i64, ttl: impl Into<Ttl>) -> Result<i64> {
        let key = self.key(key)?;
        self.0.increment(&ask::<i64>(&key, ttl.into()), by).await
    }

    /// Whether there is an entry, of whatever type.
    ///
    /// # Errors
    /// `Key`; trouble of the tier only when the manager fails closed.
    pub async fn exists(&self, key: impl IntoKey) -> Result<bool> {
        Ok(self.ttl(key).await? != Remaining::Missing)
    }

    /// How long an entry is still fresh.
    ///
    /// # Errors
    /// As for [`CacheManager::exists`].
    pub async fn ttl(&self, key: impl IntoKey) -> Result<Remaining> {
        let key = self.key(key)?;
        self.0.remaining(&ask::<()>(&key, Ttl::Default)).await
    }

    /// The value under a key, loaded if it is nowhere: `cache.get_or_load("user:7", || db::user(7)).await?`.
    ///
    /// Concurrent calls share one load and its error.
    pub fn get_or_load<'f, T, E, F, Fut>(&self, key: impl IntoKey, loader: F) -> GetOrLoad<'f, T, E, F>
    where
        F: FnOnce() -> Fut + 'f,
        Fut: Future<Output = Result<T, E>> + 'f,
    {
        GetOrLoad::new(self.clone(), self.key(key), loader)
    }

    /// The values of many ids, with one load for all that are nowhere:
    /// `cache.get_or_load_many(ids, |missing| db::users(missing)).prefix("user").await?`.
    ///
    /// Each id names an ordinary entry, the same that a single call by that key reads and fills, and loads are shared
    /// with single calls and other batches, key by key. The loader returns the values that there are
    /// ([`BatchReply`]); it is called again only for keys that another caller gave up. Costs one probe of the near tier per
    /// id, one read of a byte tier for all misses, and one write for all that was loaded.
    ///
    /// # Errors
    /// Awaited, only the caller's own: `Key`, `Ttl`, `Config`. The rest is each id's own result.
    pub fn get_or_load_many<'f, K, F, Fut>(
        &self,
        ids: impl IntoIterator<Item = K>,
        loader: F,
    ) -> GetOrLoadMany<'f, K, F>
    where
        F: FnMut(Vec<K>) -> Fut + 'f,
        Fut: Future<Output: BatchReply<K>> + 'f,
    {
        GetOrLoadMany::new(self.clone(), ids.into_iter().collect(), loader)
    }

    /// [`CacheManager::get_or_load`] of a loader that decides more: it answers a [`Cached`], which may carry its own
    /// life, say that it is not to be stored, or that the value it was shown is still good. It is shown the older value
    /// where one is held: due for a refresh, or expired and within a stale window.
    pub fn get_or_revalidate<'f, T, E, F, Fut>(
        &self,
        key: impl IntoKey,
        loader: F,
    ) -> GetOrLoad<'f, T, E, F, Attached, Revalidating>
    where
        F: FnOnce(Option<T>) -> Fut + 'f,
        Fut: Future<Output = Result<Cached<T>, E>> + 'f,
    {
        GetOrLoad::new(self.clone(), self.key(key), loader)
    }

    /// [`CacheManager::get_or_revalidate`] of a loader that asks its source whether the value has changed: it is shown the
    /// older value with the validator that was stored beside it ([`Cached::validator`], an `ETag` for example), and answers
    /// [`Cached::not_modified`] where that still stands.
    ///
    /// Only what is held can be shown: a value that is due for a refresh, or has expired within a stale window.
    ///
    /// # Errors
    /// Awaited, also `Config` when neither the call nor the manager has a stale window or refreshes ahead: then there would
    /// never be anything to show.
    pub fn get_or_revalidate_with<'f, T, E, F, Fut>(
        &self,
        key: impl IntoKey,
        loader: F,
    ) -> GetOrLoad<'f, T, E, F, Attached, Validating>
    where
        F: FnOnce(Option<Previous<T>>) -> Fut + 'f,
        Fut: Future<Output = Result<Cached<T>, E>> + 'f,
    {
        GetOrLoad::new(self.clone(), self.key(key), loader).comparing()
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

fn ask<T: Storable>(key: &CacheKey, ttl: Ttl) -> Ask<'_> {
    Ask::direct(key, &DIRECT, StoredValues::<T>::of(), ttl)
}
