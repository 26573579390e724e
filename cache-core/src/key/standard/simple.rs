//! Types without parts, options, and pointers to parts.

use std::borrow::Cow;
use std::hash::Hasher;
use std::path::Path;
use std::rc::Rc;
use std::sync::Arc;

use super::super::{KeyPart, PartWriter, StoredParts};

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
