//! A backend that is wrong in one way.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use cache_core::error::{Error, ErrorKind, Result};
use cache_core::key::{CacheKey, KeyPattern, Namespace};
use cache_core::port::backend::{
    BackendInfo, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome, DeleteCondition, DeleteOptions, Expiry,
    LiveClaim, Remaining, SetCondition, SetOptions, counter_bytes, parse_counter,
};
use cache_core::testkit::MapBackend;
use tokio::task::yield_now;

use super::flawed_claims::FlawedClaims;

/// Nobody's token.
const PROBE: u128 = u128::MAX;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Flaw {
    Nothing,
    IgnoresIfAbsent,
    AddsInTwoSteps,
    TakesInTwoSteps,
    DeletesInTwoSteps,
    IgnoresIfUnchanged,
    ComparesPrefixes,
    ForgetsExpiry,
    CutsLivesToSeconds,
    ForgetsKeep,
    KeepsEveryDeadline,
    CountsOneTooMany,
    StopsAfterAThousand,
    MatchesByPrefix,
    ClearsEverything,
    LosesEmptyFrames,
    IgnoresCase,
    TakesTooMuch,
    KeepsTheOlderOfTooLarge,
    AnswersOutOfOrder,
    CountsGaps,
    ForgetsOptionsInBatches,
    IncrementsInTwoSteps,
    RenewsCounters,
    CountsFromFrames,
    WrapsAround,
    PretendsLeases,
    SharesLeases,
    LeasesForEver,
    FillsUnasked,
    FillsInTwoSteps,
    RenewsLeasesByName,
    SetsBesideLeases,
    TakesBesideLeases,
    CountsLeases,
    TripsOverBraces,
    PretendsClaims,
    ClaimsInTwoSteps,
    ClaimsBehindBacks,
    IgnoresTheLimit,
    IgnoresMembers,
    CountsTheEnded,
    RepeatsNumbers,
    ReleasesByName,
    RenewsByName,
    RenewsNothing,
    ClaimsForEver,
    ListsTheNewestFirst,
    ListsNoPayloads,
    ClaimsByText,
    ClearsClaims,
    TakesAnyTerms,
    NeverYields,
    StaysDisconnected,
    TtlOfSomethingElse,
}

/// Right but for its flaw, and without knowledge of what is left of a life.
#[derive(Debug)]
pub(crate) struct Flawed {
    map: MapBackend,
    flaw: Flaw,
    gone: std::sync::atomic::AtomicBool,
    claims: Arc<FlawedClaims>,
}

impl Flawed {
    pub(crate) fn new(flaw: Flaw) -> Self {
        let map = match flaw {
            Flaw::SharesLeases
            | Flaw::LeasesForEver
            | Flaw::FillsUnasked
            | Flaw::FillsInTwoSteps
            | Flaw::RenewsLeasesByName
            | Flaw::SetsBesideLeases
            | Flaw::TakesBesideLeases
            | Flaw::CountsLeases
            | Flaw::TripsOverBraces => MapBackend::leasing(),
            _ => MapBackend::new(),
        };
        Self { map, flaw, gone: false.into(), claims: Arc::new(FlawedClaims::new(flaw)) }
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    /// The key as this backend understands it.
    fn key(&self, key: &CacheKey) -> CacheKey {
        if self.is(Flaw::IgnoresCase) { key_like(key, &key.as_str().to_lowercase()) } else { key.clone() }
    }

    fn options(&self, mut options: SetOptions) -> SetOptions {
        options.expiry = match (self.flaw, options.expiry) {
            (Flaw::ForgetsExpiry, Expiry::After(_)) | (Flaw::ForgetsKeep, Expiry::Keep) => Expiry::Never,
            (Flaw::CutsLivesToSeconds, Expiry::After(life)) => {
                Expiry::After(Duration::from_secs(life.as_secs()))
            }
            (Flaw::KeepsEveryDeadline, Expiry::Never) => Expiry::Keep,
            (_, expiry) => expiry,
        };
        if self.is(Flaw::IgnoresIfUnchanged) && matches!(options.condition, SetCondition::IfUnchanged(_)) {
            options.condition = SetCondition::Always;
        }
        let leased = matches!(options.condition, SetCondition::IfLease(_));
        if self.is(Flaw::IgnoresIfAbsent) || leased && self.is(Flaw::FillsUnasked) {
            options.condition = SetCondition::Always;
        }
        options
    }
}

/// A lease that a flaw lets survive what should have ended it.
impl Flawed {
    /// Who holds the lease, for this flaw alone.
    async fn holder(&self, flaw: Flaw, key: &CacheKey) -> Option<u128> {
        if !self.is(flaw) {
            return None;
        }
        let holder = self.map.acquire_lease(key, PROBE, Duration::from_secs(60)).await.unwrap();
        if holder == PROBE {
            self.map.release_lease(key, PROBE).await.unwrap();
        }
        (holder != PROBE).then_some(holder)
    }

