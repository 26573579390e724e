//! Sequences and maps: their length, then their parts.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::hash::Hasher;

use super::super::{KeyPart, PartWriter, StoredParts};

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
