//! The deadlines that travel with a stored entry.

use std::time::Duration;

use crate::time::{Life, WallTime};

/// When an entry was stored, until when it is fresh, and until when it may be served stale.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deadlines {
    /// When the value was stored.
    pub created: WallTime,
    /// Fresh before this.
    pub fresh_until: WallTime,
    /// A candidate for a stale answer before this; never before `fresh_until`.
    pub stale_until: WallTime,
}

impl Deadlines {
    /// The deadlines of a value that is stored now, without a stale window.
    #[must_use]
    pub fn starting(now: WallTime, life: Life) -> Self {
        let fresh_until = now.after(life);
        Self { created: now, fresh_until, stale_until: fresh_until }
    }

    /// The same, and a stale window after it.
    #[must_use]
    pub fn stale_for(self, window: Duration) -> Self {
        Self {
            stale_until: if window.is_zero() {
                self.fresh_until
            } else {
                self.fresh_until.after(Life::For(window))
            },
            ..self
        }
    }

    /// How long the entry is still fresh for a reader at `now`, capped by the local policy's `life`.
    ///
    /// The cap makes clock jumps harmless: an entry from the future lives for at most one local life, and never
    /// longer than the life that it was given.
    #[must_use]
    pub fn fresh_for(&self, now: WallTime, life: Life) -> Option<Life> {
        let given = self.fresh_until.remaining(self.created).unwrap_or(life);
        self.fresh_until.remaining(now).map(|left| left.min(life).min(given))
    }

    /// How long a store should keep the entry.
    #[must_use]
    pub fn kept_for(&self, now: WallTime) -> Option<Life> {
        self.stale_until.max(self.fresh_until).remaining(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_that_was_wrong_neither_kills_nor_immortalizes() {
        let life = Life::For(Duration::from_secs(60));
        let from_the_future = Deadlines::starting(WallTime(1_000_000_000), life);
        assert_eq!(from_the_future.fresh_for(WallTime(1), life), Some(life));
        assert_eq!(from_the_future.fresh_for(WallTime(1), Life::Forever), Some(life));
        let stored = Deadlines::starting(WallTime(1_000), life);
        assert_eq!(stored.fresh_for(WallTime(31_000), life), Some(Life::For(Duration::from_secs(30))));
        assert_eq!(stored.fresh_for(WallTime(61_000), life), None);
    }
}
