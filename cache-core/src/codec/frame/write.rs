//! Putting a frame together: the header goes in front of a payload that is already where it stays.

use bytes::Bytes;

use super::check::in_order;
use super::header::{AFTER_CHECKSUM, BEFORE_CHECKSUM, HEADER_BYTES, STAMP_BYTES};
use super::{Header, Stamp, checksum, stamps};
use crate::codec::buffer::Buffer;
use crate::codec::{Compression, Envelope};
use crate::entry::Deadlines;
use crate::error::{Error, ErrorKind, Result};
use crate::time::WallTime;

/// A buffer for a payload, with room for the header and so many stamps, of at most `limit` bytes.
///
/// # Errors
/// [`ErrorKind::Encode`] for deadlines that no reader would accept.
pub(crate) fn begin(envelope: &Envelope, stamps: &[Stamp], limit: usize) -> Result<Buffer> {
    if in_order(&envelope.deadlines) {
        Ok(Buffer::new(HEADER_BYTES + STAMP_BYTES * stamps.len(), limit))
    } else {
        Err(out_of_order(&envelope.deadlines))
    }
}

/// The frame.
///
/// # Errors
/// [`ErrorKind::TooLarge`] when the uncompressed frame exceeds the limit: its reader could not hold it.
pub(crate) fn finish(
    mut header: Header,
    stamps: &[Stamp],
    mut buffer: Buffer,
    compression: Compression,
) -> Result<Bytes> {
    header.stamps = u16::try_from(stamps.len()).unwrap_or(u16::MAX);
    let frame = buffer.whole()?;
    let head = HEADER_BYTES + STAMP_BYTES * stamps.len();
    let payload = frame.get(head..).unwrap_or_default();
    header.raw = bytes(payload.len());
    if let Some(mut smaller) = compression.shrink(payload, head) {
        header.compressed = true;
        put_head(&mut header, stamps, &mut smaller);
        return Ok(Bytes::from(smaller.into_boxed_slice()));
    }
    put_head(&mut header, stamps, frame);
    Ok(buffer.into_bytes())
}

/// The same frame with its life ended now, its stale window as long as before. `None` when it has none, or has ended
/// already, or is no frame of this version.
pub(crate) fn expired(frame: &[u8], now: WallTime) -> Option<Bytes> {
    let mut header = Header::read(frame).ok()?;
    let Deadlines { created, fresh_until, stale_until } = header.deadlines;
    let window = stale_until.since(fresh_until);
    if window.is_zero() || now >= fresh_until || header.negative {
        return None;
    }
    header.deadlines =
        Deadlines { created, fresh_until: now.max(created), stale_until: now.max(created) }.stale_for(window);
    let mut frame = frame.to_vec();
    put_header(&mut header, &mut frame);
    Some(Bytes::from(frame))
}

/// Writes the header and the stamps in front.
fn put_head(header: &mut Header, stamps: &[Stamp], frame: &mut [u8]) {
    stamps::put(stamps, frame.get_mut(HEADER_BYTES..).unwrap_or_default());
    put_header(header, frame);
}

/// Writes the header in front, with the length and the checksum of what is there.
fn put_header(header: &mut Header, frame: &mut [u8]) {
    let payload = frame.len().saturating_sub(HEADER_BYTES + header.stamp_bytes());
    header.stored = bytes(payload);
    if let Some(head) = frame.first_chunk_mut() {
        *head = header.bytes();
    }
    let checksum = checksum::of(frame);
    if let Some(room) = frame.get_mut(BEFORE_CHECKSUM..AFTER_CHECKSUM) {
        room.copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Never saturates: frames are bounded by 64 MiB.
fn bytes(length: usize) -> u32 {
    u32::try_from(length).unwrap_or(u32::MAX)
}

#[cold]
fn out_of_order(deadlines: &Deadlines) -> Error {
    let (created, fresh, stale) = (deadlines.created.0, deadlines.fresh_until.0, deadlines.stale_until.0);
    let held = format!("deadlines out of order: created {created}, fresh until {fresh}, stale until {stale}");
    Error::new(ErrorKind::Encode, held)
        .during("encode")
        .with_fix("created must not be after fresh_until, nor fresh_until after stale_until")
}
