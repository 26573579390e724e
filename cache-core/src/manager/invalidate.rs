//! The verbs that remove, or end a life.

use super::CacheManager;
use super::entries::ask;
use crate::engine::What;
use crate::entry::Invalidated;
use crate::error::Result;
use crate::key::{IntoKey, KeyPattern, Tag, TagId};
use crate::time::Ttl;

impl CacheManager {
    /// Removes an entry from every tier. A load of it that is under way is not stored any more.
    ///
    /// # Errors
    /// `Key`; an unreachable primary only when the manager fails closed.
    pub async fn delete(&self, key: impl IntoKey) -> Result<Invalidated> {
        let key = self.key(key)?;
        self.0.invalidate(What::Key(&key)).await
    }

    /// [`CacheManager::delete`] for many keys at once: one round trip to each byte tier.
    ///
    /// # Errors
    /// As for [`CacheManager::delete`].
    pub async fn delete_many<K: IntoKey>(&self, keys: impl IntoIterator<Item = K>) -> Result<Invalidated> {
        let keys = keys.into_iter().map(|key| self.key(key)).collect::<Result<Vec<_>>>()?;
        if keys.is_empty() {
            return Ok(Invalidated::default());
        }
        self.0.invalidate(What::Keys(&keys)).await
    }

    /// Removes every entry that a pattern matches, and counts them.
    ///
    /// # Errors
    /// `Pattern`; an unreachable primary only when the manager fails closed.
    pub async fn delete_pattern(&self, pattern: impl IntoPattern) -> Result<Invalidated> {
        let pattern = pattern.into_pattern()?;
        self.0.invalidate(What::Pattern(&pattern)).await
    }

    /// Invalidates every entry that has one of these tags, in every tier, and those that are being loaded with one. Costs
    /// two round trips, however many entries there are; `removed` is 0, since they are found invalid one by one. Other
    /// processes may serve a near copy for `near_ttl` more (5 s unless said).
    ///
    /// # Errors
    /// An unreachable primary, only when the manager fails closed.
    pub async fn invalidate_tags(&self, tags: impl IntoIterator<Item: AsRef<str>>) -> Result<Invalidated> {
        let tags: Vec<TagId> = tags.into_iter().map(|tag| Tag::new(tag.as_ref()).id()).collect();
        if tags.is_empty() {
            return Ok(Invalidated::default());
        }
        self.0.invalidate(What::Tags(&tags)).await
    }

    /// Ends the freshness of an entry. Unlike [`CacheManager::delete`] it leaves a stale copy, for the windows that it
    /// was stored with. While the primary cannot be reached that is journalled. A byte tier that cannot replace a frame
    /// only while it is unchanged removes its copy. Near copies of other processes end within their `near_ttl`.
    ///
    /// # Errors
    /// As for [`CacheManager::delete`].
    pub async fn expire(&self, key: impl IntoKey) -> Result<Invalidated> {
        let key = self.key(key)?;
        self.0.expire(&ask::<()>(&key, Ttl::Default)).await
    }

    /// Removes every entry of this manager's namespace, and nothing else.
    ///
    /// # Errors
    /// An unreachable primary, only when the manager fails closed.
    pub async fn clear(&self) -> Result<Invalidated> {
        self.0.invalidate(What::Everything).await
    }
}

/// What can name many entries: a pattern, or text that is read as one.
pub trait IntoPattern {
    /// Reads it.
    ///
    /// # Errors
    /// `Pattern`, as for [`KeyPattern::parse`].
    fn into_pattern(self) -> Result<KeyPattern>;
}

impl IntoPattern for KeyPattern {
    fn into_pattern(self) -> Result<KeyPattern> {
        Ok(self)
    }
}

impl IntoPattern for &KeyPattern {
    fn into_pattern(self) -> Result<KeyPattern> {
        Ok(self.clone())
    }
}

impl IntoPattern for &str {
    fn into_pattern(self) -> Result<KeyPattern> {
        KeyPattern::parse(self)
    }
}

impl IntoPattern for &String {
    fn into_pattern(self) -> Result<KeyPattern> {
        KeyPattern::parse(self)
    }
}
