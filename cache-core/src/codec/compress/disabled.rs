//! A build without the feature `lz4`: nothing is compressed, and a compressed frame is a miss.

/// Whether compressed frames can be read.
pub(crate) const READS_LZ4: bool = false;

/// What is tried on a payload of 1 KiB and more.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Compression {
    /// Nothing.
    #[default]
    None,
}

impl Compression {
    pub(super) fn compress(self, _payload: &[u8], _head: usize) -> Option<Vec<u8>> {
        match self {
            Self::None => None,
        }
    }
}

/// Never reached: a compressed frame is refused by its flag.
pub(crate) fn decompress(_stored: &[u8], _raw: usize) -> Option<Vec<u8>> {
    None
}
