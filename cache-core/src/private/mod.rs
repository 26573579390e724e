//! What expanded macros call. Not for people: no promise of stability.
//!
//! All logic of a cached function is ordinary code here and in the engine; the macro only lists the arguments
//! and picks the traits. A call names an entry, and a [`Verb`] does something with it: [`Probe`] is the read path,
//! [`Find`] all else, [`Pending`] an invalidation that waits for its body; [`tags`] says how a call is
//! tagged. [`kinds`] chooses by type (never by spelling) what a return type means.

mod answer;
mod call;
mod entry;
mod failures;
mod features;
mod format;
mod groups;
mod judge;
mod kind;
mod kinds;
mod many;
mod name;
mod pending;
mod site;
mod source;
mod space;
mod tags;
mod text;
mod way;

pub use answer::Boxed;
pub use call::{Missed, Probe, Probed, Verb};
pub use entry::{Entry, Find};
pub use failures::{ByFrom, EveryFailure, SaysTrouble, Silent, StaleIf, Trouble, says_trouble, stale_if};
pub use features::{Build, HasBincode, HasCachekit, HasJson, bincode, json};
pub use format::{InFormat, IsFormat, in_format, stored_in, stored_many_in};
pub use groups::{FindGroup, GroupVerb};
pub use judge::{Always, Judge, condition, ttl_with};
pub use kind::{Chosen, Kind, SaysAbsent, held, says_absent, stored};
pub use kinds::{Ty, by_type, val_ty};
pub use many::{
    Batching, Each, Hashed, Layout, LeavesOut, Many, ManyKind, OfMany, Pairs, Places, Sorted, Unknown,
    held_many, leaves_out, listed, of_many, one_ty, stored_many,
};
pub use pending::{Pending, succeeded};
pub use site::{MonoSite, Site};
pub use source::ManagerSource;
pub use space::{CacheOfTheCall, Space};
pub use tags::{Group, NamesTags, NoTags, Tags, tags_with};
pub use text::{Word, argument, key_text, part, pattern_text, sensitive, tag_text};
pub use way::{Decided, Unless};

pub use crate::codec::Format;
pub use crate::engine::{
    ByClone, ByNothing, ByText, Failure, Fallible, FallibleOptional, Hold, HoldArc, HoldClone, Keyspace,
    Optional, Plain, Policy, Shape, Share, Split, Storable, Values, Verdict,
};
pub use crate::entry::{Invalidated, Status};
pub use crate::error::Result;
pub use crate::key::{CacheKey, KeyPart, PartWriter, Parts, StoredParts};
pub use crate::policy::{RefreshAhead, SingleFlight};
pub use crate::time::Ttl;
