//! What expanded macros call. Not for people: no promise of stability.
//!
//! All logic of a cached function is ordinary code here and in the engine; the macro only lists the arguments
//! and picks the traits. [`kinds`] chooses by type (never by spelling) what a return type means; [`call`] is
//! the read path of a function: probe, then load.

mod call;
mod kinds;
mod pending;
mod site;
mod source;
mod storable;

pub use call::{Call, Probed};
pub use kinds::{
    HoldAny, HoldShared, ShapeOption, ShapePlain, ShapeResult, ShapeResultOption, ShareClone, ShareNothing,
    ShareText, Ty, val_ty,
};
pub use pending::{Pending, key_text, pattern_text, succeeded};
pub use site::{MonoSite, Site};
pub use source::ManagerSource;
pub use storable::{local, storable};

pub use crate::codec::Format;
pub use crate::engine::{
    ByClone, ByNothing, ByText, Failure, Fallible, FallibleOptional, Hold, HoldArc, HoldClone, Keyspace,
    Optional, Plain, Policy, Shape, Share, Split, Storable, Values,
};
pub use crate::key::{CacheKey, KeyPart, PartWriter, Parts, StoredParts};
pub use crate::time::Ttl;
