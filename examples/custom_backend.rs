//! A store of your own behind the cache: eleven short verbs, and a suite that says whether they are right.
//!
//! ```text
//! cargo run --example custom_backend
//! ```
//!
//! `TinyBackend` is a map. It declares what it can do beyond the plain verbs: **claims** (the table for them comes
//! with larder), and neither leases nor persistence nor sharing with other processes. Batches, counters and `ttl`
//! are the defaults of the trait, which are right and slow. What is not declared is not promised, and not checked.
#![allow(clippy::print_stdout, reason = "an example talks")]

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use larder::testkit::conformance::{self, Subject};
use larder::{
    BackendInfo, BackendKind, Bytes, CacheBackend, CacheKey, CacheManager, ClaimId, ClaimOptions,
    ClaimOutcome, ClaimTable, DeleteCondition, DeleteOptions, Error, Expiry, KeyPattern, LiveClaim,
    Namespace, Result, SetCondition, SetOptions,
};
use tokio::task::consume_budget;

type Held = HashMap<CacheKey, (Bytes, Option<Instant>)>;

#[derive(Debug, Default)]
struct TinyBackend {
    held: Mutex<Held>,
    claims: ClaimTable,
}

impl TinyBackend {
    /// What is held now. Whoever answers without waiting spends some of the task's budget, so that others get a turn.
    async fn held(&self) -> MutexGuard<'_, Held> {
        consume_budget().await;
        let mut held = self.held.lock().unwrap_or_else(PoisonError::into_inner);
        held.retain(|_, (_, end)| end.is_none_or(|end| Instant::now() < end));
        held
    }

    async fn remove(&self, meant: impl Fn(&CacheKey) -> bool) -> u64 {
        let mut held = self.held().await;
        let before = held.len();
        held.retain(|key, _| !meant(key));
        (before - held.len()) as u64
    }
}

#[async_trait]
impl CacheBackend for TinyBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("tiny", BackendKind::Custom).claiming()
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
        Ok(self.held().await.get(key).map(|(frame, _)| frame.clone()))
    }
    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        let mut held = self.held().await;
        let older = held.get(key).map(|(_, end)| *end);
        match options.condition {
            SetCondition::Always => {}
            SetCondition::IfAbsent if older.is_some() => return Ok(false),
            SetCondition::IfAbsent => {}
            _ => return Err(Error::unsupported("set under this condition", "tiny")),
        }
        let end = match options.expiry {
            Expiry::Never => None,
            Expiry::After(life) => Instant::now().checked_add(life),
            Expiry::Keep => older.flatten(),
        };
        held.insert(key.clone(), (frame, end));
        Ok(true)
    }
    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        Ok(self.held().await.remove(key).map(|(frame, _)| frame))
    }
    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        let mut held = self.held().await;
        let meant = match &options.condition {
            DeleteCondition::Always => true,
            DeleteCondition::IfUnchanged(frame) => held.get(key).is_some_and(|(held, _)| held == frame),
            _ => return Err(Error::unsupported("delete under this condition", "tiny")),
        };
        Ok(meant && held.remove(key).is_some())
    }
    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        Ok(self.held().await.contains_key(key))
    }
    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        Ok(self.remove(|key| pattern.matches(key.as_str())).await)
    }
    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        Ok(self.remove(|key| key.as_str().starts_with(&namespace.data_prefix())).await)
    }

    // Declared, so promised: claims. Left out, these four would answer `Unsupported`.
    async fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        self.claims.claim(group, id, options)
    }
    async fn renew_claim(&self, group: &CacheKey, id: ClaimId, life: Duration) -> Result<bool> {
        self.claims.renew(group, &id, life)
    }
    async fn release_claim(&self, group: &CacheKey, id: ClaimId) -> Result<bool> {
        Ok(self.claims.release(group, &id))
    }
    async fn claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        Ok(self.claims.live(group))
    }
}

#[tokio::main]
async fn main() -> Result<()> {
    let subject = Subject::new(TinyBackend::default());
    let capability = subject.backend().info().capability;
    let asked = conformance::all().into_iter().filter(|promise| promise.needs.met_by(capability)).count();
    conformance::run(&subject).await;
    println!("tiny keeps all {asked} promises that it makes: {capability:?}");
    assert!(capability.claims && !capability.leases && !capability.persistent && !capability.shared);

    let cache = CacheManager::builder().primary(TinyBackend::default()).build()?;
    let loaded = cache.get_or_load("user:7", || async { Ok::<_, Error>("Ada".to_owned()) }).await;
    assert_eq!(loaded.ok().as_deref(), Some("Ada"));
    assert_eq!(cache.get::<String>("user:7").await?.as_deref(), Some("Ada"));
    assert_eq!(cache.increment("visits", 2, Duration::from_secs(60)).await?, 2);
    println!("and a manager over it serves, counts and claims");
    Ok(())
}
