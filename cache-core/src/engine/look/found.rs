//! What a read found.

use std::time::Duration;

use crate::engine::counters::Count;
use crate::engine::renew::stale::Stale;
use crate::entry::{Reason, Status};
use crate::port::near::Held;

/// The name of the near tier in events and answers.
pub(in crate::engine) const NEAR: &str = "near";

/// A fresh entry, and where it was.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    value: Option<Held>,
    tier: &'static str,
    age: Duration,
}

impl Found {
    /// In a tier; `None` remembers absence.
    pub(super) fn new(value: Option<Held>, tier: &'static str, age: Duration) -> Self {
        Self { value, tier, age }
    }

    /// The value; `None` when its absence is remembered.
    pub(crate) fn value(&self) -> Option<&Held> {
        self.value.as_ref()
    }

    /// The value, taken out.
    pub(crate) fn into_value(self) -> Option<Held> {
        self.value
    }

    /// What the answer is worth.
    pub(in crate::engine) fn status(&self) -> Status {
        Status::hit(self.tier, self.age)
    }

    /// What kind of answer this is.
    pub(in crate::engine) fn count(&self) -> Count {
        match (&self.value, self.tier) {
            (None, _) => Count::Negative,
            (Some(_), NEAR) => Count::NearHit,
            (Some(_), _) => Count::FarHit,
        }
    }
}

/// A result, and what it is worth.
#[derive(Debug)]
pub(crate) struct Answer<R> {
    pub(crate) ret: R,
    pub(crate) status: Status,
}

impl<R> Answer<R> {
    pub(in crate::engine) fn new(ret: R, status: Status) -> Self {
        Self { ret, status }
    }
}

/// What a look into the tiers found.
#[derive(Debug)]
pub(in crate::engine) enum Look {
    /// A fresh entry.
    Fresh(Found),
    /// A fresh value that is to be refreshed before it expires.
    Due(Stale),
    /// A value that has expired, and may still be good for something.
    Stale(Stale),
    /// Nothing that may be served, and why.
    Nothing(Reason),
}

impl Look {
    /// What may be served whatever the circumstances.
    pub(in crate::engine) fn fresh(self) -> Option<Found> {
        match self {
            Self::Fresh(found) => Some(found),
            Self::Due(Stale { value, tier, .. }) => Some(Found::new(Some(value), tier, Duration::ZERO)),
            Self::Stale(_) | Self::Nothing(_) => None,
        }
    }

    /// Why it is no fresh hit; one that is has no value for who asks.
    pub(in crate::engine) fn why(&self) -> Reason {
        match self {
            Self::Fresh(_) => Reason::Undecodable,
            Self::Due(_) => Reason::Revalidating,
            Self::Stale(_) => Reason::Expired,
            Self::Nothing(reason) => *reason,
        }
    }

    /// Of two reasons the one that says more: that an entry ended, rather than that the next tier has none.
    pub(super) fn unless_absent(self, near: Reason) -> Self {
        match self {
            Self::Nothing(Reason::Absent) => Self::Nothing(near),
            look => look,
        }
    }
}
