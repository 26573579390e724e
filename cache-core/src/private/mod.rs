//! What expanded macros call. Not for people: no promise of stability.
//!
//! All logic of a cached function is ordinary code here and in the engine; the macro only lists the arguments
//! and picks the traits. [`kinds`] chooses by type (never by spelling) what a return type means; [`call`] is
//! the read path of a function: probe, then load.

mod call;
mod hold;
mod kinds;
mod pending;
mod shape;
mod share;
mod site;
mod source;
mod storable;

pub use call::{Call, Probed};
pub use hold::{Hold, HoldArc, HoldClone};
pub use kinds::{
    HoldAny, HoldShared, ShapeOption, ShapePlain, ShapeResult, ShapeResultOption, ShareClone, ShareNothing, ShareText, Ty,
    held_by, val_ty,
};
pub use pending::{Pending, key_text, pattern_text, succeeded};
pub use shape::{Shape, Split};
pub use share::{ByClone, ByNothing, ByText, Share};
pub use site::{MonoSite, Site};
pub use source::ManagerSource;
pub use storable::{Storable, local, storable};

pub use crate::codec::Format;
pub use crate::key::{CacheKey, KeyPart, Parts, PartWriter, StoredParts};
pub use crate::policy::{Keyspace, Policy};
pub use crate::time::Ttl;
