//! bincode 2 in its standard configuration: fields by position, numbers as short as they are. One byte goes before it, since
//! a value may take none (`()`) and no payload is empty.
//!
//! It does not describe itself: what is read as another type than it was written as may decode to nonsense, so the schema
//! has to change with the type. [`bounded`](super::bounded) keeps the decoder within bounds.

use std::cell::Cell;
use std::marker::PhantomData;

use bincode::config::{Configuration, Limit, LittleEndian, Varint, standard};
use bincode::serde::{encode_into_std_write, seed_decode_from_slice};
use serde::Serialize;
use serde::de::{DeserializeOwned, DeserializeSeed, Deserializer};

use super::Buffer;
use super::bounded::Bounded;
use super::scan::MAX_DEPTH;
use crate::codec::MAX_ENTRY_BYTES;

/// Elements without bytes (`()`) that a payload may have besides one for each of its bytes.
const SPARE: usize = 65_536;

/// The release whose configuration this is.
const RELEASE: u8 = 2;

type Config = Configuration<LittleEndian, Varint, Limit<MAX_ENTRY_BYTES>>;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Buffer) -> Result<(), String> {
    std::io::Write::write_all(out, &[RELEASE]).map_err(|error| error.to_string())?;
    let config = standard().with_no_limit();
    encode_into_std_write(Unsized(value), out, config).map(drop).map_err(|error| error.to_string())
}

/// Exactly one value, and nothing behind it.
pub(super) fn decode<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    let payload = payload.strip_prefix(&[RELEASE])?;
    let config: Config = standard().with_limit();
    let elements = Cell::new(payload.len().saturating_add(SPARE));
    let seed = Seed { elements: &elements, of: PhantomData };
    let (value, read) = seed_decode_from_slice(seed, payload, config).ok()?;
    (read == payload.len()).then_some(value)
}

/// bincode takes sized values only.
struct Unsized<'a, T: ?Sized>(&'a T);

impl<T: Serialize + ?Sized> Serialize for Unsized<'_, T> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.serialize(serializer)
    }
}

/// A value of `T`, within bounds.
struct Seed<'a, T> {
    elements: &'a Cell<usize>,
    of: PhantomData<fn() -> T>,
}

impl<'de, T: DeserializeOwned> DeserializeSeed<'de> for Seed<'_, T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, decoder: D) -> Result<T, D::Error> {
        T::deserialize(Bounded::new(decoder, MAX_DEPTH, self.elements))
    }
}
