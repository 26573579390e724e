//! Giving back what may be held by nobody: a claim whose outcome is not known, or whose holder has gone.
//!
//! Promise: while the manager is there and the cache is on, the store is told again and again, until it answered
//! or the claim has ended by itself. A shutdown waits for those that are under way.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

use crate::engine::Engine;
use crate::error::Result;
use crate::key::CacheKey;
use crate::port::backend::ClaimId;

const FIRST_PAUSE: Duration = Duration::from_millis(100);
const LONGEST_PAUSE: Duration = Duration::from_secs(5);

/// What is being given back.
#[derive(Debug, Default)]
pub(in crate::engine) struct Undone {
    pending: AtomicUsize,
    done: Notify,
}

impl Undone {
    /// Waits until nothing is under way.
    pub(in crate::engine) async fn wait(&self) {
        loop {
            let done = self.done.notified();
            if self.pending.load(Ordering::Acquire) == 0 {
                return;
            }
            done.await;
        }
    }
}

/// A claim that may be held by nobody. Dropped without [`Unknown::known`], it is given back.
#[derive(Debug)]
#[must_use = "dropped at once, it gives the claim back"]
pub(super) struct Unknown {
    /// Taken when the outcome is known.
    claim: Option<Orphan>,
}

#[derive(Debug)]
struct Orphan {
    engine: Weak<Engine>,
    group: CacheKey,
    id: ClaimId,
    life: Duration,
}

impl Unknown {
    pub(super) fn new(engine: &Arc<Engine>, group: CacheKey, id: ClaimId, life: Duration) -> Self {
        Self { claim: Some(Orphan { engine: Arc::downgrade(engine), group, id, life }) }
    }

    /// Its outcome is known: there is nothing to give back.
    pub(super) fn known(mut self) {
        self.claim = None;
    }
}

impl Drop for Unknown {
    fn drop(&mut self) {
        let Some((orphan, engine)) = self.claim.take().and_then(|orphan| {
            let engine = orphan.engine.upgrade()?;
            Some((orphan, engine))
        }) else {
            return;
        };
        let under_way = UnderWay::new(&engine.undone);
        let spawner = Arc::clone(&engine.parts.spawner);
        // Without a runtime the claim ends by itself.
        let _spawned = spawner.spawn(Box::pin(async move {
            orphan.give_back(engine).await;
            drop(under_way);
        }));
    }
}

impl Orphan {
    /// The first try keeps the manager; the later ones only use it while it is there.
    async fn give_back(self, first: Arc<Engine>) {
        let until = Instant::now() + self.life.min(Duration::from_secs(86_400));
        let (mut pause, mut engine) = (FIRST_PAUSE, Some(first));
        while let Some(asked) = engine.take().filter(|engine| engine.is_enabled()) {
            if self.tell(&asked).await.is_ok() || Instant::now() + pause >= until {
                return;
            }
            drop(asked);
            sleep(pause).await;
            pause = (2 * pause).min(LONGEST_PAUSE);
            engine = self.engine.upgrade();
        }
    }

    async fn tell(&self, engine: &Engine) -> Result<bool> {
        let keeper = engine.keeper_of_claims("release_claim")?;
        let released = keeper.backend.release_claim(&self.group, self.id.clone()).await;
        released.inspect_err(|error| engine.tier_failed(keeper, "release_claim", error))
    }
}

/// Counted as long as it is there.
struct UnderWay(Arc<Undone>);

impl UnderWay {
    fn new(undone: &Arc<Undone>) -> Self {
        undone.pending.fetch_add(1, Ordering::AcqRel);
        Self(Arc::clone(undone))
    }
}

impl Drop for UnderWay {
    fn drop(&mut self) {
        self.0.pending.fetch_sub(1, Ordering::AcqRel);
        self.0.done.notify_waiters();
    }
}
