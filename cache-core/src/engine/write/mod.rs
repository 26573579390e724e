//! Storing: what a caller has at hand ([`put`], [`atomic`]), and what a load brought ([`land`]).
//!
//! Promise: whatever fails, no older value is left under a key.

mod atomic;
mod count;
pub(super) mod far_write;
pub(super) mod fill;
pub(super) mod land;
mod lives;
pub(super) mod over;
pub(super) mod put;
