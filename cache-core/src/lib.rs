//! The engine of **larder**: what a cache is about, and nothing of any particular store.
//!
//! Rings, imports point inward only (checked by `tests/architecture.rs` against ARCHITECTURE.md):
//! words (`chance`, [`time`], [`error`], [`key`], [`entry`]), ports ([`port`]), pure parts ([`policy`], [`codec`], [`layer`]),
//! mechanisms (`tier`, `flight`, `front`, `stamp`, `recovery`), the `engine`, and its face ([`manager`], [`private`]).
//! Reads start in `engine/hot.rs`.

mod chance;
pub mod codec;
mod engine;
pub mod entry;
pub mod error;
mod flight;
mod front;
pub mod key;
pub mod layer;
pub mod manager;
pub mod policy;
pub mod port;
#[doc(hidden)]
pub mod private;
mod recovery;
mod stamp;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
mod tier;
pub mod time;
