//! How often, how soon, and for how long in total.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};
use crate::layer::Limits;

const MOST_ATTEMPTS: u32 = 100;

/// How often, how soon, and for how long in total.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryConfig {
    pub(super) attempts: u32,
    pub(super) first_pause: Duration,
    pub(super) longest_pause: Duration,
    pub(super) limits: Option<Limits>,
}

impl Default for RetryConfig {
    fn default() -> Self {
        Self {
            attempts: 3,
            first_pause: Duration::from_millis(10),
            longest_pause: Duration::from_millis(100),
            limits: None,
        }
    }
}

impl RetryConfig {
    /// At most so many attempts, the first one included (3).
    #[must_use]
    pub fn attempts(mut self, attempts: u32) -> Self {
        self.attempts = attempts;
        self
    }

    /// The pause before the second attempt, at most (10 ms). Each later one is twice as long, and each is a random part of
    /// that.
    #[must_use]
    pub fn first_pause(mut self, pause: Duration) -> Self {
        self.first_pause = pause;
        self
    }

    /// The longest pause (100 ms).
    #[must_use]
    pub fn longest_pause(mut self, pause: Duration) -> Self {
        self.longest_pause = pause;
        self
    }

    /// The deadlines of all attempts and pauses together. Unless said, what a [`Resilience`](crate::layer::Resilience)
    /// gives each attempt, else [`Limits::default`].
    #[must_use]
    pub fn limits(mut self, limits: Limits) -> Self {
        self.limits = Some(limits);
        self
    }

    /// These deadlines, where none were said.
    pub(in crate::layer) fn or_limits(mut self, limits: Option<Limits>) -> Self {
        self.limits = self.limits.or(limits);
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        self.limits.unwrap_or_default().check()?;
        if (1..=MOST_ATTEMPTS).contains(&self.attempts) {
            return Ok(());
        }
        Err(Error::new(ErrorKind::Config, format!("the retry's attempts holds {}", self.attempts))
            .with_fix("give 1 to 100 attempts; 3 suit most"))
    }

    /// The pause before attempt `next` (2 is the first that has one), for a draw from 0 to 1.
    pub(super) fn pause(&self, next: u32, draw: f64) -> Duration {
        let doublings = next.saturating_sub(2).min(16);
        self.first_pause.saturating_mul(1 << doublings).min(self.longest_pause).mul_f64(draw)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_double_up_to_the_longest_and_are_a_random_part_of_that() {
        let config = RetryConfig::default();
        for (next, millis) in [(2, 10), (3, 20), (4, 40), (5, 80), (6, 100), (u32::MAX, 100)] {
            assert_eq!(config.pause(next, 1.0), Duration::from_millis(millis), "{next}");
            assert_eq!(config.pause(next, 0.25), Duration::from_millis(millis) / 4, "{next}");
            assert_eq!(config.pause(next, 0.0), Duration::ZERO, "{next}");
        }
    }

    #[test]
    fn bad_numbers_are_named() {
        for attempts in [0, 101] {
            let error = RetryConfig::default().attempts(attempts).check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().contains(&format!("attempts holds {attempts}")), "{error}");
        }
        assert!(RetryConfig::default().limits(Limits::all(Duration::ZERO)).check().is_err());
    }
}
