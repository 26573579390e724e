//! Everything that is asked of stored bytes before any of them is decoded, in the order of `docs/wire-format.md`.

use bytes::Bytes;

use super::header::HEADER_BYTES;
use super::{Frame, Header, checksum, validator};
use crate::codec::compress::{MAX_RATIO, decompress};
use crate::codec::seal::{NONCE_BYTES, Place, TAG_BYTES};
use crate::entry::{Deadlines, Reason};

/// What the reader knows about the frame that it wants.
pub(crate) struct Expected<'a> {
    pub(crate) place: Place<'a>,
    pub(crate) schema: u32,
    /// The cap in bytes, on the frame and on its decompressed payload.
    pub(crate) limit: usize,
}

/// Takes a frame apart.
///
/// # Errors
/// The first check that does not hold.
pub(crate) fn open(bytes: &Bytes, expected: &Expected<'_>) -> Result<Frame, Reason> {
    holds(bytes.len() <= expected.limit, Reason::TooLarge)?;
    let header = Header::read(bytes)?;
    let payload_at = payload_at(&header, bytes.len())?;
    let stored = whole(&header, bytes, payload_at, &expected.place)?;
    holds(header.fingerprint == expected.place.key.fingerprint(), Reason::WrongKey)?;
    holds(header.schema == expected.schema, Reason::WrongSchema)?;
    holds(in_order(&header.deadlines), Reason::Malformed)?;
    let (validator, stored) = validator::read(&header, stored)?;
    let raw = raw_length(&header, stored.len(), expected.limit)?;
    let payload = if header.compressed { inflated(&stored, raw)? } else { stored };
    if let (false, Some(format)) = (header.negative, header.format) {
        format.check(&payload)?;
    }
    Ok(Frame {
        header,
        stamps: bytes.slice(HEADER_BYTES..payload_at),
        validator,
        payload,
        #[cfg(feature = "cachekit")]
        foreign: false,
    })
}

pub(super) fn holds(condition: bool, otherwise: Reason) -> Result<(), Reason> {
    if condition { Ok(()) } else { Err(otherwise) }
}

/// Where the payload begins. The lengths must add up to the frame: nothing missing, nothing behind.
fn payload_at(header: &Header, frame: usize) -> Result<usize, Reason> {
    let at = HEADER_BYTES + header.stamp_bytes();
    let stored = frame.checked_sub(at).and_then(|stored| u32::try_from(stored).ok());
    holds(stored == Some(header.stored), Reason::Malformed)?;
    Ok(at)
}

/// The payload as it was before it was sealed, and certainly what was stored: by its tag where it must be sealed, by its
/// checksum where it is in clear. What is in clear where it should not be is not believed.
fn whole(header: &Header, bytes: &Bytes, payload_at: usize, place: &Place<'_>) -> Result<Bytes, Reason> {
    match (place.sealer, header.sealed) {
        (None, false) => {
            holds(checksum::of(bytes) == header.checksum, Reason::Checksum)?;
            Ok(bytes.slice(payload_at..))
        }
        (Some(sealer), true) => {
            let sealed = bytes.len().saturating_sub(payload_at);
            holds(sealed >= NONCE_BYTES + TAG_BYTES, Reason::Malformed)?;
            sealer.open(place.key, bytes, payload_at, header.checksum).map(Bytes::from)
        }
        (None, true) => Err(Reason::Sealed),
        (Some(_), false) => Err(Reason::NotSealed),
    }
}

/// An entry lives from its creation on, and is stale only after it was fresh.
pub(super) fn in_order(deadlines: &Deadlines) -> bool {
    deadlines.created <= deadlines.fresh_until && deadlines.fresh_until <= deadlines.stale_until
}

/// How long the payload is once it is decompressed.
///
/// No honest writer exceeds the ratio, so that is a claim out of bounds; more than the limit is what a process
/// with a larger limit may have written, and is left for it.
fn raw_length(header: &Header, stored: usize, limit: usize) -> Result<usize, Reason> {
    let (Header { negative, compressed, raw, .. }, stored) = (*header, stored as u64);
    if !compressed {
        holds(u64::from(raw) == stored, Reason::Malformed)?;
    }
    if negative {
        holds(raw == 0 && !compressed, Reason::Malformed)?;
    }
    holds(u64::from(raw) <= MAX_RATIO * stored, Reason::Bounds)?;
    usize::try_from(raw).ok().filter(|&raw| raw <= limit).ok_or(Reason::TooLarge)
}

fn inflated(stored: &[u8], raw: usize) -> Result<Bytes, Reason> {
    decompress(stored, raw).map(Bytes::from).ok_or(Reason::Malformed)
}
