//! The stamps of a frame: under which tokens of its tags the value was loaded. 24 bytes each.

use bytes::{Buf, BufMut};

use super::header::STAMP_BYTES;
use crate::key::TagId;

/// A tag of an entry, and the token that the tag had before the value was loaded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stamp {
    /// Which tag.
    pub tag: TagId,
    /// What the tag's marker held.
    pub token: u128,
}

/// Writes stamps, one behind the other.
pub(super) fn put(stamps: &[Stamp], mut room: &mut [u8]) {
    for stamp in stamps.iter().take(room.len() / STAMP_BYTES) {
        room.put_u64_le(stamp.tag.0);
        room.put_u128_le(stamp.token);
    }
}

/// Reads stamps that were written so.
pub(super) fn read(bytes: &[u8]) -> impl Iterator<Item = Stamp> {
    bytes.chunks_exact(STAMP_BYTES).map(|mut stamp| Stamp {
        tag: TagId(stamp.try_get_u64_le().unwrap_or_default()),
        token: stamp.try_get_u128_le().unwrap_or_default(),
    })
}
