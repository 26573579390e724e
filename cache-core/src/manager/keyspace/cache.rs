//! A keyspace in a manager: the verbs, typed.

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use super::Keyspace;
use crate::engine::{self, Ask, Storable, Values, What, Written};
use crate::entry::Invalidated;
use crate::error::Result;
use crate::key::{CacheKey, KeyPart};
use crate::manager::{CacheManager, GetOrLoad};
use crate::port::backend::{Remaining, SetCondition};
use crate::time::Ttl;

/// The entries of one [`Keyspace`] in one manager. The verbs are those of [`CacheManager`], with their costs and errors; besides, a
/// policy that cannot be kept is a `Config` error. An id is one part of the key, a tuple too. Cloning is two reference counts.
pub struct Cache<V> {
    manager: CacheManager,
    space: Arc<engine::Keyspace>,
    values: &'static dyn Values,
    of: PhantomData<fn() -> V>,
}

impl CacheManager {
    /// A keyspace of this manager: `cache.keyspace(&USERS).get(7_u64).await?`.
    #[must_use]
    pub fn keyspace<V: Storable + Clone>(&self, keyspace: &'static Keyspace<V>) -> Cache<V> {
        Cache { manager: self.clone(), space: keyspace.made(), values: keyspace.values(), of: PhantomData }
    }
}

impl<V: Storable + Clone> Cache<V> {
    /// The key of an id, as tiers, [`explain`](CacheManager::explain) and invalidations know it.
    pub fn key(&self, id: impl KeyPart) -> CacheKey {
        CacheKey::of_parts(self.manager.namespace(), &self.space.name, &(id, ()))
    }

    /// [`CacheManager::get`].
    ///
    /// # Errors
    /// Trouble of a tier only when the manager fails closed, or the keyspace is secure.
    pub async fn get(&self, id: impl KeyPart) -> Result<Option<V>> {
        let key = self.key(id);
        let found = self.manager.engine().read(&self.ask(&key, Ttl::Default)?).await?;
        Ok(found.and_then(|found| found.value()?.downcast_ref::<V>().cloned()))
    }

    /// [`CacheManager::set`].
    ///
    /// # Errors
    /// As for [`Cache::get`], and `Ttl`.
    pub async fn set(&self, id: impl KeyPart, value: V, ttl: impl Into<Ttl>) -> Result<Written> {
        self.put(self.key(id), value, ttl.into(), SetCondition::Always).await
    }

    /// [`CacheManager::add`].
    ///
    /// # Errors
    /// As for [`Cache::set`].
    pub async fn add(&self, id: impl KeyPart, value: V, ttl: impl Into<Ttl>) -> Result<bool> {
        self.put(self.key(id), value, ttl.into(), SetCondition::IfAbsent).await.map(Written::is_stored)
    }

    async fn put(&self, key: CacheKey, value: V, ttl: Ttl, condition: SetCondition) -> Result<Written> {
        self.manager.engine().put(&self.ask(&key, ttl)?, Arc::new(value), condition).await
    }

    /// [`CacheManager::get_or_load`], with the same options.
    pub fn get_or_load<'f, E, F, Fut>(&self, id: impl KeyPart, loader: F) -> GetOrLoad<'f, V, E, F>
    where
        F: FnOnce() -> Fut + 'f,
        Fut: Future<Output = Result<V, E>> + 'f,
    {
        GetOrLoad::of_space(self.manager.clone(), self.key(id), &self.space, self.values, loader)
    }

    /// [`CacheManager::get_and_delete`].
    ///
    /// # Errors
    /// As for [`Cache::get`].
    pub async fn get_and_delete(&self, id: impl KeyPart) -> Result<Option<V>> {
        let key = self.key(id);
        let taken = self.manager.engine().take(&self.ask(&key, Ttl::Default)?).await?;
        Ok(taken.and_then(|held| held.downcast_ref::<V>().cloned()))
    }

    /// [`CacheManager::exists`].
    ///
    /// # Errors
    /// As for [`Cache::get`].
    pub async fn exists(&self, id: impl KeyPart) -> Result<bool> {
        Ok(self.ttl(id).await? != Remaining::Missing)
    }

    /// [`CacheManager::ttl`].
    ///
    /// # Errors
    /// As for [`Cache::get`].
    pub async fn ttl(&self, id: impl KeyPart) -> Result<Remaining> {
        let key = self.key(id);
        self.manager.engine().remaining(&self.ask(&key, Ttl::Default)?).await
    }

    /// [`CacheManager::expire`].
    ///
    /// # Errors
    /// As for [`Cache::get`].
    pub async fn expire(&self, id: impl KeyPart) -> Result<Invalidated> {
        let key = self.key(id);
        self.manager.engine().expire(&self.ask(&key, Ttl::Default)?).await
    }

    /// [`CacheManager::delete`].
    ///
    /// # Errors
    /// As for [`Cache::get`].
    pub async fn delete(&self, id: impl KeyPart) -> Result<Invalidated> {
        self.manager.engine().invalidate(What::Key(&self.key(id))).await
    }

    /// Removes every entry of the keyspace from every tier, and whatever else has a key that begins with its prefix: of cached
    /// functions, and what was stored under text.
    ///
    /// # Errors
    /// As for [`Cache::get`].
    pub async fn clear(&self) -> Result<Invalidated> {
        self.manager.engine().invalidate(What::Space(&self.space.name)).await
    }

    fn ask<'a>(&'a self, key: &'a CacheKey, ttl: Ttl) -> Result<Ask<'a>> {
        self.space.policy.check_over(self.manager.engine().usual())?;
        Ok(Ask::direct(key, &self.space, self.values, ttl))
    }
}

impl<V> Clone for Cache<V> {
    fn clone(&self) -> Self {
        Self {
            manager: self.manager.clone(),
            space: Arc::clone(&self.space),
            values: self.values,
            of: PhantomData,
        }
    }
}

impl<V> fmt::Debug for Cache<V> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Cache").field("keyspace", &self.space.name.as_str()).finish_non_exhaustive()
    }
}
