//! What other caches write and read: keys, values, envelopes, sealing, and entries of theirs in a manager.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    missing_docs
)]

mod bounds;
mod bytes;
#[path = "../common/mod.rs"]
mod common;
mod envelope;
mod keys;
mod manager;
mod sealed;
mod value;
