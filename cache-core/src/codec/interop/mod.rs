//! What another cache stores: cachekit's values, envelopes and sealing (its protocol 1.1).
//!
//! Promise: what these read is what cachekit wrote, whole and within the bounds, or a [`Rejection`] that says which
//! check it failed: never a panic, never an allocation by what bytes claim. Nothing is guessed: who reads knows which
//! form was written. [`bounds`] is asked of every document before it is decoded; [`plain`] is the form of entries that
//! services of several languages share, [`storage`] the envelope that one SDK writes for itself.

mod bounds;
mod entry;
mod plain;
mod rejection;
mod storage;

#[cfg(feature = "encrypt")]
pub use super::seal::{SealedAs, SharedSealer};
pub use bounds::check_document;
pub(super) use entry::{open as open_entry, write as write_entry};
pub(super) use plain::read;
pub use plain::{decode, encode};
pub use rejection::Rejection;
pub use storage::{FORMAT, MAX_BYTES, Stored, open, store};
