//! Looking into the tiers, near before far, without running a loader.
//!
//! Read [`fetch`] first; [`judge`] says what is done with what was found.

pub(super) mod absences;
pub(super) mod fetch;
pub(super) mod foreign;
pub(super) mod found;
pub(super) mod judge;
pub(super) mod open;
mod promote;
