//! Arrays, sets and maps: written behind what is there, then put in order, with the header in front.

use std::ops::Range;

use serde::Serialize;
use serde::ser::{
    Impossible, SerializeMap, SerializeSeq, SerializeStruct, SerializeStructVariant, SerializeTuple,
    SerializeTupleStruct, SerializeTupleVariant, Serializer,
};

use super::numbers::{array_header, map_header, text};
use super::{Canonical, Refusal};

/// An array or a set.
pub(super) struct Compound<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    begin: usize,
    count: usize,
    /// Where each member is; of a set only.
    members: Option<Vec<Range<usize>>>,
}

impl<'a> Compound<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, depth: usize, set: bool) -> Self {
        let begin = out.len();
        Self { out, depth, begin, count: 0, members: set.then(Vec::new) }
    }

    fn add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let from = self.out.len();
        value.serialize(Canonical { out: self.out, depth: self.depth, set: false })?;
        self.count += 1;
        if let Some(members) = &mut self.members {
            members.push(from..self.out.len());
        }
        Ok(())
    }

    fn finish(mut self) {
        if let Some(members) = self.members.take() {
            self.count = in_order(self.out, self.begin, &members);
        }
        let mut header = Vec::new();
        array_header(&mut header, self.count);
        self.out.splice(self.begin..self.begin, header);
    }
}

/// Sorts the members of a set by their bytes and keeps one of each; how many are left.
fn in_order(out: &mut Vec<u8>, begin: usize, members: &[Range<usize>]) -> usize {
    let mut sorted: Vec<&[u8]> = members.iter().filter_map(|at| out.get(at.clone())).collect();
    sorted.sort_unstable();
    sorted.dedup();
    let (count, bytes) = (sorted.len(), sorted.concat());
    out.truncate(begin);
    out.extend(bytes);
    count
}

/// A map, or a struct as one.
pub(super) struct Map<'a> {
    out: &'a mut Vec<u8>,
    depth: usize,
    begin: usize,
    /// Each key with the bytes of its value.
    entries: Vec<(String, Range<usize>)>,
    key: Option<String>,
}

impl<'a> Map<'a> {
    pub(super) fn new(out: &'a mut Vec<u8>, depth: usize) -> Self {
        let begin = out.len();
        Self { out, depth, begin, entries: Vec::new(), key: None }
    }

    fn add<T: Serialize + ?Sized>(&mut self, key: String, value: &T) -> Result<(), Refusal> {
        let from = self.out.len();
        value.serialize(Canonical { out: self.out, depth: self.depth, set: false })?;
        self.entries.push((key, from..self.out.len()));
        Ok(())
    }

    fn finish(mut self) -> Result<(), Refusal> {
        self.entries.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
        if self.entries.windows(2).any(|pair| matches!(pair, [(one, _), (other, _)] if one == other)) {
            return Err(Refusal::KeyTwice);
        }
        let mut sorted = Vec::with_capacity(self.out.len() - self.begin + 5);
        map_header(&mut sorted, self.entries.len());
        for (key, value) in &self.entries {
            text(&mut sorted, key);
            sorted.extend_from_slice(self.out.get(value.clone()).unwrap_or_default());
        }
        self.out.truncate(self.begin);
        self.out.extend(sorted);
        Ok(())
    }
}

/// What is inside `{"variant": ..}`.
pub(super) struct Variant<T>(pub(super) T);

macro_rules! arrays {
    ($($of:ident $add:ident),*) => {$(
        impl $of for Compound<'_> {
            type Ok = ();
            type Error = Refusal;

            fn $add<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
                self.add(value)
            }

            fn end(self) -> Result<(), Refusal> {
                self.finish();
                Ok(())
            }
        }
    )*};
}

arrays!(SerializeSeq serialize_element, SerializeTuple serialize_element, SerializeTupleStruct serialize_field);

impl SerializeTupleVariant for Variant<Compound<'_>> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        self.0.add(value)
    }

    fn end(self) -> Result<(), Refusal> {
        self.0.finish();
        Ok(())
    }
}

impl SerializeStruct for Map<'_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        self.add(key.to_owned(), value)
    }

    fn end(self) -> Result<(), Refusal> {
        self.finish()
    }
}

