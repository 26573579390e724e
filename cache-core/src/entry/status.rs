//! Where an answer came from, and how old it is.

use std::time::Duration;

use super::Reason;

/// What an answer is worth.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Status {
    /// The tier that had it: `near`, the name of a backend, or `loader`.
    pub tier: &'static str,
    /// How long ago it was stored; zero when it has just been loaded.
    pub age: Duration,
    /// Whether its life has ended.
    pub freshness: Freshness,
    /// Why it is not a fresh hit; `None` when it is. Of a loaded answer: what was found instead of one, [`Reason::Absent`]
    /// when that was nothing, and for those who waited for the load of another.
    pub reason: Option<Reason>,
}

/// Whether the life of an answer has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// It has not.
    Fresh,
    /// It ended this long ago.
    Stale(Duration),
}

impl Status {
    /// A hit.
    #[must_use]
    pub fn hit(tier: &'static str, age: Duration) -> Self {
        Self { tier, age, freshness: Freshness::Fresh, reason: None }
    }

    /// Just loaded; why it was not found.
    #[must_use]
    pub fn loaded(reason: Reason) -> Self {
        Self { tier: "loader", age: Duration::ZERO, freshness: Freshness::Fresh, reason: Some(reason) }
    }

    /// Whether the life of the answer has ended.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        matches!(self.freshness, Freshness::Stale(_))
    }
}
