//! `KeyPart` for the types of the standard library: [`numbers`], [`simple`] types and pointers to parts, types that are
//! keys [`as_others`] are, [`collections`], and [`tuples`].

mod as_others;
mod collections;
mod numbers;
mod simple;
mod tuples;

pub(super) use tuples::KeySegments;
