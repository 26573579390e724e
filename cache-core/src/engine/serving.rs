//! Which byte tier serves. The way back to the primary is [`recover`](super::recover).

use std::time::Duration;

use tokio::time::timeout;

use crate::engine::recover::MOMENT;
use crate::engine::{Engine, What};
use crate::entry::Reason;
use crate::port::recorder::Event;
use crate::stamp::Scope;
use crate::tier::Tier;

/// How long a shutdown waits for claims that are given back and fills that are under way, and for the primary to take its
/// journal.
const LAST_WORDS: Duration = Duration::from_secs(1);

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
