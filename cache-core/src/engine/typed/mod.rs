//! What the engine knows of a caller's types: zero-sized traits, so that all else is written once.

mod hold;
mod shape;
mod share;
mod storable;
mod zero_sized;

pub use hold::{Hold, HoldArc, HoldClone};
pub use shape::{Fallible, FallibleOptional, Optional, Plain, Shape, Split};
pub use share::{ByClone, ByNothing, ByText, Failure, Share};
pub use storable::Storable;

use crate::error::Error;
use crate::time::Ttl;

/// What becomes of a loaded value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is stored for this life; `Ttl::Default`: the one that was asked for.
    Keep(Ttl),
    /// It is handed out and not stored.
    Refuse,
}

/// How one call's results are taken apart, held, shared and judged.
#[derive(Debug)]
pub(crate) struct Recipe<S: Shape, H, F, C> {
    /// What the return type means.
    pub(crate) shape: S,
    /// How values are held.
    pub(crate) hold: H,
    /// How failures are shared.
    pub(crate) share: F,
    /// What becomes of a value.
    pub(crate) judge: C,
    /// What the caller returns when a tier that must not be doubted cannot be asked; `None`: it is a miss.
    pub(crate) on_trouble: fn(Error) -> Option<S::Ret>,
}
