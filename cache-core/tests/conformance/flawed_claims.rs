//! Claims that are wrong in one way.

use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use bytes::Bytes;
use cache_core::error::Result;
use cache_core::key::CacheKey;
use cache_core::port::backend::{ClaimId, ClaimOptions, ClaimOutcome, LiveClaim};
use tokio::task::yield_now;
use tokio::time::Instant;

use super::flawed::Flaw;

/// Right but for its flaw.
#[derive(Debug)]
pub(crate) struct FlawedClaims {
    flaw: Flaw,
    groups: Mutex<HashMap<String, Group>>,
}

#[derive(Debug, Default)]
struct Group {
    claims: Vec<Held>,
    last: u64,
}

#[derive(Debug)]
struct Held {
    id: ClaimId,
    fence: u64,
    ends: Instant,
    payload: Bytes,
}

impl FlawedClaims {
    pub(crate) fn new(flaw: Flaw) -> Self {
        Self { flaw, groups: Mutex::default() }
    }

    pub(crate) fn clear(&self) {
        self.groups.lock().unwrap().clear();
    }

    fn is(&self, flaw: Flaw) -> bool {
        self.flaw == flaw
    }

    fn group<T>(&self, name: &CacheKey, act: impl FnOnce(&mut Group) -> T) -> T {
        // By their text alone, a claim and a group of slots of one name are the same.
        let wider = if self.is(Flaw::ClaimsByText) { ":c:k:" } else { ":c:g:" };
        let mut groups = self.groups.lock().unwrap();
        let group = groups.entry(name.as_str().replacen(":c:g:", wider, 1)).or_default();
        if !self.is(Flaw::CountsTheEnded) {
            group.claims.retain(|held| Instant::now() < held.ends);
        }
        act(group)
    }

    fn refusal(&self, group: &Group, id: &ClaimId, limit: u32) -> Option<ClaimOutcome> {
        if group.claims.iter().any(|held| held.id.member == id.member) && !self.is(Flaw::IgnoresMembers) {
            return Some(ClaimOutcome::Taken);
        }
        let full = group.claims.len() >= usize::try_from(limit).unwrap() && !self.is(Flaw::IgnoresTheLimit);
        full.then_some(ClaimOutcome::Full)
    }

    pub(crate) async fn claim(
        self: &Arc<Self>,
        name: &CacheKey,
        id: ClaimId,
        options: ClaimOptions,
    ) -> Result<ClaimOutcome> {
        if !self.is(Flaw::ClaimsBehindBacks) {
            return self.claim_now(name, id, options).await;
        }
        let (claims, name) = (Arc::clone(self), name.clone());
        let late = async move {
            for _ in 0..5 {
                yield_now().await;
            }
            claims.claim_now(&name, id, options).await
        };
        tokio::spawn(late).await.unwrap()
    }

    async fn claim_now(&self, name: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        if !self.is(Flaw::TakesAnyTerms) {
            options.check(&id)?;
        }
        if self.is(Flaw::ClaimsInTwoSteps) {
            if let Some(refused) = self.group(name, |group| self.refusal(group, &id, options.limit)) {
                return Ok(refused);
            }
            yield_now().await;
        }
        Ok(self.group(name, |group| {
            let refused = self.refusal(group, &id, options.limit);
            if let Some(refused) = refused.filter(|_| !self.is(Flaw::ClaimsInTwoSteps)) {
                return refused;
            }
            group.last += u64::from(!self.is(Flaw::RepeatsNumbers) || group.last == 0);
            let life = if self.is(Flaw::ClaimsForEver) { Duration::from_secs(9_999) } else { options.life };
            let ends = Instant::now() + life.min(Duration::from_secs(9_999));
            group.claims.push(Held { id, fence: group.last, ends, payload: options.payload });
            ClaimOutcome::Held { fence: group.last }
        }))
    }

    pub(crate) fn renew(&self, name: &CacheKey, id: &ClaimId, life: Duration) -> Result<bool> {
        if !self.is(Flaw::TakesAnyTerms) {
            ClaimOptions::new(life).check(id)?;
        }
        let ends = Instant::now() + life;
        Ok(self.group(name, |group| {
            let meant = |held: &&mut Held| {
                held.id == *id || self.is(Flaw::RenewsByName) && held.id.member == id.member
            };
            let found = group.claims.iter_mut().find(meant);
            found
                .map(|held| held.ends = if self.is(Flaw::RenewsNothing) { held.ends } else { ends })
                .is_some()
        }))
    }

    pub(crate) fn release(&self, name: &CacheKey, id: &ClaimId) -> bool {
        self.group(name, |group| {
            let by_name = self.is(Flaw::ReleasesByName);
            let before = group.claims.len();
            group.claims.retain(|held| held.id != *id && !(by_name && held.id.member == id.member));
            group.claims.len() < before
        })
    }

    pub(crate) fn live(&self, name: &CacheKey) -> Vec<LiveClaim> {
        self.group(name, |group| {
            let now = Instant::now();
            let mut live: Vec<_> = group.claims.iter().filter(|held| now < held.ends).collect();
            if self.is(Flaw::ListsTheNewestFirst) {
                live.reverse();
            }
            live.into_iter().map(|held| self.seen(held, now)).collect()
        })
    }

    fn seen(&self, held: &Held, now: Instant) -> LiveClaim {
        let payload = if self.is(Flaw::ListsNoPayloads) { Bytes::new() } else { held.payload.clone() };
        LiveClaim::new(held.id.member.clone(), held.fence, held.ends - now, payload)
    }
}
