//! What expanded macros call. Not for people: no promise of stability.
//!
//! All logic of a cached function is ordinary code here and in the engine; the macro only lists the arguments
//! and picks the traits. [`Call`] is the read path of a function: probe, then load; [`Entry`] is all else that
//! can be done with one entry; [`Pending`] is an invalidation that waits for its body. [`kinds`] chooses by type
//! (never by spelling) what a return type means.

mod call;
mod entry;
mod kind;
mod kinds;
mod name;
mod pending;
mod site;
mod source;
mod space;
mod text;

pub use call::{Call, Missed, Probed};
pub use entry::Entry;
pub use kind::{Kind, SaysAbsent, kind, local, says_absent, storable};
pub use kinds::{Ty, by_type, val_ty};
pub use pending::{Pending, succeeded};
pub use site::{Here, MonoSite, Site};
pub use source::ManagerSource;
pub use space::{CacheOfTheCall, Space};
pub use text::{Word, computed_part, key_text, part, pattern_text};

pub use crate::codec::Format;
pub use crate::engine::{
    ByClone, ByNothing, ByText, Failure, Fallible, FallibleOptional, Hold, HoldArc, HoldClone, Keyspace,
    Optional, Plain, Policy, Shape, Share, Split, Storable, Values,
};
pub use crate::entry::Invalidated;
pub use crate::error::Result;
pub use crate::key::{CacheKey, KeyPart, PartWriter, Parts, StoredParts};
pub use crate::time::Ttl;
