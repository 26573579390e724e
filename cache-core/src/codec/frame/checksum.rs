//! The checksum: xxHash3-64 (seed 0) over every byte of the frame but its own eight.
//!
//! It finds accidents. It is no protection against a writer with malice: anyone can compute it.

use xxhash_rust::xxh3::Xxh3Default;

use super::header::{AFTER_CHECKSUM, BEFORE_CHECKSUM};

/// The checksum that the bytes of a whole frame should carry.
pub(super) fn of(frame: &[u8]) -> u64 {
    let mut hasher = Xxh3Default::new();
    hasher.update(frame.get(..BEFORE_CHECKSUM).unwrap_or_default());
    hasher.update(frame.get(AFTER_CHECKSUM..).unwrap_or_default());
    hasher.digest()
}
