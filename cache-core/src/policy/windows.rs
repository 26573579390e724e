//! What an expired value is still good for, in the terms of RFC 5861.
//!
//! Both windows begin when the value expires. A stale answer never makes them longer, and a reader's own windows
//! decide: a value that was kept for longer answers no longer than they say.

use std::time::Duration;

use crate::time::{Life, Tick};

/// How long after its expiry a value may still answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Windows {
    /// At once, while one refresh runs.
    pub while_revalidate: Duration,
    /// In place of an error, or of waiting on.
    pub if_error: Duration,
}

/// What an expired value is good for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Use {
    /// Nothing.
    Nothing,
    /// To answer in place of an error.
    IfError,
    /// To answer at once.
    WhileRevalidate,
}

impl Windows {
    /// How long a value is kept after its expiry.
    #[must_use]
    pub fn longest(self) -> Duration {
        self.while_revalidate.max(self.if_error)
    }

    /// What a value is good for now that expired then and is kept until then.
    #[must_use]
    pub fn judge(self, expires: Tick, kept_until: Tick, now: Tick) -> Use {
        let within = |window: Duration| {
            !window.is_zero() && now < expires.after(Life::For(window)) && now < kept_until
        };
        if now >= expires && within(self.while_revalidate) {
            Use::WhileRevalidate
        } else if within(self.if_error) || within(self.while_revalidate) {
            Use::IfError
        } else {
            Use::Nothing
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn windows_are_measured_from_expiry_and_capped_by_what_was_kept() {
        let seconds = |seconds| Duration::from_secs(seconds);
        let tick = |seconds: u64| Tick(seconds * 1_000_000_000);
        let windows =
            |revalidate, error| Windows { while_revalidate: seconds(revalidate), if_error: seconds(error) };
        for (windows, kept_until, now, expected) in [
            // Expired at 100.
            (windows(10, 60), 160, 100, Use::WhileRevalidate),
            (windows(10, 60), 160, 109, Use::WhileRevalidate),
            (windows(10, 60), 160, 110, Use::IfError),
            (windows(10, 60), 160, 159, Use::IfError),
            (windows(10, 60), 160, 160, Use::Nothing),
            // The reader's windows decide ..
            (windows(0, 0), 160, 100, Use::Nothing),
            (windows(0, 5), 160, 104, Use::IfError),
            (windows(0, 5), 160, 105, Use::Nothing),
            // .. within what was kept.
            (windows(60, 60), 120, 119, Use::WhileRevalidate),
            (windows(60, 60), 120, 120, Use::Nothing),
            (windows(60, 60), 100, 100, Use::Nothing),
            // A copy that is no longer trusted, though its life goes on, helps in trouble only.
            (windows(10, 60), 160, 90, Use::IfError),
            (windows(10, 0), 160, 90, Use::IfError),
            (windows(0, 0), 160, 90, Use::Nothing),
        ] {
            assert_eq!(
                windows.judge(tick(100), tick(kept_until), tick(now)),
                expected,
                "{windows:?} at {now}"
            );
        }
        assert_eq!(windows(10, 60).longest(), seconds(60));
    }
}
