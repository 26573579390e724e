//! The one forwarding impl: a layer says what it does around a call, and this makes a backend of it.

use std::fmt;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;

use super::Call;
use crate::error::Result;
use crate::key::{CacheKey, KeyPattern, Namespace};
use crate::port::backend::{
    BackendHealth, BackendInfo, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome, DeleteOptions, Expiry,
    LiveClaim, Remaining, SetOptions, Verb,
};

/// The answer of the inner backend, not waited for yet.
pub(crate) type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// What a layer does around a call.
pub(crate) trait Around: Send + Sync + 'static {
    /// Makes the call: once, not at all, or, if it is repeatable, as often as it likes. Dropped half-way, it drops the
    /// inner call.
    fn call<'a, T: Send + 'a>(
        &'a self,
        call: Call<'a>,
        make: impl FnMut() -> Answer<'a, T> + Send + 'a,
    ) -> impl Future<Output = Result<T>> + Send + 'a;

    /// Whether this layer would let a call through now.
    fn lets_through(&self) -> bool {
        true
    }
}

/// A backend with a layer around it.
pub(crate) struct Wrapped<A> {
    around: A,
    inner: Arc<dyn CacheBackend>,
    name: &'static str,
}

impl<A: Around> Wrapped<A> {
    /// Puts it around.
    pub(crate) fn put(around: A, inner: Arc<dyn CacheBackend>) -> Arc<dyn CacheBackend> {
        let name = inner.info().name;
        Arc::new(Self { around, inner, name })
    }

    fn of(&self, verb: Verb) -> Call<'static> {
        Call::new(self.name, verb)
    }
}

/// A layer prints as what is inside: who reads a report wants to know the store.
impl<A> fmt::Debug for Wrapped<A> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Layered").field(&self.inner).finish()
    }
}

#[async_trait]
#[deny(clippy::missing_trait_methods)]
impl<A: Around> CacheBackend for Wrapped<A> {
    fn info(&self) -> BackendInfo {
        self.inner.info()
    }

    fn is_available(&self) -> bool {
        self.around.lets_through() && self.inner.is_available()
    }

    async fn connect(&self) -> Result<()> {
        self.around.call(self.of(Verb::Connect), || self.inner.connect()).await
    }

    async fn disconnect(&self) -> Result<()> {
        self.around.call(self.of(Verb::Disconnect), || self.inner.disconnect()).await
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        self.around.call(self.of(Verb::Get).about(key), || self.inner.get(key)).await
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        let call = self.of(Verb::Set).about(key).storing([&options]);
        self.around.call(call, || self.inner.set(key, frame.clone(), options)).await
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        let call = self.of(Verb::GetAndDelete).about(key);
        self.around.call(call, || self.inner.get_and_delete(key)).await
    }

    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        let call = self.of(Verb::Delete).about(key);
        self.around.call(call, || self.inner.delete(key, options.clone())).await
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        self.around.call(self.of(Verb::Exists).about(key), || self.inner.exists(key)).await
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        self.around.call(self.of(Verb::DeletePattern), || self.inner.delete_pattern(pattern)).await
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        self.around.call(self.of(Verb::Clear), || self.inner.clear(namespace)).await
    }

    async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        let call = self.of(Verb::GetMany).of_many(keys.len());
        self.around.call(call, || self.inner.get_many(keys)).await
    }

    async fn set_many(&self, entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Result<Vec<bool>> {
        let options = entries.iter().map(|(_, _, options)| options);
        let call = self.of(Verb::SetMany).of_many(entries.len()).storing(options);
        self.around.call(call, || self.inner.set_many(entries.clone())).await
    }

    async fn delete_many(&self, keys: &[CacheKey]) -> Result<u64> {
        let call = self.of(Verb::DeleteMany).of_many(keys.len());
        self.around.call(call, || self.inner.delete_many(keys)).await
    }

    async fn increment(&self, key: &CacheKey, by: i64, expiry: Expiry) -> Result<i64> {
        let call = self.of(Verb::Increment).about(key);
        self.around.call(call, || self.inner.increment(key, by, expiry)).await
    }

    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        self.around.call(self.of(Verb::Ttl).about(key), || self.inner.ttl(key)).await
    }

    async fn acquire_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<u128> {
        let call = self.of(Verb::AcquireLease).about(key);
        self.around.call(call, || self.inner.acquire_lease(key, token, life)).await
    }

    async fn renew_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<bool> {
        let call = self.of(Verb::RenewLease).about(key);
        self.around.call(call, || self.inner.renew_lease(key, token, life)).await
    }

    async fn release_lease(&self, key: &CacheKey, token: u128) -> Result<bool> {
        let call = self.of(Verb::ReleaseLease).about(key);
        self.around.call(call, || self.inner.release_lease(key, token)).await
    }

    async fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        let call = self.of(Verb::Claim).about(group);
        self.around.call(call, || self.inner.claim(group, id.clone(), options.clone())).await
    }

    async fn renew_claim(&self, group: &CacheKey, id: ClaimId, life: Duration) -> Result<bool> {
        let call = self.of(Verb::RenewClaim).about(group);
        self.around.call(call, || self.inner.renew_claim(group, id.clone(), life)).await
    }

    async fn release_claim(&self, group: &CacheKey, id: ClaimId) -> Result<bool> {
        let call = self.of(Verb::ReleaseClaim).about(group);
        self.around.call(call, || self.inner.release_claim(group, id.clone())).await
    }

    async fn claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        self.around.call(self.of(Verb::Claims).about(group), || self.inner.claims(group)).await
    }

    async fn health(&self) -> Result<BackendHealth> {
        self.around.call(self.of(Verb::Health), || self.inner.health()).await
    }
}
