//! Everything that is asked of stored bytes before any of them is decoded, in the order of `docs/wire-format.md`.

use bytes::Bytes;

use super::header::HEADER_BYTES;
use super::{Frame, Header, checksum};
use crate::codec::compress::{MAX_RATIO, decompress};
use crate::entry::{Deadlines, Reason};

/// What the reader knows about the frame that it wants.
pub(crate) struct Expected {
    pub(crate) fingerprint: u128,
    pub(crate) schema: u32,
    /// The cap in bytes, on the frame and on its decompressed payload.
    pub(crate) limit: usize,
}

/// Takes a frame apart.
///
/// # Errors
/// The first check that does not hold.
pub(crate) fn open(bytes: &Bytes, expected: &Expected) -> Result<Frame, Reason> {
    holds(bytes.len() <= expected.limit, Reason::TooLarge)?;
    let header = Header::read(bytes)?;
    let payload_at = payload_at(&header, bytes.len())?;
    holds(checksum::of(bytes) == header.checksum, Reason::Checksum)?;
    holds(header.fingerprint == expected.fingerprint, Reason::WrongKey)?;
    holds(header.schema == expected.schema, Reason::WrongSchema)?;
    holds(in_order(&header.deadlines), Reason::Malformed)?;
    let raw = raw_length(&header, expected.limit)?;
    let (stamps, stored) = (bytes.slice(HEADER_BYTES..payload_at), bytes.slice(payload_at..));
    let payload = if header.compressed { inflated(&stored, raw)? } else { stored };
    if !header.negative {
        header.format.check(&payload)?;
    }
    Ok(Frame { header, stamps, payload })
}

fn holds(condition: bool, otherwise: Reason) -> Result<(), Reason> {
    if condition { Ok(()) } else { Err(otherwise) }
}

/// Where the payload begins. The lengths must add up to the frame: nothing missing, nothing behind.
fn payload_at(header: &Header, frame: usize) -> Result<usize, Reason> {
    let at = HEADER_BYTES + header.stamp_bytes();
    let stored = frame.checked_sub(at).and_then(|stored| u32::try_from(stored).ok());
    holds(stored == Some(header.stored), Reason::Malformed)?;
    Ok(at)
}

/// An entry lives from its creation on, and is stale only after it was fresh.
pub(super) fn in_order(deadlines: &Deadlines) -> bool {
    deadlines.created <= deadlines.fresh_until && deadlines.fresh_until <= deadlines.stale_until
}

/// How long the payload is once it is decompressed.
///
/// No honest writer exceeds the ratio, so that is a claim out of bounds; more than the limit is what a process
/// with a larger limit may have written, and is left for it.
fn raw_length(header: &Header, limit: usize) -> Result<usize, Reason> {
    let Header { negative, compressed, stored, raw, .. } = *header;
    if !compressed {
        holds(raw == stored, Reason::Malformed)?;
    }
    if negative {
        holds(raw == 0 && !compressed, Reason::Malformed)?;
    }
    holds(u64::from(raw) <= MAX_RATIO * u64::from(stored), Reason::Bounds)?;
    usize::try_from(raw).ok().filter(|&raw| raw <= limit).ok_or(Reason::TooLarge)
}

fn inflated(stored: &[u8], raw: usize) -> Result<Bytes, Reason> {
    decompress(stored, raw).map(Bytes::from).ok_or(Reason::Malformed)
}
