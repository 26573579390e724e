//! What the engine knows of a caller's types: zero-sized traits, so that all else is written once.

mod hold;
mod shape;
mod share;

pub use hold::{Hold, HoldArc, HoldClone};
pub use shape::{Fallible, FallibleOptional, Optional, Plain, Shape, Split};
pub use share::{ByClone, ByNothing, ByText, Failure, Share};

/// How one call's results are taken apart, held, shared and judged.
#[derive(Debug, Clone, Copy)]
pub struct Recipe<S, H, F, C> {
    /// What the return type means.
    pub shape: S,
    /// How values are held.
    pub hold: H,
    /// How failures are shared.
    pub share: F,
    /// Whether a value is to be stored.
    pub store_if: C,
}
