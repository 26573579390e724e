//! Putting a frame together: the header goes in front of a payload that is already where it stays.

use bytes::Bytes;

use super::check::in_order;
use super::header::{AFTER_CHECKSUM, BEFORE_CHECKSUM, HEADER_BYTES};
use super::{Header, checksum};
use crate::codec::buffer::Buffer;
use crate::codec::{Compression, Envelope};
use crate::entry::Deadlines;
use crate::error::{Error, ErrorKind, Result};
use crate::time::WallTime;

/// A buffer for a payload, with room for the header, of at most `limit` bytes.
///
/// # Errors
/// [`ErrorKind::Encode`] for deadlines that no reader would accept.
pub(crate) fn begin(envelope: &Envelope, limit: usize) -> Result<Buffer> {
    if in_order(&envelope.deadlines) {
        Ok(Buffer::new(HEADER_BYTES, limit))
    } else {
        Err(out_of_order(&envelope.deadlines))
    }
}

/// The frame.
///
/// # Errors
/// [`ErrorKind::TooLarge`] when the uncompressed frame exceeds the limit: its reader could not hold it.
pub(crate) fn finish(mut header: Header, mut buffer: Buffer, compression: Compression) -> Result<Bytes> {
    let frame = buffer.whole()?;
    header.raw = payload_bytes(frame);
    let payload = frame.get(HEADER_BYTES..).unwrap_or_default();
    if let Some(mut smaller) = compression.shrink(payload, HEADER_BYTES) {
        header.compressed = true;
        put_header(&mut header, &mut smaller);
        return Ok(Bytes::from(smaller.into_boxed_slice()));
    }
    put_header(&mut header, frame);
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

/// Writes the header in front, with the length and the checksum of what is there.
fn put_header(header: &mut Header, frame: &mut [u8]) {
    header.stored = payload_bytes(frame).saturating_sub(header.stamp_bytes());
    if let Some(head) = frame.first_chunk_mut() {
        *head = header.bytes();
    }
    let checksum = checksum::of(frame);
    if let Some(room) = frame.get_mut(BEFORE_CHECKSUM..AFTER_CHECKSUM) {
        room.copy_from_slice(&checksum.to_le_bytes());
    }
}

/// Never saturates: frames are bounded by 64 MiB.
fn payload_bytes(frame: &[u8]) -> u32 {
    u32::try_from(frame.len().saturating_sub(HEADER_BYTES)).unwrap_or(u32::MAX)
}

#[cold]
fn out_of_order(deadlines: &Deadlines) -> Error {
    let (created, fresh, stale) = (deadlines.created.0, deadlines.fresh_until.0, deadlines.stale_until.0);
    let held = format!("deadlines out of order: created {created}, fresh until {fresh}, stale until {stale}");
    Error::new(ErrorKind::Encode, held)
        .during("encode")
        .with_fix("created must not be after fresh_until, nor fresh_until after stale_until")
}
