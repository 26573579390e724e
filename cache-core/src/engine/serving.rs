//! Which byte tier serves, and the way back to the primary.

use std::sync::Arc;
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::oneshot;
use tokio::time::{sleep, timeout};

use crate::engine::{Engine, What};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;
use crate::port::backend::DeleteOptions;
use crate::port::recorder::Event;
use crate::recovery::{Entries, Taken};
use crate::stamp::Scope;
use crate::tier::Tier;

/// How long a shutdown waits for claims that are given back and fills that are under way, and for the primary to take its
/// journal.
const LAST_WORDS: Duration = Duration::from_secs(1);

/// How long the callers at the beginning of a recovery wait for it.
const MOMENT: Duration = Duration::from_millis(25);
/// How often a recovery looks whether anybody has a handle on its manager.
const LOOK: Duration = Duration::from_millis(250);

/// The byte tier to ask.
#[derive(Debug)]
pub(super) enum Serving<'a> {
    /// The primary.
    Primary(Tier<'a>),
    /// The fallback: the primary cannot be asked.
    Fallback(Tier<'a>),
    /// None can be asked.
    Nothing(Reason),
}

impl Engine {
    /// Goes back to the primary when that is due: has it told what it missed. That waits for the writes that are under
    /// way, so it comes before the gate, never inside.
    pub(super) async fn settle(&self) {
        let available = self.parts.tiers.primary().backend.is_available();
        if available && !self.is_settled() && self.journal.refusals.may_try(self.parts.clock.tick()) {
            self.begin_recovery().await;
        }
        if !available || !self.is_settled() {
            self.settle_fallback().await;
        }
    }

    /// Clears a fallback that could not be told of an invalidation, before it serves. What was on its way there goes
    /// first.
    async fn settle_fallback(&self) {
        let tiers = &self.parts.tiers;
        if !tiers.has_fallback() || tiers.fallback_debt().is_none() {
            return;
        }
        let Ok(_alone) = self.recovering.try_lock() else { return };
        if let Some(owed) = tiers.fallback_debt() {
            self.gate.pass(Scope::Everything).await;
            if self.clear_fallback().await {
                tiers.pay_fallback(owed);
            }
        }
    }

    /// The primary, when it can be reached and has been told everything; else the fallback.
    pub(super) fn serving(&self) -> Serving<'_> {
        let tiers = &self.parts.tiers;
        let available = tiers.primary().backend.is_available();
        if available && self.is_settled() {
            return Serving::Primary(tiers.primary());
        }
        if tiers.switch(true) {
            self.parts.recorder.record(&Event::Switched { to: tiers.fallback().name });
            tracing::warn!(
                primary = tiers.primary().name,
                fallback = tiers.fallback().name,
                "the primary tier is unavailable"
            );
        }
        match (tiers.has_fallback(), available) {
            (true, _) if tiers.fallback_debt().is_none() => Serving::Fallback(tiers.fallback()),
            (true, _) | (false, true) => Serving::Nothing(Reason::Quarantined),
            (false, false) => Serving::Nothing(Reason::TierError),
        }
    }

    fn is_settled(&self) -> bool {
        !self.journal.is_pending() && !self.parts.tiers.on_fallback()
    }

    /// Has the primary told what it missed, by a task of its own: a caller must not pay for a primary that only says
    /// that it is back. The caller that begins it waits for a moment, in which a primary that is back is done; all others
    /// use the fallback meanwhile, if that serves already. Where there is nothing to run a task on, the caller does it.
    async fn begin_recovery(&self) {
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
    async fn recover(&self) {
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
    async fn clear_fallback(&self) -> bool {
        let fallback = self.parts.tiers.fallback();
        let cleared = self.clear_tier(fallback).await;
        if let Err(error) = &cleared {
            self.tier_failed(fallback, "clear", error);
            self.parts.tiers.owe_fallback();
        }
        cleared.is_ok()
    }

    /// Connects the tiers; what fails is recorded.
    pub(crate) async fn connect(&self) {
        for tier in [self.parts.tiers.primary(), self.parts.tiers.fallback()] {
            if let Err(error) = tier.backend.connect().await {
                self.tier_failed(tier, "connect", &error);
            }
        }
    }

    /// Tells the primary what it missed, lets the claims and fills arrive that are under way, switches off, and
    /// lets go of the tiers. How many changes the primary could not be told in time.
    pub(crate) async fn shut_down(&self) -> u64 {
        let _ = timeout(LAST_WORDS, async { tokio::join!(self.undone.wait(), self.fills.drained()) }).await;
        if self.journal.is_pending() && self.parts.tiers.primary().backend.is_available() {
            let last_words = async {
                let _alone = self.recovering.lock().await;
                self.recover().await;
            };
            let _ = timeout(LAST_WORDS, last_words).await;
        }
        let untold = self.journal.len();
        if untold > 0 {
            tracing::warn!(untold, "the primary tier was not told of all changes before the shutdown");
        }
        self.set_enabled(false);
        self.background.stop();
        self.cut_off_fills().await;
        for tier in [self.parts.tiers.primary(), self.parts.tiers.fallback()] {
            if let Err(error) = tier.backend.disconnect().await {
                self.tier_failed(tier, "disconnect", &error);
            }
        }
        untold
    }

    /// What is still on its way to a byte tier has been told to end.
    async fn cut_off_fills(&self) {
        let cut_off = self.fills.under_way();
        if cut_off > 0 {
            let _ = timeout(MOMENT, self.fills.drained()).await;
            tracing::warn!(cut_off, "what was loaded was not written to the byte tier before the shutdown");
        }
    }

    /// Notes for the primary what it could not be told.
    pub(super) fn journal(&self, what: What<'_>) {
        if !self.parts.tiers.exist() || what.stays_here() {
            return;
        }
        match what {
            What::Key(key) => self.journal.key(key),
            What::Keys(keys) => self.journal.keys(keys),
            What::Tags(tags) => {
                let (any, mut markers) = self.markers(tags);
                markers.push(any);
                self.journal.keys(&markers);
            }
            What::Everything => self.journal.everything(),
            What::Space(_) | What::Pattern(_) => {
                if let Some(pattern) = self.physical(what) {
                    self.journal.pattern(&pattern);
                }
            }
        }
    }
}

/// Ends when nobody but the recovery itself has a handle on the manager.
async fn abandoned(engine: &Arc<Engine>) {
    while Arc::strong_count(engine) > 1 {
        sleep(LOOK).await;
    }
}
