//! LZ4 blocks, pure safe Rust.

use lz4_flex::block::{compress_into, decompress_into, get_maximum_output_size};

/// Whether compressed frames can be read.
pub(crate) const READS_LZ4: bool = true;

/// What is tried on a payload of 1 KiB and more.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Nothing.
    #[default]
    None,
    /// LZ4: about 1 GB/s in, 4 GB/s out.
    Lz4,
}

impl Compression {
    pub(super) fn compress(self, payload: &[u8], head: usize) -> Option<Vec<u8>> {
        match self {
            Self::None => None,
            Self::Lz4 => lz4(payload, head),
        }
    }
}

fn lz4(payload: &[u8], head: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; head + get_maximum_output_size(payload.len())];
    let written = compress_into(payload, out.get_mut(head..)?).ok()?;
    out.truncate(head + written);
    (written < payload.len()).then_some(out)
}

/// Decompresses into exactly `raw` bytes; `None` when it is not that many. Allocates `raw` bytes: bound it first.
pub(crate) fn decompress(stored: &[u8], raw: usize) -> Option<Vec<u8>> {
    let mut out = vec![0; raw];
    let written = decompress_into(stored, &mut out).ok()?;
    (written == raw).then_some(out)
}
