//! Bulkheads: a slow backend does not take every task with it.
//!
//! Promise: at most so many calls are in flight at once, at most so many wait, each no longer than its patience; whoever
//! is beyond is shed at once with [`Overloaded`](crate::error::ErrorKind::Overloaded), and nothing was begun for it.
//! Waiting is first come, first served. A caller that leaves gives its place back. Letting go (`disconnect`) never waits.

mod config;
mod layer;

pub use config::BulkheadConfig;
pub use layer::BulkheadLayer;
