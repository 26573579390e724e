//! What other caches write and read: keys, values, envelopes, sealing.
#![allow(
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    clippy::cast_possible_truncation,
    missing_docs
)]

mod bounds;
mod bytes;
mod envelope;
mod keys;
mod sealed;
mod value;
