//! Tuples: as one part, and as the segments of a key built by hand.

use std::hash::Hasher;

use super::super::{KeyPart, PartWriter, StoredParts};

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
