//! Values within the text of keys and patterns, and constant text within keys.

use std::hash::Hasher;

use crate::key::{KeyPart, KeyPattern, PartWriter, StoredParts};

/// The text of a part within a pattern: exactly this value, without its type.
pub fn pattern_text(part: &(impl KeyPart + ?Sized)) -> String {
    KeyPattern::of_part(part)
}

/// The text of a part within a key template.
pub fn key_text(part: &(impl KeyPart + ?Sized)) -> String {
    let mut writer = PartWriter::default();
    writer.segment(part);
    writer.finish().1.split_off(1)
}

/// The text of a part within the name of a tag: the value without its type, colons escaped. Whoever names a tag by a
/// `u32` and whoever invalidates it by a `u64` mean the same.
pub fn tag_text(part: &(impl KeyPart + ?Sized)) -> String {
    crate::key::text_of_part(part)
}

/// A value as a part of a key. (Its type is hidden so that a missing `KeyPart` is one error.)
#[inline]
pub fn part<T: KeyPart + ?Sized>(part: &T) -> impl KeyPart + '_ {
    part
}

/// An argument of a function whose entries another cache shares: its canonical form is the part.
#[cfg(feature = "cachekit")]
#[inline]
pub fn argument<T: serde::Serialize + ?Sized>(argument: &T) -> impl KeyPart + '_ {
    crate::key::InteropPart(argument)
}

/// Where there is no such cache, the function has been refused.
#[cfg(not(feature = "cachekit"))]
pub fn argument<T: ?Sized>(_: &T) -> impl KeyPart + '_ {
    Word("")
}

/// A value as a part of a key that nobody is to read: hashed and compared as it is, written as an HMAC.
#[inline]
pub fn sensitive<T: KeyPart + ?Sized>(part: &T) -> impl KeyPart + '_ {
    Sensitive(part)
}

struct Sensitive<'a, T: ?Sized>(&'a T);

impl<T: KeyPart + ?Sized> KeyPart for Sensitive<'_, T> {
    #[inline]
    fn feed<H: Hasher>(&self, state: &mut H) {
        self.0.feed(state);
    }

    #[inline]
    fn same(&self, stored: &mut StoredParts<'_>) -> bool {
        self.0.same(stored)
    }

    fn write(&self, out: &mut PartWriter) {
        out.sensitive(self.0);
    }
}

/// Constant text within a key template. The same in all keys of a keyspace, so only their text shows it.
#[derive(Debug, Clone, Copy)]
pub struct Word(pub &'static str);

impl KeyPart for Word {
    #[inline]
    fn feed<H: Hasher>(&self, _: &mut H) {}

    #[inline]
    fn same(&self, _: &mut StoredParts<'_>) -> bool {
        true
    }

    fn write(&self, out: &mut PartWriter) {
        out.word(self.0);
    }
}
