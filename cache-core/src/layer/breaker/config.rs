//! When it opens, for how long, and what closes it.

use std::time::Duration;

use crate::error::{Error, ErrorKind, Result};

/// When a breaker opens, for how long, and what closes it.
///
/// ```
/// # use cache_core::layer::{BreakerConfig, BreakerLayer};
/// # use std::time::Duration;
/// let config = BreakerConfig::default().consecutive(3).open_for(Duration::from_secs(1));
/// assert!(BreakerLayer::new(config).is_ok());
/// assert!(BreakerLayer::new(config.probes(0)).is_err());
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BreakerConfig {
    pub(super) consecutive: Option<u32>,
    pub(super) share: Option<(f64, u32)>,
    pub(super) in_window: Option<u32>,
    pub(super) window: Duration,
    pub(super) open_for: Duration,
    pub(super) at_most: Duration,
    pub(super) jitter: f64,
    pub(super) probes: u32,
    pub(super) successes: u32,
}

impl Default for BreakerConfig {
    /// Opens after 5 outages in a row, or when half of at least 20 calls of the last 5 s were outages; for 500 ms, doubling
    /// to 10 s, with full jitter; 3 probes at a time, and 3 good answers close it.
    fn default() -> Self {
        Self {
            consecutive: Some(5),
            share: Some((0.5, 20)),
            in_window: None,
            window: Duration::from_secs(5),
            open_for: Duration::from_millis(500),
            at_most: Duration::from_secs(10),
            jitter: 1.0,
            probes: 3,
            successes: 3,
        }
    }
}

impl BreakerConfig {
    /// The numbers of cachekit: 5 outages within 60 s open it, for exactly 30 s; 3 probes, 3 good answers.
    #[must_use]
    pub fn cachekit() -> Self {
        let open_for = Duration::from_secs(30);
        let window = Duration::from_secs(60);
        Self {
            consecutive: None,
            share: None,
            in_window: Some(5),
            window,
            open_for,
            at_most: open_for,
            jitter: 0.0,
            ..Self::default()
        }
    }

    /// For a backend that is many servers, of which one may be down: no run of outages opens it, only that nearly all
    /// (0.9 of at least 20) calls of the window were. A breaker cannot tell which server a call was for.
    #[must_use]
    pub fn of_many_servers() -> Self {
        Self { consecutive: None, share: Some((0.9, 20)), ..Self::default() }
    }

    /// Opens after so many outages in a row (5), whenever they were.
    #[must_use]
    pub fn consecutive(mut self, outages: u32) -> Self {
        self.consecutive = Some(outages);
        self
    }

    /// Opens when this share (above 0, up to 1) of at least so many calls of the window were outages (0.5 of 20).
    #[must_use]
    pub fn share(mut self, share: f64, of_at_least: u32) -> Self {
        self.share = Some((share, of_at_least));
        self
    }

    /// Opens after so many outages within the window (no such rule by default).
    #[must_use]
    pub fn in_window(mut self, outages: u32) -> Self {
        self.in_window = Some(outages);
        self
    }

    /// How far back the window looks (5 s), to a tenth of it.
    #[must_use]
    pub fn window(mut self, window: Duration) -> Self {
        self.window = window;
        self
    }

    /// How long it is open the first time (500 ms); twice as long each time that its probes fail.
    #[must_use]
    pub fn open_for(mut self, time: Duration) -> Self {
        self.open_for = time;
        self
    }

    /// The longest that it is open (10 s), and how long a cycle of probes that never end blocks the next.
    #[must_use]
    pub fn at_most(mut self, time: Duration) -> Self {
        self.at_most = time;
        self
    }

    /// Which share of the open time is random: 1 (full jitter) spreads it from nothing to all of it, 0 not at all.
    #[must_use]
    pub fn jitter(mut self, share: f64) -> Self {
        self.jitter = share;
        self
    }

    /// How many probes may be under way at once (3).
    #[must_use]
    pub fn probes(mut self, probes: u32) -> Self {
        self.probes = probes;
        self
    }

    /// How many good answers of probes close it (3).
    #[must_use]
    pub fn successes(mut self, successes: u32) -> Self {
        self.successes = successes;
        self
    }

    pub(super) fn check(&self) -> Result<()> {
        let (share, of_at_least) = self.share.unwrap_or((1.0, 1));
        let counts = [
            ("consecutive", self.consecutive.unwrap_or(1)),
            ("share's least number of calls", of_at_least),
            ("in_window", self.in_window.unwrap_or(1)),
            ("probes", self.probes),
            ("successes", self.successes),
        ];
        for (name, count) in counts {
            positive(name, count > 0, &count)?;
        }
        for (name, time) in [("window", self.window), ("open_for", self.open_for), ("at_most", self.at_most)]
        {
            positive(name, !time.is_zero(), &format_args!("{time:?}"))?;
        }
        within("share", share > 0.0 && share <= 1.0, share, "a share above 0 and up to 1")?;
        within("jitter", (0.0..=1.0).contains(&self.jitter), self.jitter, "a share from 0 to 1")
    }
}

fn positive(name: &str, is_positive: bool, held: &dyn std::fmt::Display) -> Result<()> {
    if is_positive { Ok(()) } else { Err(wrong(name, held, "more than 0; see BreakerConfig::default")) }
}

fn within(name: &str, is_within: bool, held: f64, fix: &'static str) -> Result<()> {
    if is_within { Ok(()) } else { Err(wrong(name, &held, fix)) }
}

fn wrong(name: &str, held: &dyn std::fmt::Display, fix: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the breaker's {name} holds {held}"))
        .with_fix(format!("give {fix}"))
}
