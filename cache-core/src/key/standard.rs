//! `KeyPart` for the types of the standard library.

use std::borrow::Cow;
use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hasher;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num::{
    NonZeroI8, NonZeroI16, NonZeroI32, NonZeroI64, NonZeroI128, NonZeroIsize, NonZeroU8, NonZeroU16,
    NonZeroU32, NonZeroU64, NonZeroU128, NonZeroUsize,
};
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use super::{KeyPart, PartWriter, StoredParts};

macro_rules! integers {
    ($($int:ident $feed:ident $suffix:literal,)*) => {$(
        impl KeyPart for $int {
            #[inline]
            fn feed<H: Hasher>(&self, state: &mut H) {
                state.$feed(*self);
            }

            #[inline]
            fn same(&self, stored: &mut StoredParts<'_>) -> bool {
                stored.take() == Some(self.to_le_bytes())
            }

            fn write(&self, out: &mut PartWriter) {
                out.number(self.to_le_bytes(), self, $suffix);
            }
        }
    )*};
}

integers! {
    u8 write_u8 "u8", u16 write_u16 "u16", u32 write_u32 "u32", u64 write_u64 "", u128 write_u128 "u128", usize write_usize "usize",
    i8 write_i8 "i8", i16 write_i16 "i16", i32 write_i32 "i32", i64 write_i64 "i64", i128 write_i128 "i128", isize write_isize "isize",
}

/// Types that are a key exactly as another value is: `$ty => |value| other value`.
macro_rules! same_as {
    ($($(#[$note:meta])* $ty:ty => |$value:ident| $other:expr,)*) => {$(
        $(#[$note])*
        impl KeyPart for $ty {
            #[inline]
            fn feed<H: Hasher>(&self, state: &mut H) {
                let $value = self;
                $other.feed(state);
            }

            #[inline]
            fn same(&self, stored: &mut StoredParts<'_>) -> bool {
                let $value = self;
                $other.same(stored)
            }

            fn write(&self, out: &mut PartWriter) {
                let $value = self;
                $other.write(out);
            }
        }
    )*};
}

same_as! {
    NonZeroU8 => |n| n.get(), NonZeroU16 => |n| n.get(), NonZeroU32 => |n| n.get(), NonZeroU64 => |n| n.get(),
    NonZeroU128 => |n| n.get(), NonZeroUsize => |n| n.get(), NonZeroI8 => |n| n.get(), NonZeroI16 => |n| n.get(),
    NonZeroI32 => |n| n.get(), NonZeroI64 => |n| n.get(), NonZeroI128 => |n| n.get(), NonZeroIsize => |n| n.get(),
    String => |text| text.as_str(),
    PathBuf => |path| path.as_path(),
    Duration => |life| (life.as_secs(), life.subsec_nanos()),
    SystemTime => |time| since_epoch(time),
    IpAddr => |address| (address.is_ipv6(), octets(address)),
    Ipv4Addr => |address| address.octets(),
    Ipv6Addr => |address| address.octets(),
    SocketAddr => |address| (address.ip(), address.port(), link(address)),
}

/// What tells two equal addresses of the sixth version apart: the flow and the link they are on.
fn link(address: &SocketAddr) -> Option<(u32, u32)> {
    match address {
        SocketAddr::V6(six) if (six.flowinfo(), six.scope_id()) != (0, 0) => {
            Some((six.flowinfo(), six.scope_id()))
        }
        _ => None,
    }
}

fn octets(address: &IpAddr) -> u128 {
    match address {
        IpAddr::V4(four) => u128::from(four.to_bits()),
        IpAddr::V6(six) => six.to_bits(),
    }
}

/// Whether a time is after the epoch, and how far from it.
fn since_epoch(time: &SystemTime) -> (bool, Duration) {
    match time.duration_since(SystemTime::UNIX_EPOCH) {
        Ok(after) => (true, after),
        Err(before) => (false, before.duration()),
    }
}

/// One value for every NaN, and one for both zeros: they mean the same question.
macro_rules! floats {
    ($($float:ident $bits:ident $feed:ident $suffix:literal,)*) => {$(
        impl KeyPart for $float {
            fn feed<H: Hasher>(&self, state: &mut H) {
                state.$feed(canonical::$float(*self).to_bits());
            }

            fn same(&self, stored: &mut StoredParts<'_>) -> bool {
                stored.take() == Some(canonical::$float(*self).to_bits().to_le_bytes())
            }

            fn write(&self, out: &mut PartWriter) {
                let value = canonical::$float(*self);
                if !value.is_finite() {
                    out.word("~");
                }
                out.number(value.to_bits().to_le_bytes(), value, $suffix);
            }
        }
    )*};
}

floats! { f32 u32 write_u32 "f32", f64 u64 write_u64 "f64", }

mod canonical {
    pub(super) fn f32(value: f32) -> f32 {
        if value.is_nan() { f32::NAN } else { value + 0.0 }
    }

    pub(super) fn f64(value: f64) -> f64 {
        if value.is_nan() { f64::NAN } else { value + 0.0 }
    }
}

impl KeyPart for bool {
    fn feed<H: Hasher>(&self, state: &mut H) {
        state.write_u8(u8::from(*self));
    }

    fn same(&self, stored: &mut StoredParts<'_>) -> bool {
        stored.tag(u8::from(*self))
    }

    fn write(&self, out: &mut PartWriter) {
        out.tag(u8::from(*self));
        out.word(if *self { "true" } else { "false" });
    }
}

impl KeyPart for char {
    fn feed<H: Hasher>(&self, state: &mut H) {
        state.write_u32(u32::from(*self));
    }

    fn same(&self, stored: &mut StoredParts<'_>) -> bool {
        stored.take() == Some(u32::from(*self).to_le_bytes())
    }

    fn write(&self, out: &mut PartWriter) {
        out.word("~c");
        out.number(u32::from(*self).to_le_bytes(), u32::from(*self), "");
    }
}

impl KeyPart for str {
    #[inline]
    fn feed<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_bytes());
    }

    #[inline]
    fn same(&self, stored: &mut StoredParts<'_>) -> bool {
        stored.bytes() == Some(self.as_bytes())
    }

    fn write(&self, out: &mut PartWriter) {
        out.string(self);
    }
}

