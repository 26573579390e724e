//! The envelope of cachekit's byte storage: `[compressed, checksum, size, format]` in MessagePack.
//!
//! The compressed bytes are an LZ4 block, as a binary or, from old writers and forever readable, as a list of numbers;
//! the checksum is XXH3-64 of what was compressed, big-endian, as a list of eight numbers.

mod fields;

use xxhash_rust::xxh3::xxh3_64;

use super::{Rejection, check_document};
use crate::codec::compress::{block, decompress};
use crate::error::{Error, ErrorKind, Result as Outcome};
use fields::Fields;

/// The most bytes of an envelope, of its compressed bytes and of its data: 512 MiB.
pub const MAX_BYTES: u64 = 512 << 20;
/// How many times larger than its compressed bytes data may be.
const MAX_RATIO: u64 = 1000;
/// What the format is called, unless somebody says otherwise.
pub const FORMAT: &str = "msgpack";

/// What an envelope holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// What was stored.
    pub data: Vec<u8>,
    /// What its writer called the format of it. Not looked at.
    pub format: String,
}

/// Opens an envelope. Allocates what it holds, at most `limit` bytes (more than 512 MiB counts as that).
///
/// # Errors
/// The first check that does not hold, in the order of the protocol.
pub fn open(envelope: &[u8], limit: u64) -> Result<Stored, Rejection> {
    let limit = limit.min(MAX_BYTES);
    holds(envelope.len() as u64 <= limit, Rejection::TooLarge)?;
    check_document(envelope)?;
    let fields = Fields::read(envelope)?;
    let compressed = fields.compressed.len() as u64;
    holds(compressed <= limit && fields.size <= limit, Rejection::TooLarge)?;
    holds(compressed != 0, Rejection::Empty)?;
    let most = compressed.checked_mul(MAX_RATIO).ok_or(Rejection::Ratio)?;
    holds(fields.size <= most, Rejection::Ratio)?;
    let data = inflated(&fields.compressed, usize::try_from(fields.size).map_err(|_| Rejection::TooLarge)?)?;
    holds(xxh3_64(&data).to_be_bytes() == fields.checksum, Rejection::Checksum)?;
    Ok(Stored { data, format: fields.format.to_owned() })
}

fn holds(condition: bool, otherwise: Rejection) -> Result<(), Rejection> {
    if condition { Ok(()) } else { Err(otherwise) }
}

/// Exactly so many bytes. The block is measured first, so that nothing is allocated for a size that it does not have.
fn inflated(block: &[u8], size: usize) -> Result<Vec<u8>, Rejection> {
    let length = block::length(block).ok_or(Rejection::Block)?;
    holds(length == size as u64, Rejection::Length)?;
    decompress(block, size).ok_or(Rejection::Block)
}

/// Wraps data. The block is as good as this crate's LZ4, whose bytes are its own: others read it, and write another.
///
/// # Errors
/// `TooLarge` for more than 512 MiB.
pub fn store(data: &[u8], format: &str) -> Outcome<Vec<u8>> {
    let size = u32::try_from(data.len()).ok().filter(|size| u64::from(*size) <= MAX_BYTES);
    let size = size.ok_or_else(|| {
        Error::new(
            ErrorKind::TooLarge,
            format!("the data takes {} bytes, the limit is {MAX_BYTES}", data.len()),
        )
        .with_fix("store less in one entry")
    })?;
    Ok(Fields::write(&block::compress(data), xxh3_64(data).to_be_bytes(), size, format))
}
