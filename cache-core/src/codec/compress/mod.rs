//! Making a payload smaller.
//!
//! Promise: a payload is compressed only from 1 KiB on and only when that makes it smaller; what is read back is
//! exactly as long as it claims, or refused. The claim is bounded before anything is allocated for it (see
//! `frame::check`). The twins `enabled` and `disabled` are the same three names with and without the
//! feature `lz4`.

#[cfg(feature = "cachekit")]
pub(super) mod block;
#[cfg(not(feature = "lz4"))]
mod disabled;
#[cfg(feature = "lz4")]
mod enabled;

#[cfg(not(feature = "lz4"))]
use disabled as imp;
#[cfg(feature = "lz4")]
use enabled as imp;

pub use imp::Compression;
pub(super) use imp::{READS_LZ4, decompress};

/// Below this many bytes compressing costs more than it saves.
const COMPRESS_FROM: usize = 1024;

/// An LZ4 block of `n` bytes never holds more than this times `n`.
pub(super) const MAX_RATIO: u64 = 255;

impl Compression {
    /// A smaller spelling of the payload behind `head` zero bytes, when there is one.
    pub(super) fn shrink(self, payload: &[u8], head: usize) -> Option<Vec<u8>> {
        if payload.len() < COMPRESS_FROM { None } else { self.compress(payload, head) }
    }
}
