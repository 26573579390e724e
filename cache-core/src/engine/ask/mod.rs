//! What is asked: a key, the policy of its keyspace, the type of its values, the body that would load one.
//!
//! Promise: nothing here looks into a tier. A question begins as an [`Ask`](values::Ask), borrowed from its caller; one that waits owns its
//! key ([`question`]).

pub(super) mod call;
mod check;
pub(super) mod custom;
pub(super) mod keyspace;
mod preset;
pub(super) mod question;
pub(super) mod sealed;
pub(super) mod typed;
pub(super) mod values;
