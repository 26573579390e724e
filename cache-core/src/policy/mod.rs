//! Decisions, pure: what a keyspace wants, and how long a value lives.

mod jitter;
mod keyspace;

pub use jitter::Jitter;
pub use keyspace::{Keyspace, Policy};

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