impl KeyPart for Path {
    fn feed<H: Hasher>(&self, state: &mut H) {
        state.write(self.as_os_str().as_encoded_bytes());
    }

    fn same(&self, stored: &mut StoredParts<'_>) -> bool {
        stored.bytes() == Some(self.as_os_str().as_encoded_bytes())
    }

    fn write(&self, out: &mut PartWriter) {
        match self.to_str() {
            Some(text) => out.string(text),
            None => out.binary(self.as_os_str().as_encoded_bytes()),
        }
    }
}

impl KeyPart for () {
    fn feed<H: Hasher>(&self, _: &mut H) {}

    fn same(&self, _: &mut StoredParts<'_>) -> bool {
        true
    }

    fn write(&self, out: &mut PartWriter) {
        out.word("~u");
    }
}

impl<T: KeyPart> KeyPart for Option<T> {
    #[inline]
    fn feed<H: Hasher>(&self, state: &mut H) {
        state.write_u8(u8::from(self.is_some()));
        if let Some(part) = self {
            part.feed(state);
        }
    }

    #[inline]
    fn same(&self, stored: &mut StoredParts<'_>) -> bool {
        stored.tag(u8::from(self.is_some())) && self.as_ref().is_none_or(|part| part.same(stored))
    }

    fn write(&self, out: &mut PartWriter) {
        out.tag(u8::from(self.is_some()));
        match self {
            Some(part) => out.some(part),
            None => out.word("~"),
        }
    }
}

/// A pointer is a key exactly as what it points to is.
macro_rules! pointers {
    ($($ptr:ty),*) => {$(
        impl<T: KeyPart + ?Sized> KeyPart for $ptr {
            #[inline]
            fn feed<H: Hasher>(&self, state: &mut H) {
                (**self).feed(state);
            }

            #[inline]
            fn same(&self, stored: &mut StoredParts<'_>) -> bool {
                (**self).same(stored)
            }

            fn write(&self, out: &mut PartWriter) {
                (**self).write(out);
            }
        }
    )*};
}

pointers!(&T, &mut T, Box<T>, Arc<T>, Rc<T>);

