//! A backend with the verbs that every backend has, and nothing else.

use async_trait::async_trait;
use bytes::Bytes;
use cache_core::error::{Error, Result};
use cache_core::key::{CacheKey, KeyPattern, Namespace};
use cache_core::port::backend::{BackendInfo, BackendKind, CacheBackend, DeleteOptions, SetOptions};
use cache_core::testkit::MapBackend;

/// What somebody might write over a store of their own.
#[derive(Debug)]
pub struct Bare {
    info: BackendInfo,
    /// Whether it can list its keys.
    patterns: bool,
    map: MapBackend,
}

impl Bare {
    /// Other processes use it too.
    pub fn shared() -> Self {
        let info = BackendInfo::new("bare", BackendKind::Custom).shared();
        Self { info, patterns: true, map: MapBackend::new() }
    }

    pub fn without_patterns() -> Self {
        let info = BackendInfo::new("bare", BackendKind::Custom);
        Self { info, patterns: false, map: MapBackend::new() }
    }
}

#[async_trait]
impl CacheBackend for Bare {
    fn info(&self) -> BackendInfo {
        self.info
    }

    fn is_available(&self) -> bool {
        true
    }

    async fn connect(&self) -> Result<()> {
        Ok(())
    }

    async fn disconnect(&self) -> Result<()> {
        Ok(())
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        self.map.get(key).await
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        self.map.set(key, frame, options).await
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        self.map.get_and_delete(key).await
    }

    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        self.map.delete(key, options).await
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        self.map.exists(key).await
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        if !self.patterns {
            return Err(Error::unsupported("delete_pattern", self.info.name));
        }
        self.map.delete_pattern(pattern).await
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        self.map.clear(namespace).await
    }
}
