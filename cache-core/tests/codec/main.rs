//! What the codec promises about bytes that a store gives back: the value, or a miss with a reason.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of a test may panic

mod bounds;
mod custom;
mod damage;
mod forge;
mod identity;
mod nesting;
mod round_trip;
mod sealed;
mod validator;
mod writing;
