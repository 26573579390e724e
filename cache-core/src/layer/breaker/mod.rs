//! Circuit breakers: a backend that is down costs nobody a deadline.
//!
//! Promise: after a run of outages calls fail at once (`Unavailable`), for a time that grows and is spread; then a few
//! calls may probe, and enough good answers close it again. Only trouble of the infrastructure counts: what the backend
//! refuses, what was shed, what was cancelled and what cannot be decoded never opens it. It cannot wedge: a probe that is
//! cancelled, panics or never ends gives its slot back.
//!
//! Invariant: every change of the state begins a new cycle, and what a call of another cycle ends with is ignored.
//! [`state`] is the machine, pure; [`permit`] is what a call holds; [`layer`] puts a clock and a lock around the machine.

mod config;
#[cfg(test)]
mod histories;
mod layer;
mod permit;
mod state;
#[cfg(test)]
mod tests;
mod window;

pub use config::BreakerConfig;
pub use layer::{BreakerLayer, BreakerSnapshot};
pub use state::BreakerState;
