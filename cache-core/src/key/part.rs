//! What can be part of a key.

use std::hash::Hasher;

use super::{PartWriter, StoredParts};

/// A value that can be part of a key: fed to a hasher and compared in place on every call, written only on a miss.
///
/// The three methods must agree: for any two values `a`, `b` of the type, `a.same(written by b)` exactly when
/// `a` and `b` mean the same thing, and then both feed the same words. `#[derive(KeyPart)]` writes all three.
/// There is no blanket over `Debug` or `Display` on purpose: their texts are not injective.
#[diagnostic::on_unimplemented(
    message = "`{Self}` cannot be part of a cache key",
    label = "this argument has no `KeyPart`",
    note = "derive it (`#[derive(larder::KeyPart)]`), leave the argument out with `skip(..)`, or name what identifies it with `key(..)`"
)]
pub trait KeyPart {
    /// Feeds the value to the hasher. Never allocates.
    fn feed<H: Hasher>(&self, state: &mut H);

    /// Whether the next stored part is this value. Never allocates; consumes the stored part when it is.
    fn same(&self, stored: &mut StoredParts<'_>) -> bool;

    /// Writes the value, for storing and for reading by people.
    fn write(&self, out: &mut PartWriter);
}

/// The parts of one key, as the macro lists them: `(&a, (&b, ()))`.
pub trait Parts {
    /// Feeds every part.
    fn feed_all<H: Hasher>(&self, state: &mut H);
    /// Whether the stored parts are these, all of them and no more.
    fn same_all(&self, stored: &mut StoredParts<'_>) -> bool;
    /// Writes every part as a segment of its own.
    fn write_all(&self, out: &mut PartWriter);
}

impl Parts for () {
    fn feed_all<H: Hasher>(&self, _: &mut H) {}

    fn same_all(&self, stored: &mut StoredParts<'_>) -> bool {
        stored.is_empty()
    }

    fn write_all(&self, _: &mut PartWriter) {}
}

impl<Head: KeyPart, Tail: Parts> Parts for (Head, Tail) {
    #[inline]
    fn feed_all<H: Hasher>(&self, state: &mut H) {
        self.0.feed(state);
        self.1.feed_all(state);
    }

    #[inline]
    fn same_all(&self, stored: &mut StoredParts<'_>) -> bool {
        self.0.same(stored) && self.1.same_all(stored)
    }

    fn write_all(&self, out: &mut PartWriter) {
        out.segment(&self.0);
        self.1.write_all(out);
    }
}
