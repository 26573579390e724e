//! Code, out of what has been decided: few lines for each function (`lengths.rs`); all logic is in the library.
//!
//! [`cached`] says what is emitted; [`key`], [`kind`] and [`keyspace`] are the hidden functions beside a cached
//! one, [`function`] is the function itself, [`companions`] those for people, [`alone`] is all of it in one body.
//! [`span`] says whose names are whose.

mod alone;
mod attrs;
mod batch;
pub(crate) mod block;
pub(crate) mod cached;
mod companions;
pub(crate) mod detached;
mod function;
mod generics;
pub(crate) mod invalidate;
mod key;
pub(crate) mod key_part;
mod keyspace;
mod kind;
pub(crate) mod span;
mod tags;