impl<T: KeyPart + ToOwned + ?Sized> KeyPart for Cow<'_, T> {
    fn feed<H: Hasher>(&self, state: &mut H) {
        (**self).feed(state);
    }

    fn same(&self, stored: &mut StoredParts<'_>) -> bool {
        (**self).same(stored)
    }

    fn write(&self, out: &mut PartWriter) {
        (**self).write(out);
    }
}

fn feed_all<'a, T: KeyPart + 'a, H: Hasher>(
    length: usize,
    parts: impl Iterator<Item = &'a T>,
    state: &mut H,
) {
    state.write_usize(length);
    parts.for_each(|part| part.feed(state));
}

fn same_all<'a, T: KeyPart + 'a>(
    length: usize,
    mut parts: impl Iterator<Item = &'a T>,
    stored: &mut StoredParts<'_>,
) -> bool {
    stored.word(length as u64) && parts.all(|part| part.same(stored))
}

fn write_all<'a, T: KeyPart + 'a>(length: usize, parts: impl Iterator<Item = &'a T>, out: &mut PartWriter) {
    out.count(length as u64);
    out.open('[');
    for (index, part) in parts.enumerate() {
        out.member(index == 0, part);
    }
    out.close(']');
}

macro_rules! sequences {
    ($([$($generics:tt)*] $seq:ty),*) => {$(
        impl<T: KeyPart, $($generics)*> KeyPart for $seq {
            fn feed<H: Hasher>(&self, state: &mut H) {
                feed_all(self.len(), self.iter(), state);
            }

            fn same(&self, stored: &mut StoredParts<'_>) -> bool {
                same_all(self.len(), self.iter(), stored)
            }

            fn write(&self, out: &mut PartWriter) {
                write_all(self.len(), self.iter(), out);
            }
        }
    )*};
}

sequences!([] [T], [] Vec<T>, [const N: usize] [T; N], [] VecDeque<T>, [] BTreeSet<T>);

impl<K: KeyPart, V: KeyPart> KeyPart for BTreeMap<K, V> {
    fn feed<H: Hasher>(&self, state: &mut H) {
        state.write_usize(self.len());
        self.iter().for_each(|pair| pair.feed(state));
    }

    fn same(&self, stored: &mut StoredParts<'_>) -> bool {
        stored.word(self.len() as u64) && self.iter().all(|pair| pair.same(stored))
    }

    fn write(&self, out: &mut PartWriter) {
        out.count(self.len() as u64);
        out.open('[');
        for (index, pair) in self.iter().enumerate() {
            out.member(index == 0, &pair);
        }
        out.close(']');
    }
}

/// The parts of a key built by hand, each a segment of its own: `build_cache_key("user", &(7_u64, "avatar"))`.
pub trait KeySegments {
    /// Writes every part as a segment.
    fn write_segments(&self, out: &mut PartWriter);
}

impl KeySegments for () {
    fn write_segments(&self, _: &mut PartWriter) {}
}

macro_rules! tuples {
    ($(($first:ident $($name:ident)*))*) => {$(
        impl<$first: KeyPart, $($name: KeyPart),*> KeyPart for ($first, $($name,)*) {
            #[inline]
            #[allow(non_snake_case)]
            fn feed<State: Hasher>(&self, state: &mut State) {
                let ($first, $($name,)*) = self;
                $first.feed(state);
                $($name.feed(state);)*
            }

            #[inline]
            #[allow(non_snake_case)]
            fn same(&self, stored: &mut StoredParts<'_>) -> bool {
                let ($first, $($name,)*) = self;
                $first.same(stored) $(&& $name.same(stored))*
            }

            #[allow(non_snake_case)]
            fn write(&self, out: &mut PartWriter) {
                let ($first, $($name,)*) = self;
                out.open('(');
                out.member(true, $first);
                $(out.member(false, $name);)*
                out.close(')');
            }
        }

        impl<$first: KeyPart, $($name: KeyPart),*> KeySegments for ($first, $($name,)*) {
            #[allow(non_snake_case)]
            fn write_segments(&self, out: &mut PartWriter) {
                let ($first, $($name,)*) = self;
                out.segment($first);
                $(out.segment($name);)*
            }
        }
    )*};
}

tuples! { (A) (A B) (A B C) (A B C D) (A B C D E) (A B C D E F) (A B C D E F G) (A B C D E F G I) }
