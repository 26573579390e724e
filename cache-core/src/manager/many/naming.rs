//! What entry an id names.
//!
//! Promise: nobody guesses. A number alone names nothing (`7` of what?), so it needs a prefix or a function; two batches
//! about different things can share an entry only if somebody writes the same name for both.

use std::fmt;

use crate::error::{Error, ErrorKind, Result};
use crate::key::{CacheKey, IntoKey, KeyBuilder, KeyPart, Namespace};

/// How the ids of a batch become keys.
pub trait NamesIds<K> {
    /// The key of an id.
    ///
    /// # Errors
    /// `Key` when the name is empty.
    fn key(&self, id: &K, namespace: &Namespace) -> Result<CacheKey>;
}

/// The ids are keys: text, built keys, keys of cached functions.
#[derive(Debug, Clone, Copy)]
pub struct ById;

/// The ids are the parts behind a prefix.
#[derive(Debug, Clone)]
pub struct ByPrefix(Result<KeyBuilder>);

/// The ids are named by a function.
#[derive(Clone)]
pub struct ByKey<G>(G);

impl ByPrefix {
    pub(super) fn new(prefix: &str) -> Self {
        Self(KeyBuilder::new(prefix))
    }
}

impl<G> ByKey<G> {
    pub(super) fn new(key: G) -> Self {
        Self(key)
    }
}

/// An entry of another cache says nothing of its life, which has to be asked for: it is read by itself.
fn own(key: CacheKey) -> Result<CacheKey> {
    if !key.is_foreign() {
        return Ok(key);
    }
    Err(Error::new(ErrorKind::Key, "a batch holds a key of another cache")
        .with_fix("read such entries one by one: `get_or_load(key, ..)`"))
}

impl<K: IntoKey + Clone> NamesIds<K> for ById {
    fn key(&self, id: &K, namespace: &Namespace) -> Result<CacheKey> {
        own(id.clone().into_key(namespace)?)
    }
}

impl<K: KeyPart> NamesIds<K> for ByPrefix {
    fn key(&self, id: &K, namespace: &Namespace) -> Result<CacheKey> {
        self.0.clone()?.part(id).into_key(namespace)
    }
}

impl<K, Q: IntoKey, G: Fn(&K) -> Q> NamesIds<K> for ByKey<G> {
    fn key(&self, id: &K, namespace: &Namespace) -> Result<CacheKey> {
        own((self.0)(id).into_key(namespace)?)
    }
}

impl<G> fmt::Debug for ByKey<G> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ByKey")
    }
}
