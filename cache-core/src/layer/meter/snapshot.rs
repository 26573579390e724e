//! What a meter has counted, to be read.

use std::fmt;
use std::time::Duration;

use super::state::BOUNDS;
use crate::error::ErrorKind;
use crate::port::backend::Verb;

/// What a meter has counted since it was made. `Display` prints a table of the verbs that were called.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct MeterSnapshot(Vec<VerbSnapshot>);

impl MeterSnapshot {
    pub(super) fn new(verbs: Vec<VerbSnapshot>) -> Self {
        Self(verbs)
    }

    /// Every verb, called or not.
    pub fn verbs(&self) -> impl Iterator<Item = &VerbSnapshot> {
        self.0.iter()
    }

    /// One verb.
    #[must_use]
    pub fn of(&self, verb: Verb) -> Option<&VerbSnapshot> {
        self.0.iter().find(|of_verb| of_verb.verb == verb)
    }

    /// All calls.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.0.iter().map(VerbSnapshot::calls).sum()
    }

    /// All calls that failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.0.iter().map(VerbSnapshot::failures).sum()
    }
}

/// What was counted of one verb.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct VerbSnapshot {
    /// The verb.
    pub verb: Verb,
    /// Calls that were answered.
    pub answered: u64,
    /// Calls whose caller left, or that a limit ended.
    pub cancelled: u64,
    /// Calls that failed, by kind; kinds that never occurred are left out.
    pub failed: Vec<(ErrorKind, u64)>,
    /// How long the calls took that ended by themselves.
    pub latency: Latency,
}

impl VerbSnapshot {
    /// All calls.
    #[must_use]
    pub fn calls(&self) -> u64 {
        self.answered + self.cancelled + self.failures()
    }

    /// Calls that failed.
    #[must_use]
    pub fn failures(&self) -> u64 {
        self.failed.iter().map(|(_, count)| count).sum()
    }
}

/// A histogram of latencies.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Latency {
    pub(super) counts: Vec<u64>,
    /// The sum of all latencies.
    pub sum: Duration,
}

impl Latency {
    /// The buckets: their upper end (inclusive; `None`: without end) and how many calls fell into each.
    pub fn buckets(&self) -> impl Iterator<Item = (Option<Duration>, u64)> + '_ {
        let bounds = BOUNDS.iter().map(|micros| Some(Duration::from_micros(*micros)));
        bounds.chain([None]).zip(self.counts.iter().copied())
    }

    /// How many calls are in the buckets.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.counts.iter().sum()
    }

    /// The upper end of the bucket that holds this quantile (0 to 1), so the true value is not above it. `None` when there
    /// were no calls, or it is slower than a second.
    #[must_use]
    pub fn at_most(&self, quantile: f64) -> Option<Duration> {
        let mut below = 0;
        let (count, share) = (self.count(), quantile.clamp(0.0, 1.0));
        let is_reached = |below: u64| count > 0 && below as f64 >= share * count as f64;
        self.buckets().find_map(|(bound, calls)| {
            below += calls;
            (calls > 0 && is_reached(below)).then_some(bound)
        })?
    }
}

impl fmt::Display for MeterSnapshot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<16}{:>10}{:>10}{:>10}{:>12}{:>12}",
            "verb", "calls", "failed", "cancelled", "p50", "p99"
        )?;
        let called = self.0.iter().filter(|of_verb| of_verb.calls() > 0);
        for of_verb in called {
            let at_most = |quantile| match of_verb.latency.at_most(quantile) {
                Some(bound) => format!("<= {bound:?}"),
                None => "-".to_owned(),
            };
            let (verb, calls) = (of_verb.verb.as_str(), of_verb.calls());
            let (failed, cancelled) = (of_verb.failures(), of_verb.cancelled);
            let (half, most) = (at_most(0.5), at_most(0.99));
            writeln!(f, "{verb:<16}{calls:>10}{failed:>10}{cancelled:>10}{half:>12}{most:>12}")?;
        }
        Ok(())
    }
}
