//! The engine of **larder**: what a cache is about, and nothing of any particular store.
//!
//! Rings, imports point inward only (checked by `tests/architecture.rs` against ARCHITECTURE.md):
//! words ([`time`], [`error`], [`key`], [`entry`]), ports ([`port`]), pure parts (`policy`, `codec`, `layer`),
//! mechanisms (`tier`, `flight`, `stamp`, `recovery`), the `engine`, and its face (`manager`, `private`).
//! Reads start in `engine/hot.rs`.

pub mod entry;
pub mod error;
pub mod key;
pub mod port;
#[cfg(any(test, feature = "testkit"))]
pub mod testkit;
pub mod time;
