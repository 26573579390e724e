//! A primary that refuses what it has to be told: why, and when it is told again.
//!
//! Promise: a refusal costs the primary one attempt per pause, and callers nothing meanwhile. The pauses end, so a
//! permission that is granted needs no restart.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::error::Error;
use crate::policy::refusal_pause;
use crate::time::{Life, Tick};

/// The refusals of a primary since it last took everything.
#[derive(Debug, Default)]
pub(crate) struct Refusals {
    refuses: AtomicBool,
    last: Mutex<Option<Refusal>>,
}

#[derive(Debug)]
struct Refusal {
    why: String,
    times: u32,
    until: Tick,
}

impl Refusals {
    /// Whether it is time to try. One load while nothing is refused.
    pub(crate) fn may_try(&self, now: Tick) -> bool {
        !self.refuses.load(Ordering::Acquire) || self.lock().as_ref().is_none_or(|last| last.until <= now)
    }

    /// Notes a refusal; whether it is news.
    pub(crate) fn refused(&self, error: &Error, now: Tick, draw: f64) -> bool {
        let why = error.to_string();
        let mut last = self.lock();
        let is_news = last.as_ref().is_none_or(|last| last.why != why);
        let times = last.as_ref().map_or(0, |last| last.times).saturating_add(1);
        *last = Some(Refusal { why, times, until: now.after(Life::For(refusal_pause(times, draw))) });
        self.refuses.store(true, Ordering::Release);
        is_news
    }

    /// It took everything; whether it had refused something before.
    pub(crate) fn taken(&self) -> bool {
        let had_refused = self.lock().take().is_some();
        self.refuses.store(false, Ordering::Release);
        had_refused
    }

    /// What it refused last, and how that is mended.
    pub(crate) fn why(&self) -> Option<String> {
        self.lock().as_ref().map(|last| last.why.clone())
    }

    /// No user code runs under this lock.
    fn lock(&self) -> MutexGuard<'_, Option<Refusal>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use std::time::Duration;

    #[test]
    fn a_refusal_is_news_once_and_is_tried_again_when_its_pause_is_over() {
        let refusals = Refusals::default();
        let error = Error::new(ErrorKind::Refused, "no").with_fix("allow it");
        let tick = |millis: u64| Tick(1).after(Life::For(Duration::from_millis(millis)));
        assert!(refusals.may_try(tick(0)) && refusals.why().is_none());
        assert!(refusals.refused(&error, tick(0), 0.0));
        assert!(!refusals.may_try(tick(99)) && refusals.may_try(tick(100)));
        assert!(!refusals.refused(&error, tick(100), 0.0));
        assert!(!refusals.may_try(tick(299)) && refusals.may_try(tick(300)));
        assert_eq!(refusals.why().as_deref(), Some("no; allow it"));
        assert!(refusals.refused(&Error::new(ErrorKind::Refused, "neither"), tick(300), 0.0));
        assert!(refusals.taken() && !refusals.taken());
        assert!(refusals.may_try(tick(300)) && refusals.why().is_none());
    }
}
