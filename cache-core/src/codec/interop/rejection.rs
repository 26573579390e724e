//! Why bytes are not what was expected: one reason per check.

use std::fmt;

use crate::entry::Reason;

/// Which check the bytes failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Rejection {
    /// An envelope, or what it says that its parts are, is larger than 512 MiB, or than the reader's cap.
    TooLarge,
    /// MessagePack nested deeper than 100 levels.
    Depth,
    /// MessagePack that claims more than its bytes can hold.
    Overclaim,
    /// MessagePack that ends too early.
    Incomplete,
    /// A byte that begins no MessagePack value.
    Marker,
    /// Bytes behind the document.
    Trailing,
    /// An envelope of other than four fields.
    Arity,
    /// A field of an envelope that has another type.
    Field,
    /// A checksum of other than eight bytes.
    ChecksumLength,
    /// A list of bytes with a number above 255.
    NoByte,
    /// No compressed bytes at all.
    Empty,
    /// More than 1,000 times as large as its compressed bytes.
    Ratio,
    /// The compressed bytes are no LZ4 block.
    Block,
    /// The block holds more or fewer bytes than the envelope says.
    Length,
    /// The checksum is another.
    Checksum,
    /// The document is no value of the type asked for.
    Undecodable,
}

impl Rejection {
    fn text(self) -> &'static str {
        match self {
            Self::TooLarge => "input exceeds maximum size",
            Self::Depth => "decode pre-scan: nested deeper than 100 levels",
            Self::Overclaim => "decode pre-scan: more is claimed than the bytes can hold",
            Self::Incomplete => "decode pre-scan: the document is incomplete",
            Self::Marker => "decode pre-scan: a marker that does not exist",
            Self::Trailing => "decode pre-scan: bytes behind the document",
            Self::Arity => "the envelope has not four fields",
            Self::Field => "a field of the envelope has another type",
            Self::ChecksumLength => "the checksum has not eight bytes",
            Self::NoByte => "a list of bytes has a number above 255",
            Self::Empty => "there are no compressed bytes",
            Self::Ratio => "decompression ratio exceeds safety limit",
            Self::Block => "the compressed bytes are no LZ4 block",
            Self::Length => "the data has another length than the envelope says",
            Self::Checksum => "integrity check failed",
            Self::Undecodable => "the document is no value of the type asked for",
        }
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.text())
    }
}

impl std::error::Error for Rejection {}

impl From<Rejection> for Reason {
    fn from(rejection: Rejection) -> Self {
        match rejection {
            Rejection::TooLarge => Self::TooLarge,
            Rejection::Depth | Rejection::Overclaim | Rejection::Incomplete | Rejection::Ratio => {
                Self::Bounds
            }
            Rejection::Checksum => Self::Checksum,
            Rejection::Undecodable => Self::Undecodable,
            _ => Self::Malformed,
        }
    }
}
