//! A claim in our hands: until when it is certainly ours, and what keeps it so.
//!
//! Promise: it is said to be held only while the store cannot have ended it. The life is counted from before the store
//! was asked, by our monotonic clock, less an allowance for clocks that run at different speeds.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::timeout;

use super::undo::Unknown;
use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::backend::ClaimId;
use crate::time::{Life, Tick};

/// How a failed renewal is tried again: soon, and not in a loop that keeps a store from recovering.
const RETRY: std::ops::RangeInclusive<Duration> = Duration::from_millis(10)..=Duration::from_secs(5);

/// A claim of this process.
pub(crate) struct Holding {
    engine: Arc<Engine>,
    group: CacheKey,
    id: ClaimId,
    life: Duration,
    fence: AtomicU64,
    until: AtomicU64,
    /// It was given back, or the store said that it is not ours.
    over: AtomicBool,
    ended: Notify,
}

impl Holding {
    /// Begins to count its life, before the store is asked.
    pub(super) fn asking(engine: &Arc<Engine>, group: CacheKey, id: ClaimId, life: Duration) -> Arc<Self> {
        let until = AtomicU64::new(certain_until(engine.parts.clock.tick(), life).0);
        let engine = Arc::clone(engine);
        let (fence, over, ended) = (AtomicU64::new(0), AtomicBool::new(false), Notify::new());
        Arc::new(Self { engine, group, id, life, fence, until, over, ended })
    }

    /// The store has granted it; too late, it is none.
    pub(super) fn granted(self: Arc<Self>, fence: u64) -> Result<Arc<Self>> {
        self.fence.store(fence, Ordering::Release);
        if self.is_held() {
            return Ok(self);
        }
        Err(Error::new(ErrorKind::Timeout, "the claim had ended, or nearly so, when the store answered")
            .during("claim")
            .with_fix("give claims a life well above the store's deadline"))
    }

    pub(super) fn unknown(&self) -> Unknown {
        Unknown::new(&self.engine, self.group.clone(), self.id.clone(), self.life)
    }

    pub(crate) fn group(&self) -> &CacheKey {
        &self.group
    }

    pub(crate) fn id(&self) -> &ClaimId {
        &self.id
    }

    pub(crate) fn fence(&self) -> u64 {
        self.fence.load(Ordering::Acquire)
    }

    /// Whether it is certainly still ours. No I/O.
    pub(crate) fn is_held(&self) -> bool {
        !self.remaining().is_zero()
    }

    /// How long it certainly goes on.
    pub(crate) fn remaining(&self) -> Duration {
        if self.over.load(Ordering::Acquire) {
            return Duration::ZERO;
        }
        let until = Tick(self.until.load(Ordering::Acquire));
        until.remaining(self.engine.parts.clock.tick()).and_then(Life::duration).unwrap_or_default()
    }

    /// Lets it live its whole life once more; `false` when it is not ours any more. After an error it is held as
    /// long as it was before.
    pub(crate) async fn renew(&self) -> Result<bool> {
        if self.over.load(Ordering::Acquire) {
            return Ok(false);
        }
        let keeper = self.engine.keeper_of_claims("renew_claim")?;
        let until = certain_until(self.engine.parts.clock.tick(), self.life);
        match keeper.backend.renew_claim(&self.group, self.id.clone(), self.life).await {
            Ok(true) => {
                self.until.fetch_max(until.0, Ordering::AcqRel);
                Ok(!self.over.load(Ordering::Acquire))
            }
            Ok(false) => {
                self.over.store(true, Ordering::Release);
                Ok(false)
            }
            Err(error) => {
                self.engine.tier_failed(keeper, "renew_claim", &error);
                Err(error)
            }
        }
    }

    /// Gives it back; whether it was still ours. What is not known to be given back is tried again.
    pub(crate) async fn release(&self) -> Result<bool> {
        if self.end() {
            return Ok(false);
        }
        let unknown = self.unknown();
        let keeper = self.engine.keeper_of_claims("release_claim")?;
        match keeper.backend.release_claim(&self.group, self.id.clone()).await {
            Ok(released) => {
                unknown.known();
                Ok(released)
            }
            Err(error) => {
                self.engine.tier_failed(keeper, "release_claim", &error);
                Err(error)
            }
        }
    }

    /// Gives it back in the background.
    pub(crate) fn abandon(&self) {
        if !self.end() {
            drop(self.unknown());
        }
    }

    /// Nobody holds it any more here; whether that was so already.
    fn end(&self) -> bool {
        self.ended.notify_one();
        self.over.swap(true, Ordering::AcqRel)
    }

    /// Renews it in the background, as long as it is held. `false` when there is nothing to run that on.
    pub(crate) fn keep_renewing(self: &Arc<Self>) -> bool {
        let hold = Arc::clone(self);
        self.engine.spawn(Box::pin(async move {
            let mut pause = hold.life / 3;
            while timeout(pause, hold.ended.notified()).await.is_err() && hold.is_held() {
                pause = hold.renew_in_time().await;
            }
        }))
    }

    /// One renewal, and the pause after it.
    async fn renew_in_time(&self) -> Duration {
        match timeout(self.life / 3, self.renew()).await {
            Ok(Ok(true)) => self.life / 3,
            Ok(Ok(false)) => {
                tracing::warn!(claim = %self.group, "a claim that was to be renewed is lost");
                Duration::ZERO
            }
            Ok(Err(_)) | Err(_) => (self.life / 10).clamp(*RETRY.start(), *RETRY.end()),
        }
    }
}

/// A hundredth, and two milliseconds, are left to the differences of clocks.
fn certain_until(asked: Tick, life: Duration) -> Tick {
    let allowance = life / 100 + Duration::from_millis(2);
    asked.after(Life::For(life.saturating_sub(allowance)))
}

impl fmt::Debug for Holding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Holding")
            .field("group", &self.group)
            .field("fence", &self.fence())
            .field("remaining", &self.remaining())
            .finish_non_exhaustive()
    }
}
