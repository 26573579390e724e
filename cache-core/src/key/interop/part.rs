//! An argument of a cached function, as a part of an interop key.

use std::cell::Cell;
use std::hash::Hasher;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;

use super::canonical::{Refusal, append};
use crate::key::{KeyPart, PartWriter, StoredParts};

/// An argument, compared and hashed as its canonical bytes. One without a canonical form equals nothing, not even
/// itself, so that it is never a hit; its key is refused.
#[derive(Debug, Clone, Copy)]
pub struct InteropPart<'a, T: ?Sized>(pub &'a T);

thread_local! {
    /// Taken while it is written to: the second and later hits of a thread allocate nothing.
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// Does something with the canonical bytes of a value. A panic of its `Serialize` is a refusal: trouble with a key
/// is no trouble of the caller.
fn with_bytes<T: Serialize + ?Sized, R>(value: &T, then: impl FnOnce(Result<&[u8], Refusal>) -> R) -> R {
    let mut bytes = SCRATCH.try_with(Cell::take).unwrap_or_default();
    bytes.clear();
    let written = catch_unwind(AssertUnwindSafe(|| append(value, &mut bytes)));
    let answer = then(written.unwrap_or(Err(Refusal::Panicked)).map(|()| bytes.as_slice()));
    let _ended_thread = SCRATCH.try_with(|scratch| scratch.set(bytes));
    answer
}

impl<T: Serialize + ?Sized> KeyPart for InteropPart<'_, T> {
    fn feed<H: Hasher>(&self, state: &mut H) {
        with_bytes(self.0, |bytes| {
            let bytes = bytes.unwrap_or_default();
            state.write_usize(bytes.len());
            state.write(bytes);
        });
    }

    fn same(&self, stored: &mut StoredParts<'_>) -> bool {
        with_bytes(self.0, |bytes| bytes.is_ok_and(|bytes| stored.bytes() == Some(bytes)))
    }

    fn write(&self, out: &mut PartWriter) {
        with_bytes(self.0, |bytes| match bytes {
            Ok(bytes) => out.raw_bytes(bytes),
            Err(_) => out.refuse(),
        });
    }
}
