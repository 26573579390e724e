//! Putting a frame together: the header goes in front of a payload that is already where it stays.

use bytes::Bytes;

use super::check::in_order;
use super::header::{AFTER_CHECKSUM, BEFORE_CHECKSUM, HEADER_BYTES, STAMP_BYTES};
use super::{Beside, Header, checksum, stamps, validator};
use crate::codec::buffer::Buffer;
use crate::codec::seal::{NONCE_BYTES, Place, TAG_BYTES};
use crate::codec::{Compression, Envelope};
use crate::entry::Deadlines;
use crate::error::{Error, ErrorKind, Result};
use crate::time::WallTime;

/// A buffer for a payload, with room for the header, what stands beside the value and what sealing adds, of at most `limit` bytes.
///
/// # Errors
/// [`ErrorKind::Encode`] for deadlines that no reader would accept.
pub(crate) fn begin(
    envelope: &Envelope,
    beside: Beside<'_>,
    place: &Place<'_>,
    limit: usize,
) -> Result<Buffer> {
    if in_order(&envelope.deadlines) {
        let behind = if place.sealer.is_some() { TAG_BYTES } else { 0 };
        Ok(Buffer::new(head_bytes(beside, place), limit.saturating_sub(behind)))
    } else {
        Err(out_of_order(&envelope.deadlines))
    }
}

/// The frame.
///
/// # Errors
/// [`ErrorKind::TooLarge`] when the uncompressed frame exceeds the limit: its reader could not hold it;
/// [`ErrorKind::Encode`] when it cannot be sealed.
pub(crate) fn finish(
    mut header: Header,
    beside: Beside<'_>,
    mut buffer: Buffer,
    compression: Compression,
    place: &Place<'_>,
) -> Result<Bytes> {
    header.stamps = u16::try_from(beside.stamps.len()).unwrap_or(u16::MAX);
    header.validated = beside.validator.is_some();
    let (frame, head) = (buffer.whole()?, head_bytes(beside, place));
    let payload = frame.get(head..).unwrap_or_default();
    header.raw = length(payload.len());
    if let Some(mut smaller) = compression.shrink(payload, head) {
        header.compressed = true;
        close(&mut header, beside, &mut smaller, place)?;
        return Ok(Bytes::from(smaller.into_boxed_slice()));
    }
    close(&mut header, beside, frame, place)?;
    Ok(buffer.into_bytes())
}

/// What stands in front of what the format writes.
fn head_bytes(beside: Beside<'_>, place: &Place<'_>) -> usize {
    validator_at(beside, place) + validator::bytes(beside)
}

/// Where the validator begins: within what is sealed.
fn validator_at(beside: Beside<'_>, place: &Place<'_>) -> usize {
    HEADER_BYTES + STAMP_BYTES * beside.stamps.len() + if place.sealer.is_some() { NONCE_BYTES } else { 0 }
}

/// Makes a frame of what is in the buffer: in clear under a checksum, or sealed.
fn close(header: &mut Header, beside: Beside<'_>, frame: &mut Vec<u8>, place: &Place<'_>) -> Result<()> {
    stamps::put(beside.stamps, frame.get_mut(HEADER_BYTES..).unwrap_or_default());
    validator::put(beside, frame.get_mut(validator_at(beside, place)..).unwrap_or_default());
    let Some(sealer) = place.sealer else {
        put_header(header, frame);
        return Ok(());
    };
    header.sealed = true;
    header.checksum = sealer.key_id();
    let head = HEADER_BYTES + header.stamp_bytes();
    header.stored = length((frame.len() + TAG_BYTES).saturating_sub(head));
    if let Some(first) = frame.first_chunk_mut() {
        *first = header.bytes();
    }
    sealer.seal(place.key, frame, head)
}

/// The same frame with its life ended now, its stale window as long as before. `None` when it has none, or has ended
/// already, or is no frame of this version, or is sealed with its life: such a one is never served stale.
pub(crate) fn expired(frame: &[u8], now: WallTime) -> Option<Bytes> {
    let mut header = Header::read(frame).ok()?;
    let Deadlines { created, fresh_until, stale_until } = header.deadlines;
    let window = stale_until.since(fresh_until);
    if window.is_zero() || now >= fresh_until || header.negative || header.sealed {
        return None;
    }
    header.deadlines =
        Deadlines { created, fresh_until: now.max(created), stale_until: now.max(created) }.stale_for(window);
    let mut frame = frame.to_vec();
    put_header(&mut header, &mut frame);
    Some(Bytes::from(frame))
}

/// Writes the header in front, with the length and the checksum of what is there.
fn put_header(header: &mut Header, frame: &mut [u8]) {
    header.stored = length(frame.len().saturating_sub(HEADER_BYTES + header.stamp_bytes()));
    if let Some(head) = frame.first_chunk_mut() {
        *head = header.bytes();
    }
    let checksum = checksum::of(frame);
    if let Some(room) = frame.get_mut(BEFORE_CHECKSUM..AFTER_CHECKSUM) {
        room.copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Never saturates: frames are bounded by 64 MiB.
fn length(bytes: usize) -> u32 {
    u32::try_from(bytes).unwrap_or(u32::MAX)
}

#[cold]
fn out_of_order(deadlines: &Deadlines) -> Error {
    let (created, fresh, stale) = (deadlines.created.0, deadlines.fresh_until.0, deadlines.stale_until.0);
    let held = format!("deadlines out of order: created {created}, fresh until {fresh}, stale until {stale}");
    Error::new(ErrorKind::Encode, held)
        .during("encode")
        .with_fix("created must not be after fresh_until, nor fresh_until after stale_until")
}
