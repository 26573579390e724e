//! Claims, as people use them: ask for one, hold it, look at who holds what.
//!
//! ```
//! # use std::time::Duration;
//! # use cache_core::{manager::CacheManager, testkit::MapBackend};
//! # #[tokio::main(flavor = "current_thread")]
//! # async fn main() -> cache_core::error::Result<()> {
//! # let cache = CacheManager::builder().primary(MapBackend::new()).build()?;
//! let minute = Duration::from_secs(60);
//! let Some(job) = cache.claim_slot("user:7", 1, "report:7", minute).await? else { return Ok(()) };
//! assert!(cache.claim_slot("user:7", 1, "report:8", minute).await?.is_none());
//! job.release().await?;
//! # Ok(())
//! # }
//! ```

mod held;
mod info;

pub use held::Claim;
pub use info::ClaimInfo;

use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use serde::Serialize;

use super::CacheManager;
use crate::engine::Claimed;
use crate::error::Result;
use crate::key::CacheKey;
use crate::port::backend::ClaimOptions;
use crate::time::Ttl;

impl CacheManager {
    /// Claims `key` for `ttl`: of any number of callers, in any number of processes, one holds it until it releases
    /// or drops the [`Claim`], or until `ttl` has passed. `None`: somebody else holds it. One round trip to the
    /// primary, which alone is asked.
    ///
    /// # Errors
    /// Whatever the fail mode: `Key`; `Ttl` for zero or without an end; `TooLarge` for what it carries;
    /// `Unsupported` when there is no primary that keeps claims; `Unavailable` when the cache is off or the primary
    /// cannot be reached; `Timeout` and others when the outcome is not known, which is *not held*: what may have
    /// been claimed is given back.
    pub fn claim(&self, key: impl AsRef<str>, ttl: impl Into<Ttl>) -> ClaimRequest {
        let key = key.as_ref();
        ClaimRequest::new(self, CacheKey::of_claim(self.namespace(), key), key, 1, ttl.into())
    }

    /// Claims one of `limit` slots of a group for `key`, which can have one of them only. `None`: `key` has one
    /// already, or all are taken; [`ClaimRequest::outcome`] tells which. Otherwise as [`CacheManager::claim`].
    ///
    /// # Errors
    /// As for [`CacheManager::claim`]; `Config` for a limit of 0 or more than 1,000.
    pub fn claim_slot(
        &self,
        group: impl AsRef<str>,
        limit: u32,
        key: impl AsRef<str>,
        ttl: impl Into<Ttl>,
    ) -> ClaimRequest {
        let slots = CacheKey::of_slots(self.namespace(), group.as_ref());
        ClaimRequest::new(self, slots, key.as_ref(), limit, ttl.into())
    }

    /// Who holds the slots of a group, oldest claim first. One round trip.
    ///
    /// # Errors
    /// As for [`CacheManager::claim`].
    pub async fn claims(&self, group: impl AsRef<str>) -> Result<Vec<ClaimInfo>> {
        self.list(CacheKey::of_slots(self.namespace(), group.as_ref())?).await
    }

    /// Who holds the claim of `key`, if anybody does. One round trip.
    ///
    /// # Errors
    /// As for [`CacheManager::claim`].
    pub async fn claim_holder(&self, key: impl AsRef<str>) -> Result<Option<ClaimInfo>> {
        let claims = self.list(CacheKey::of_claim(self.namespace(), key.as_ref())?).await?;
        Ok(claims.into_iter().next())
    }

    async fn list(&self, group: CacheKey) -> Result<Vec<ClaimInfo>> {
        let live = self.engine().claims(&group).await?;
        let place = self.engine().place_of_claim(&group);
        Ok(live.into_iter().map(|claim| ClaimInfo::new(place, &group, claim)).collect())
    }
}

/// A claim that has not been asked for: await it, or say more first.
#[must_use = "nothing is claimed until it is awaited"]
pub struct ClaimRequest {
    manager: CacheManager,
    group: Result<CacheKey>,
    member: Arc<str>,
    limit: u32,
    ttl: Ttl,
    payload: Result<Bytes>,
    renewing: bool,
}

impl ClaimRequest {
    fn new(manager: &CacheManager, group: Result<CacheKey>, member: &str, limit: u32, ttl: Ttl) -> Self {
        let (manager, payload) = (manager.clone(), Ok(Bytes::new()));
        Self { manager, group, member: member.into(), limit, ttl, payload, renewing: false }
    }

    /// What others can read while it is held ([`ClaimInfo::payload`]): at most 4 KiB when encoded, 74 bytes of
    /// which are not yours (102 when the manager is secure: it is sealed then).
    pub fn payload<T: Serialize + ?Sized>(mut self, payload: &T) -> Self {
        let engine = self.manager.engine();
        self.payload =
            self.group.clone().and_then(|group| info::encode(engine.place_of_claim(&group), payload));
        self
    }

    /// Renews it in the background, every third of its ttl, as long as the [`Claim`] is there. For work that may
    /// take longer than the ttl, which then only says how soon others may go on after this process died.
    pub fn renewing(mut self) -> Self {
        self.renewing = true;
        self
    }

    /// Claims, and says why not.
    ///
    /// # Errors
    /// As for [`CacheManager::claim`].
    pub async fn outcome(self) -> Result<ClaimResult> {
        let (engine, group) = (self.manager.engine_handle(), self.group?);
        let life = self.ttl.resolve(engine.default_ttl())?.duration().unwrap_or(Duration::MAX);
        let terms = ClaimOptions::new(life).at_most(self.limit).carrying(self.payload?);
        Ok(match engine.claim(group, self.member, terms).await? {
            Claimed::Taken => ClaimResult::Taken,
            Claimed::Full => ClaimResult::Full,
            Claimed::Held(holding) => {
                if self.renewing && !holding.keep_renewing() {
                    tracing::warn!("a claim is not renewed: there is no runtime to do that on");
                }
                ClaimResult::Held(Claim::of(holding))
            }
        })
    }
}

impl IntoFuture for ClaimRequest {
    type Output = Result<Option<Claim>>;
    type IntoFuture = Pin<Box<dyn Future<Output = Self::Output> + Send>>;

    fn into_future(self) -> Self::IntoFuture {
        Box::pin(async move {
            Ok(match self.outcome().await? {
                ClaimResult::Held(claim) => Some(claim),
                ClaimResult::Taken | ClaimResult::Full => None,
            })
        })
    }
}

impl fmt::Debug for ClaimRequest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ClaimRequest")
            .field("group", &self.group)
            .field("limit", &self.limit)
            .field("ttl", &self.ttl)
            .finish_non_exhaustive()
    }
}

/// What became of a claim, see [`ClaimRequest::outcome`].
#[derive(Debug)]
#[must_use = "a claim that is dropped is released"]
pub enum ClaimResult {
    /// It is held.
    Held(Claim),
    /// Somebody holds it already.
    Taken,
    /// All slots of the group are taken, by others.
    Full,
}
