//! What a call holds while it is under way.

use super::layer::Shared;
use super::state::{Outcome, Ticket};
use crate::error::{Error, ErrorKind, Result};

/// Leave to make a call. Dropped without [`Permit::settle`], the call was cancelled, and counts as nothing.
#[derive(Debug)]
#[must_use = "dropped at once, it says that the call was cancelled"]
pub(super) struct Permit<'a> {
    shared: &'a Shared,
    backend: &'static str,
    ticket: Ticket,
    outcome: Outcome,
}

impl<'a> Permit<'a> {
    pub(super) fn new(shared: &'a Shared, backend: &'static str, ticket: Ticket) -> Self {
        Self { shared, backend, ticket, outcome: Outcome::Nothing }
    }

    /// The call ended.
    pub(super) fn settle<T>(mut self, answer: &Result<T>) {
        self.outcome = answer.as_ref().err().map_or(Outcome::Answered, outcome_of);
    }
}

impl Drop for Permit<'_> {
    fn drop(&mut self) {
        self.shared.settle(self.backend, self.ticket, self.outcome);
    }
}

/// Answers of the server are no outage; what was decided in this process says nothing at all.
fn outcome_of(error: &Error) -> Outcome {
    match error.kind() {
        _ if error.is_outage() => Outcome::Outage,
        ErrorKind::Refused | ErrorKind::NotACounter | ErrorKind::Locked => Outcome::Refused,
        _ => Outcome::Nothing,
    }
}