    async fn restore(&self, holder: Option<u128>, key: &CacheKey) {
        if let Some(holder) = holder {
            self.map.acquire_lease(key, holder, Duration::from_secs(60)).await.unwrap();
        }
    }
}

/// The key of this physical text.
fn key_like(key: &CacheKey, text: &str) -> CacheKey {
    let namespace = Namespace::new(key.as_str().split(':').next().unwrap()).unwrap();
    CacheKey::direct(&namespace, &text.replace('%', "_")).unwrap()
}

#[async_trait]
impl CacheBackend for Flawed {
    fn info(&self) -> BackendInfo {
        let mut info = self.map.info();
        info.capability.claims = self.flaw != Flaw::PretendsClaims;
        info
    }

    fn is_available(&self) -> bool {
        true
    }

    async fn connect(&self) -> Result<()> {
        Ok(())
    }

    async fn disconnect(&self) -> Result<()> {
        self.gone.store(self.is(Flaw::StaysDisconnected), std::sync::atomic::Ordering::SeqCst);
        Ok(())
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        if self.is(Flaw::NeverYields) {
            return tokio::task::unconstrained(self.map.get(key)).await;
        }
        if self.gone.load(std::sync::atomic::Ordering::SeqCst) {
            return Err(Error::new(ErrorKind::Unavailable, "gone"));
        }
        let held = self.map.get(&self.key(key)).await?;
        Ok(held.filter(|frame| !self.is(Flaw::LosesEmptyFrames) || !frame.is_empty()))
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        let (key, mut options) = (self.key(key), self.options(options));
        if frame.len() >= 1 << 20 && !self.is(Flaw::TakesTooMuch) {
            if !self.is(Flaw::KeepsTheOlderOfTooLarge) {
                self.map.delete(&key, DeleteOptions::default()).await?;
            }
            return Err(Error::new(ErrorKind::TooLarge, "too large"));
        }
        if self.is(Flaw::AddsInTwoSteps) && options.condition == SetCondition::IfAbsent {
            if self.map.exists(&key).await? {
                return Ok(false);
            }
            yield_now().await;
            options.condition = SetCondition::Always;
        }
        if let (Flaw::FillsInTwoSteps, SetCondition::IfLease(token)) = (self.flaw, options.condition) {
            if !self.map.release_lease(&key, token).await? {
                return Ok(false);
            }
            for _ in 0..4 {
                yield_now().await;
            }
            options.condition = SetCondition::Always;
        }
        let holder = self.holder(Flaw::SetsBesideLeases, &key).await;
        let stored = self.map.set(&key, frame, options).await;
        self.restore(holder, &key).await;
        stored
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        let key = self.key(key);
        if self.is(Flaw::TakesBesideLeases) {
            let holder = self.holder(Flaw::TakesBesideLeases, &key).await;
            let taken = self.map.get_and_delete(&key).await;
            self.restore(holder, &key).await;
            return taken;
        }
        if !self.is(Flaw::TakesInTwoSteps) {
            return self.map.get_and_delete(&key).await;
        }
        let held = self.map.get(&key).await?;
        yield_now().await;
        self.map.delete(&key, DeleteOptions::default()).await?;
        Ok(held)
    }

