//! What the engine knows of a caller's types: zero-sized traits, so that all else is written once.

mod body;
mod hold;
mod recipe;
mod shape;
mod share;
mod storable;
mod zero_sized;

pub(crate) use body::{Body, Loaded, Older, Plainly};
pub use hold::{Hold, HoldArc, HoldClone};
pub(crate) use recipe::Recipe;
pub use recipe::Verdict;
pub use shape::{Fallible, FallibleOptional, Optional, Plain, Shape, Split};
pub use share::{ByClone, ByNothing, ByText, Failure, Share};
pub use storable::Storable;
