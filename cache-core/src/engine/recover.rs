//! The way back to the primary: it is told what it missed, what the fallback held is dropped, and it serves again.
//!
//! Promise: it serves nothing before it has been told everything; no caller pays for one that only says that it is back, or
//! that refuses to be told. What it is to be told is in [`recovery`](crate::recovery).

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::engine::Engine;
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::backend::DeleteOptions;
use crate::port::recorder::Event;
use crate::recovery::{Entries, Taken};
use crate::stamp::Scope;

/// How long the callers at the beginning of a recovery wait for it.
pub(super) const MOMENT: Duration = Duration::from_millis(25);
/// How often a recovery looks whether anybody has a handle on its manager.
const LOOK: Duration = Duration::from_millis(250);

impl Engine {
    /// Has the primary told what it missed, by a task of its own: a caller must not pay for a primary that only says
    /// that it is back. The caller that begins it waits for a moment, in which a primary that is back is done; all others
    /// use the fallback meanwhile, if that serves already. Where there is nothing to run a task on, the caller does it.
    pub(super) async fn begin_recovery(&self) {
        let Ok(alone) = Arc::clone(&self.recovering).try_lock_owned() else {
            return self.await_recovery().await;
        };
        let (done, over) = oneshot::channel::<()>();
        let (engine, stop) = (self.me.upgrade(), self.background.stopped());
        let task = async move {
            let (_done, _alone, Some(engine)) = (done, alone, engine) else { return };
            tokio::select! {
                () = engine.recover() => {}
                () = stop => {}
                () = abandoned(&engine) => {}
            }
        };
        if Handle::try_current().is_ok() && self.spawn(Box::pin(task)) {
            let _ = timeout(MOMENT, over).await;
        } else if let Ok(_alone) = self.recovering.try_lock() {
            self.recover().await;
        }
    }

    /// A recovery is under way. A primary that has served until now mostly is done in a moment (a caller went away in the
    /// middle of its write): all others would have to load meanwhile. When that moment is over the fallback serves, and
    /// nobody waits any more.
    async fn await_recovery(&self) {
        if !self.parts.tiers.on_fallback() && Handle::try_current().is_ok() {
            let _ = timeout(MOMENT, self.recovering.lock()).await;
        }
    }

    /// Tells the primary what it missed and drops what the fallback held. One at a time.
    pub(super) async fn recover(&self) {
        if !self.primary_answers().await {
            return;
        }
        let mut applied = 0;
        while self.journal.is_pending() {
            let mut taken = self.journal.take();
            if let Err(error) = self.tell_all(&mut taken).await {
                drop(taken);
                return self.not_told(&error);
            }
            applied += taken.settle();
        }
        if self.journal.refusals.taken() {
            tracing::info!(
                primary = self.parts.tiers.primary().name,
                "the primary tier takes what it refused"
            );
        }
        self.come_back(applied).await;
    }

    /// It goes on owing. A refusal does not end by asking often, and somebody has to mend it: so it is said, once.
    fn not_told(&self, error: &Error) {
        let primary = self.parts.tiers.primary();
        self.tier_failed(primary, "recover", error);
        // A disk that fails does not heal by itself either.
        if error.is_transient() && error.kind() != ErrorKind::Io {
            return;
        }
        if self.journal.refusals.refused(error, self.parts.clock.tick(), self.parts.jitter.draw()) {
            tracing::error!(
                primary = primary.name,
                owed = self.journal.len(),
                %error,
                "the primary tier refuses to be told what was invalidated: it serves nothing until it takes that"
            );
        }
    }

    async fn tell_all(&self, taken: &mut Taken<'_>) -> Result<()> {
        self.apply(taken.entries()).await?;
        taken.invalidated();
        while let Some((key, count)) = taken.pop_count() {
            self.add_count(&key, count).await?;
        }
        Ok(())
    }

    /// Whether the primary is back, and does not only say so: a circuit breaker says it as soon as it may be probed. The
    /// fallback, which is emptied when it hands over, must not pay for probes that fail. And a reader must not pay for
    /// writes that hang: a probe is a read, whose deadline is the shortest, and all probes are under way at once.
    async fn primary_answers(&self) -> bool {
        if !self.parts.tiers.on_fallback() {
            return self.probe().await;
        }
        // Three good answers close a circuit breaker.
        let answers = tokio::join!(self.probe(), self.probe(), self.probe());
        answers == (true, true, true)
    }

    async fn probe(&self) -> bool {
        let primary = self.parts.tiers.primary();
        let Ok(any) = CacheKey::direct(&self.parts.namespace, "probe") else { return true };
        match primary.backend.exists(&any).await {
            Err(error) if error.is_transient() => {
                self.tier_failed(primary, "probe", &error);
                false
            }
            // A refusal is an answer.
            Ok(_) | Err(_) => true,
        }
    }

    /// Removes from the primary what the journal holds. What was on its way there goes first: a landing that looked
    /// at the stamps before the invalidation must not arrive after it.
    async fn apply(&self, entries: &Entries) -> Result<()> {
        let primary = self.parts.tiers.primary().backend;
        if entries.everything || !entries.patterns.is_empty() {
            self.gate.pass(Scope::Everything).await;
        }
        for key in entries.keys.iter().chain(entries.expired.keys()) {
            self.gate.pass(Scope::Key(key)).await;
        }
        if entries.everything {
            return self.clear_tier(self.parts.tiers.primary()).await.map(drop);
        }
        let (any_tag, _) = self.markers(&[]);
        if entries.keys.contains(&any_tag) {
            primary.delete(&any_tag, DeleteOptions::default()).await?;
        }
        let keys: Vec<_> = entries.keys.iter().cloned().collect();
        for batch in keys.chunks(500) {
            primary.delete_many(batch).await?;
        }
        for pattern in &entries.patterns {
            self.remove_matching(self.parts.tiers.primary(), pattern).await?;
        }
        for (key, at) in &entries.expired {
            if self.end_life(self.parts.tiers.primary(), key, *at).await?.is_none() {
                primary.delete(key, DeleteOptions::default()).await?;
            }
        }
        Ok(())
    }

    async fn come_back(&self, applied: u64) {
        let tiers = &self.parts.tiers;
        if applied > 0 {
            self.parts.recorder.record(&Event::Recovered { applied });
        }
        if !tiers.on_fallback() {
            return;
        }
        let owed = tiers.fallback_debt();
        self.clear_fallback().await;
        if tiers.switch(false) {
            self.parts.recorder.record(&Event::Switched { to: tiers.primary().name });
            tracing::info!(primary = tiers.primary().name, applied, "the primary tier serves again");
        }
        // What was on its way to the fallback has arrived when the gate has been passed.
        self.gate.pass(Scope::Everything).await;
        if self.clear_fallback().await {
            owed.into_iter().for_each(|owed| tiers.pay_fallback(owed));
        }
    }

    /// Whether the fallback could be cleared; it is owed otherwise.
    pub(super) async fn clear_fallback(&self) -> bool {
        let fallback = self.parts.tiers.fallback();
        let cleared = self.clear_tier(fallback).await;
        if let Err(error) = &cleared {
            self.tier_failed(fallback, "clear", error);
            self.parts.tiers.owe_fallback();
        }
        cleared.is_ok()
    }
}

/// Ends when nobody but the recovery itself has a handle on the manager.
async fn abandoned(engine: &Arc<Engine>) {
    while Arc::strong_count(engine) > 1 {
        sleep(LOOK).await;
    }
}
