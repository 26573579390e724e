//! Decisions, pure: how long a value lives, what it is good for afterwards, and what trouble means.

mod backoff;
mod jitter;
mod refresh;
mod single_flight;
mod windows;

pub use backoff::{pause, refusal_pause};
pub use jitter::Jitter;
pub use refresh::RefreshAhead;
pub use single_flight::{SingleFlight, poll_pause};
pub use windows::{Use, Windows};

/// What trouble of a tier means to a caller.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum FailMode {
    /// A recorded miss or no-op: the cache is never the reason a request fails.
    #[default]
    Open,
    /// An error: what is stored here must not be doubted (tokens, one-shot codes).
    Closed,
}
