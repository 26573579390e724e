//! What each layer does, and what all of them do together, in tokio's steered time.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod breaker;
mod bulkhead;
mod chaos;
mod conformance;
mod manager;
mod meter;
mod order;
mod overload;
mod retry;
mod support;
mod timeout;
mod trace;
