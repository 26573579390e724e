//! The verbs about one entry: read it, store it, take it, count with it.

use std::sync::Arc;

use super::{CacheManager, DIRECT, tagging};
use crate::engine::{Ask, AskedTags, Storable, StoredValues, Written};
use crate::error::Result;
use crate::key::{CacheKey, IntoKey};
use crate::port::backend::{Remaining, SetCondition};
use crate::time::Ttl;

impl CacheManager {
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
}

pub(super) fn ask<T: Storable>(key: &CacheKey, ttl: Ttl) -> Ask<'_> {
    Ask::direct(key, &DIRECT, StoredValues::<T>::of(), ttl)
}
