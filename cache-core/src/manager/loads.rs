//! The verbs that load: what their loader is shown, and what it answers. How it is had: [`get_or_load`](super::get_or_load),
//! [`many`](super::many).

use super::{
    Attached, BatchReply, CacheManager, Cached, GetOrLoad, GetOrLoadMany, Previous, Revalidating, Validating,
};
use crate::error::Result;
use crate::key::IntoKey;

impl CacheManager {
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
}