    async fn delete(&self, key: &CacheKey, mut options: DeleteOptions) -> Result<bool> {
        let key = self.key(key);
        if self.is(Flaw::DeletesInTwoSteps) {
            let there = self.map.exists(&key).await?;
            yield_now().await;
            self.map.delete(&key, options).await?;
            return Ok(there);
        }
        if let DeleteCondition::IfUnchanged(expected) = &options.condition {
            let held = self.map.get(&key).await?.unwrap_or_default();
            let alike = self.is(Flaw::ComparesPrefixes) && held.starts_with(expected);
            if self.is(Flaw::IgnoresIfUnchanged) || alike {
                options = DeleteOptions::default();
            }
        }
        let leased = self.holder(Flaw::CountsLeases, &key).await.is_some();
        Ok(self.map.delete(&key, options).await? || leased)
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        self.map.exists(&self.key(key)).await
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        let meant = match self.flaw {
            Flaw::MatchesByPrefix => {
                let name = pattern.server_glob();
                let (namespace, _) = name.split_once(":d:").unwrap();
                let wider = format!("{}*", pattern.to_string().trim_end_matches([':', '*']));
                KeyPattern::parse(&wider)?.within(&Namespace::new(namespace)?)
            }
            _ => pattern.clone(),
        };
        let removed = self.map.delete_pattern(&meant).await?;
        Ok(match self.flaw {
            Flaw::CountsOneTooMany => removed + 1,
            Flaw::StopsAfterAThousand => removed.min(1_000),
            _ => removed,
        })
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        if self.is(Flaw::ClearsEverything) {
            return self.map.delete_pattern(&KeyPattern::parse("*")?).await;
        }
        if self.is(Flaw::ClearsClaims) {
            self.claims.clear();
        }
        self.map.clear(namespace).await
    }

    async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        let mut frames = Vec::new();
        for key in keys {
            frames.push(self.get(key).await?);
        }
        if self.is(Flaw::AnswersOutOfOrder) {
            frames.sort_by_key(Option::is_none);
        }
        Ok(frames)
    }

    async fn set_many(&self, entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Result<Vec<bool>> {
        let mut stored = Vec::new();
        for (key, frame, options) in entries {
            let forgets = self.is(Flaw::ForgetsOptionsInBatches);
            stored.push(self.set(&key, frame, if forgets { SetOptions::default() } else { options }).await?);
        }
        Ok(stored)
    }

    async fn delete_many(&self, keys: &[CacheKey]) -> Result<u64> {
        let mut removed = 0;
        for key in keys {
            removed += u64::from(self.delete(key, DeleteOptions::default()).await?);
        }
        Ok(if self.is(Flaw::CountsGaps) { keys.len() as u64 } else { removed })
    }

    async fn increment(&self, key: &CacheKey, by: i64, expiry: Expiry) -> Result<i64> {
        let key = &self.key(key);
        let (held, options) = (self.map.get(key).await?, SetOptions::default().expiring(expiry));
        match (self.flaw, held) {
            (Flaw::IncrementsInTwoSteps, held) => {
                yield_now().await;
                let value = held.and_then(|held| parse_counter(&held)).unwrap_or(0) + by;
                self.map.set(key, counter_bytes(value), options.expiring(Expiry::Keep)).await?;
                Ok(value)
            }
            (Flaw::RenewsCounters, held) => {
                let value = held.and_then(|held| parse_counter(&held)).unwrap_or(0) + by;
                self.map.set(key, counter_bytes(value), options).await?;
                Ok(value)
            }
            (Flaw::CountsFromFrames, Some(held)) if parse_counter(&held).is_none() => {
                self.map.set(key, counter_bytes(by), options).await?;
                Ok(by)
            }
            (Flaw::WrapsAround, Some(held)) if parse_counter(&held).is_some() => {
                let value = parse_counter(&held).unwrap().wrapping_add(by);
                self.map.set(key, counter_bytes(value), options.expiring(Expiry::Keep)).await?;
                Ok(value)
            }
            _ => self.map.increment(key, by, self.options(options).expiry).await,
        }
    }

    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        Ok(match self.map.ttl(&self.key(key)).await? {
            Remaining::Missing => Remaining::Missing,
            _ if self.is(Flaw::TtlOfSomethingElse) => Remaining::For(Duration::from_secs(300)),
            _ => Remaining::Unknown,
        })
    }

    async fn acquire_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<u128> {
        match self.flaw {
            Flaw::PretendsLeases => Ok(token),
            Flaw::LeasesForEver => self.map.acquire_lease(key, token, Duration::from_secs(1 << 40)).await,
            Flaw::SharesLeases => self.map.acquire_lease(key, token, life).await.map(|_| token),
            Flaw::TripsOverBraces if key.as_str().contains("%7B") => {
                Err(Error::new(ErrorKind::Refused, "two slots"))
            }
            _ => self.map.acquire_lease(key, token, life).await,
        }
    }

    async fn renew_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<bool> {
        if !self.is(Flaw::RenewsLeasesByName) {
            return self.map.renew_lease(key, token, life).await;
        }
        let holder = self.map.acquire_lease(key, token, life).await?;
        self.map.renew_lease(key, holder, life).await
    }

    async fn release_lease(&self, key: &CacheKey, token: u128) -> Result<bool> {
        self.map.release_lease(key, token).await
    }

    async fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        self.claims.claim(group, id, options).await
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
