//! The store that holds nothing.

use async_trait::async_trait;
use bytes::Bytes;

use super::{
    BackendHealth, BackendInfo, BackendKind, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome,
    DeleteOptions, Expiry, LiveClaim, Remaining, SetOptions,
};
use crate::error::{Error, Result};
use crate::key::{CacheKey, KeyPattern, Namespace};

/// Accepts and drops everything: what the cache is when it is switched off.
#[derive(Debug, Clone, Copy, Default)]
pub struct NullBackend;

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl CacheBackend for NullBackend {
    fn info(&self) -> BackendInfo {
        let mut info = BackendInfo::new("null", BackendKind::Null);
        info.capability.stores = false;
        info
    }

    fn is_available(&self) -> bool {
        false
    }

    async fn connect(&self) -> Result<()> {
        Ok(())
    }

    async fn disconnect(&self) -> Result<()> {
        Ok(())
    }

    async fn get(&self, _: &CacheKey) -> Result<Option<Bytes>> {
        Ok(None)
    }

    async fn set(&self, _: &CacheKey, _: Bytes, _: SetOptions) -> Result<bool> {
        Ok(true)
    }

    async fn get_and_delete(&self, _: &CacheKey) -> Result<Option<Bytes>> {
        Ok(None)
    }

    async fn delete(&self, _: &CacheKey, _: DeleteOptions) -> Result<bool> {
        Ok(false)
    }

    async fn exists(&self, _: &CacheKey) -> Result<bool> {
        Ok(false)
    }

    async fn delete_pattern(&self, _: &KeyPattern) -> Result<u64> {
        Ok(0)
    }

    async fn clear(&self, _: &Namespace) -> Result<u64> {
        Ok(0)
    }

    async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        Ok(vec![None; keys.len()])
    }

    async fn set_many(&self, entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Result<Vec<bool>> {
        Ok(vec![true; entries.len()])
    }

    async fn delete_many(&self, _: &[CacheKey]) -> Result<u64> {
        Ok(0)
    }

    async fn increment(&self, _: &CacheKey, by: i64, _: Expiry) -> Result<i64> {
        Ok(by)
    }

    async fn ttl(&self, _: &CacheKey) -> Result<Remaining> {
        Ok(Remaining::Missing)
    }

    async fn acquire_lease(&self, _: &CacheKey, _: u128, _: std::time::Duration) -> Result<u128> {
        Err(Error::unsupported("acquire_lease", self.info().name))
    }

    async fn renew_lease(&self, _: &CacheKey, _: u128, _: std::time::Duration) -> Result<bool> {
        Err(Error::unsupported("renew_lease", self.info().name))
    }

    async fn release_lease(&self, _: &CacheKey, _: u128) -> Result<bool> {
        Err(Error::unsupported("release_lease", self.info().name))
    }

    async fn claim(&self, _: &CacheKey, _: ClaimId, _: ClaimOptions) -> Result<ClaimOutcome> {
        Err(Error::unsupported("claim", self.info().name))
    }

    async fn renew_claim(&self, _: &CacheKey, _: ClaimId, _: std::time::Duration) -> Result<bool> {
        Err(Error::unsupported("renew_claim", self.info().name))
    }

    async fn release_claim(&self, _: &CacheKey, _: ClaimId) -> Result<bool> {
        Err(Error::unsupported("release_claim", self.info().name))
    }

    async fn claims(&self, _: &CacheKey) -> Result<Vec<LiveClaim>> {
        Err(Error::unsupported("claims", self.info().name))
    }

    async fn health(&self) -> Result<BackendHealth> {
        Err(Error::unsupported("health", self.info().name))
    }
}