impl SerializeStructVariant for Variant<Map<'_>> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_field<T: Serialize + ?Sized>(
        &mut self,
        key: &'static str,
        value: &T,
    ) -> Result<(), Refusal> {
        self.0.add(key.to_owned(), value)
    }

    fn end(self) -> Result<(), Refusal> {
        self.0.finish()
    }
}

impl SerializeMap for Map<'_> {
    type Ok = ();
    type Error = Refusal;

    fn serialize_key<T: Serialize + ?Sized>(&mut self, key: &T) -> Result<(), Refusal> {
        self.key = Some(key.serialize(Text)?);
        Ok(())
    }

    fn serialize_value<T: Serialize + ?Sized>(&mut self, value: &T) -> Result<(), Refusal> {
        let key = self.key.take().ok_or(Refusal::KeyIsNoText)?;
        self.add(key, value)
    }

    fn end(self) -> Result<(), Refusal> {
        self.finish()
    }
}

/// Takes text and nothing else: the key of a map.
struct Text;

macro_rules! no_text {
    ($($method:ident($($given:ty),*))*) => {$(
        fn $method(self, $(_: $given),*) -> Result<String, Refusal> {
            Err(Refusal::KeyIsNoText)
        }
    )*};
}

macro_rules! no_compound {
    ($($method:ident($($given:ty),*) -> $ty:ident)*) => {$(
        fn $method(self, $(_: $given),*) -> Result<Self::$ty, Refusal> {
            Err(Refusal::KeyIsNoText)
        }
    )*};
}

impl Serializer for Text {
    type Ok = String;
    type Error = Refusal;
    type SerializeSeq = Impossible<String, Refusal>;
    type SerializeTuple = Impossible<String, Refusal>;
    type SerializeTupleStruct = Impossible<String, Refusal>;
    type SerializeTupleVariant = Impossible<String, Refusal>;
    type SerializeMap = Impossible<String, Refusal>;
    type SerializeStruct = Impossible<String, Refusal>;
    type SerializeStructVariant = Impossible<String, Refusal>;

    fn serialize_str(self, value: &str) -> Result<String, Refusal> {
        Ok(value.to_owned())
    }

    fn serialize_char(self, value: char) -> Result<String, Refusal> {
        Ok(value.to_string())
    }

    fn serialize_unit_variant(
        self,
        _: &'static str,
        _: u32,
        variant: &'static str,
    ) -> Result<String, Refusal> {
        Ok(variant.to_owned())
    }

    fn serialize_newtype_struct<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        value: &T,
    ) -> Result<String, Refusal> {
        value.serialize(self)
    }

    fn serialize_some<T: Serialize + ?Sized>(self, value: &T) -> Result<String, Refusal> {
        value.serialize(self)
    }

    fn serialize_newtype_variant<T: Serialize + ?Sized>(
        self,
        _: &'static str,
        _: u32,
        _: &'static str,
        _: &T,
    ) -> Result<String, Refusal> {
        Err(Refusal::KeyIsNoText)
    }

    no_text! {
        serialize_bool(bool)
        serialize_i8(i8) serialize_i16(i16) serialize_i32(i32) serialize_i64(i64)
        serialize_u8(u8) serialize_u16(u16) serialize_u32(u32) serialize_u64(u64)
        serialize_f32(f32) serialize_f64(f64)
        serialize_bytes(&[u8])
        serialize_none() serialize_unit() serialize_unit_struct(&'static str)
    }

    no_compound! {
        serialize_seq(Option<usize>) -> SerializeSeq
        serialize_tuple(usize) -> SerializeTuple
        serialize_tuple_struct(&'static str, usize) -> SerializeTupleStruct
        serialize_tuple_variant(&'static str, u32, &'static str, usize) -> SerializeTupleVariant
        serialize_map(Option<usize>) -> SerializeMap
        serialize_struct(&'static str, usize) -> SerializeStruct
        serialize_struct_variant(&'static str, u32, &'static str, usize) -> SerializeStructVariant
    }

    fn is_human_readable(&self) -> bool {
        true
    }
}
