//! What a read found.

use std::time::Duration;

use crate::engine::counters::Count;
use crate::entry::Status;
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
