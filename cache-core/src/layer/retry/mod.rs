//! Retries: a moment of trouble costs nobody an answer.
//!
//! Promise: what may be made twice without harm (reads, unconditional sets, deletes, connecting) is made again after an
//! outage error, with growing, jittered pauses, until it succeeds or its one deadline is near; everything else
//! (`get_and_delete`, `increment`, conditional sets, leases, pattern deletes) is made once. An error that was given up on
//! says after how many attempts ([`Error::attempts`](crate::error::Error::attempts)) and is not retried by another layer.
//! A repeated delete may answer `false` although its first attempt removed the entry.

mod config;
mod layer;

pub use config::RetryConfig;
pub use layer::RetryLayer;
