//! A value as services of several languages share it: one plain MessagePack document, with named fields.
//!
//! What has a text for people and bytes for machines (a UUID, a date) is its text, in both directions: the other
//! languages have no such types of ours. Their own `datetime` values are maps with the fields `__datetime__` and
//! `value`; a struct with these fields reads and writes them.

use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Rejection, check_document};
use crate::codec::buffer::Buffer;

/// The document of a value.
///
/// # Errors
/// What its `Serialize` says, or that it panicked.
pub fn encode<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, String> {
    let mut out = Vec::new();
    let written = catch_unwind(AssertUnwindSafe(|| write(value, &mut out)));
    written.unwrap_or_else(|_| Err("its Serialize panicked".to_owned())).map(|()| out)
}

/// The value of a document that must be one, whole and within the bounds.
///
/// # Errors
/// Those of [`check_document`]; `Undecodable` when it is no `T`, or `T`'s `Deserialize` panics.
pub fn decode<T: DeserializeOwned>(document: &[u8]) -> Result<T, Rejection> {
    check_document(document)?;
    read(document).ok_or(Rejection::Undecodable)
}

fn write<T: Serialize + ?Sized>(value: &T, out: &mut impl std::io::Write) -> Result<(), String> {
    let mut serializer = rmp_serde::Serializer::new(out).with_struct_map().with_human_readable();
    value.serialize(&mut serializer).map_err(|error| error.to_string())
}

/// Of a document that has passed the bounds.
pub(in crate::codec) fn read<T: DeserializeOwned>(document: &[u8]) -> Option<T> {
    let read = || {
        let mut deserializer = rmp_serde::Deserializer::from_read_ref(document).with_human_readable();
        T::deserialize(&mut deserializer).ok()
    };
    catch_unwind(read).ok().flatten()
}

/// [`encode`] into a bounded buffer, which counts what does not fit.
pub(super) fn write_bounded<T: Serialize + ?Sized>(value: &T, out: &mut Buffer) -> Result<(), String> {
    let written = catch_unwind(AssertUnwindSafe(|| write(value, out)));
    written.unwrap_or_else(|_| Err("its Serialize panicked".to_owned()))
}
