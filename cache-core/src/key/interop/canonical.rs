//! The canonical MessagePack of arguments: one spelling of every value, whatever the language.
//!
//! Shortest headers; a float that is an integer within 64 bits is that integer; maps (and structs) are sorted by the
//! bytes of their keys, sets by the bytes of their members, each of which is there once.

mod compound;
mod numbers;

use std::fmt;

use serde::Serialize;
use serde::ser::{self, Serializer};

use super::marks::SET;
use compound::{Compound, Map, Variant};
pub(super) use numbers::array_header;
use numbers::{binary, float, signed, text, unsigned};

/// The deepest nesting of an argument: what a reader accepts.
const MAX_DEPTH: usize = 100;

/// Why a value has no canonical form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Refusal {
    NotFinite,
    TooWide,
    KeyIsNoText,
    KeyTwice,
    TooDeep,
    Panicked,
    Custom(String),
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an argument has no canonical form: ")?;
        f.write_str(match self {
            Self::NotFinite => "NaN and the infinities are not allowed",
            Self::TooWide => "an integer is below -2^63 or above 2^64-1",
            Self::KeyIsNoText => "a map has a key that is no text",
            Self::KeyTwice => "a map has a key twice",
            Self::TooDeep => "it is nested deeper than 100 levels",
            Self::Panicked => "its Serialize panicked",
            Self::Custom(message) => message,
        })
    }
}

impl std::error::Error for Refusal {}

impl ser::Error for Refusal {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self::Custom(message.to_string())
    }
}

/// The canonical document of a value.
pub(super) fn of<T: Serialize + ?Sized>(value: &T) -> Result<Vec<u8>, Refusal> {
    let mut out = Vec::new();
    append(value, &mut out)?;
    Ok(out)
}

/// Appends the canonical document of a value.
pub(super) fn append<T: Serialize + ?Sized>(value: &T, out: &mut Vec<u8>) -> Result<(), Refusal> {
    value.serialize(Canonical { out, depth: 0, set: false })
}

/// Writes one value behind what is there.
struct Canonical<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    /// A sequence that comes now is a set.
    set: bool,
}

impl<'a> Canonical<'a> {
    fn compound(self) -> Result<Compound<'a>, Refusal> {
        if self.depth >= MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
        Ok(Compound::new(self.out, self.depth + 1, self.set))
    }

    fn map(self) -> Result<Map<'a>, Refusal> {
        if self.depth >= MAX_DEPTH {
            return Err(Refusal::TooDeep);
        }
        Ok(Map::new(self.out, self.depth + 1))
    }

    /// Begins `{"variant": ..}`.
    fn variant(self, name: &str) -> Self {
        self.out.push(0x81);
        text(self.out, name);
        Self { depth: self.depth + 1, ..self }
    }

    fn put(self, write: impl FnOnce(&mut Vec<u8>)) -> Result<(), Refusal> {
        write(self.out);
        Ok(())
    }
}

impl<'a> Serializer for Canonical<'a> {
    type Ok = ();
    type Error = Refusal;
    type SerializeSeq = Compound<'a>;
    type SerializeTuple = Compound<'a>;
    type SerializeTupleStruct = Compound<'a>;
    type SerializeTupleVariant = Variant<Compound<'a>>;
    type SerializeMap = Map<'a>;
    type SerializeStruct = Map<'a>;
    type SerializeStructVariant = Variant<Map<'a>>;

    fn serialize_bool(self, value: bool) -> Result<(), Refusal> {
        self.put(|out| out.push(if value { 0xc3 } else { 0xc2 }))
    }

    fn serialize_i8(self, value: i8) -> Result<(), Refusal> {
        self.serialize_i64(value.into())
    }

    fn serialize_i16(self, value: i16) -> Result<(), Refusal> {
        self.serialize_i64(value.into())
    }

    fn serialize_i32(self, value: i32) -> Result<(), Refusal> {
        self.serialize_i64(value.into())
    }

    fn serialize_i64(self, value: i64) -> Result<(), Refusal> {
        self.put(|out| signed(out, value))
    }

    fn serialize_i128(self, value: i128) -> Result<(), Refusal> {
        match (u64::try_from(value), i64::try_from(value)) {
            (Ok(value), _) => self.serialize_u64(value),
            (_, Ok(value)) => self.serialize_i64(value),
            _ => Err(Refusal::TooWide),
        }
    }

    fn serialize_u8(self, value: u8) -> Result<(), Refusal> {
        self.serialize_u64(value.into())
    }

    fn serialize_u16(self, value: u16) -> Result<(), Refusal> {
        self.serialize_u64(value.into())
    }

    fn serialize_u32(self, value: u32) -> Result<(), Refusal> {
        self.serialize_u64(value.into())
    }

    fn serialize_u64(self, value: u64) -> Result<(), Refusal> {
        self.put(|out| unsigned(out, value))
    }

    fn serialize_u128(self, value: u128) -> Result<(), Refusal> {
        self.serialize_u64(u64::try_from(value).map_err(|_| Refusal::TooWide)?)
    }

    fn serialize_f32(self, value: f32) -> Result<(), Refusal> {
        self.serialize_f64(value.into())
    }

    fn serialize_f64(self, value: f64) -> Result<(), Refusal> {
        if !value.is_finite() {
            return Err(Refusal::NotFinite);
        }
        self.put(|out| float(out, value))
    }

    fn serialize_char(self, value: char) -> Result<(), Refusal> {
        self.serialize_str(value.encode_utf8(&mut [0; 4]))
    }

    fn serialize_str(self, value: &str) -> Result<(), Refusal> {
        self.put(|out| text(out, value))
    }

    fn serialize_bytes(self, value: &[u8]) -> Result<(), Refusal> {
        self.put(|out| binary(out, value))
    }

    fn serialize_none(self) -> Result<(), Refusal> {
        self.serialize_unit()
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<(), Refusal> {
        value.serialize(self)
    }

    fn serialize_unit(self) -> Result<(), Refusal> {
        self.put(|out| out.push(0xc0))
    }

    fn serialize_unit_struct(self, _: &'static str) -> Result<(), Refusal> {
        self.serialize_unit()
    }

    fn serialize_unit_variant(self, _: &'static str, _: u32, variant: &'static str) -> Result<(), Refusal> {
        self.serialize_str(variant)
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        name: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        value.serialize(Self { set: self.set || name == SET, ..self })
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        value.serialize(self.variant(variant))
    }

    fn serialize_seq(self, _: Option<usize>) -> Result<Compound<'a>, Refusal> {
        self.compound()
    }

    fn serialize_tuple(self, _: usize) -> Result<Compound<'a>, Refusal> {
        self.compound()
    }

    fn serialize_tuple_struct(self, _: &'static str, _: usize) -> Result<Compound<'a>, Refusal> {
        self.compound()
    }

    fn serialize_tuple_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<Compound<'a>>, Refusal> {
        self.variant(variant).compound().map(Variant)
    }

    fn serialize_map(self, _: Option<usize>) -> Result<Map<'a>, Refusal> {
        self.map()
    }

    fn serialize_struct(self, _: &'static str, _: usize) -> Result<Map<'a>, Refusal> {
        self.map()
    }

    fn serialize_struct_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
        _: usize,
    ) -> Result<Variant<Map<'a>>, Refusal> {
        self.variant(variant).map().map(Variant)
    }

    /// So that what has a text for people and bytes for machines (a UUID) is the text, as the protocol wants.
    fn is_human_readable(&self) -> bool {
        true
    }
}
