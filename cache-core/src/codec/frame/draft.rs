//! A frame while it is written.

use bytes::Bytes;

use super::check::in_order;
use super::header::HEADER_BYTES;
use super::{Header, checksum};
use crate::codec::buffer::Buffer;
use crate::codec::{Compression, Envelope, Format};
use crate::error::{Error, ErrorKind, Result};
use crate::key::CacheKey;

/// One buffer: room for the header, and the payload as it comes.
pub(crate) struct Draft {
    header: Header,
    buffer: Buffer,
}

impl Draft {
    /// Begins a frame of at most `limit` bytes.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`] for deadlines that no reader would accept.
    pub(crate) fn new(key: &CacheKey, format: Format, envelope: &Envelope, limit: usize) -> Result<Self> {
        if !in_order(&envelope.deadlines) {
            return Err(out_of_order(envelope));
        }
        let header = Header::new(key.fingerprint(), format, envelope);
        Ok(Self { header, buffer: Buffer::new(HEADER_BYTES, limit) })
    }

    /// Where the payload is written.
    pub(crate) fn payload(&mut self) -> &mut Buffer {
        &mut self.buffer
    }

    /// There is no value, and no payload.
    pub(crate) fn mark_negative(&mut self) {
        self.header.negative = true;
    }

    /// The frame.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when the uncompressed frame exceeds the limit: its reader could not hold it.
    pub(crate) fn finish(mut self, compression: Compression) -> Result<Bytes> {
        let mut frame = self.buffer.finish()?;
        self.header.raw = payload_bytes(&frame);
        let payload = frame.get(HEADER_BYTES..).unwrap_or_default();
        if let Some(smaller) = compression.shrink(payload, HEADER_BYTES) {
            self.header.compressed = true;
            frame = smaller;
        }
        self.header.stored = payload_bytes(&frame);
        self.header.write_to(&mut frame);
        self.header.checksum = checksum::of(&frame);
        self.header.write_to(&mut frame);
        // Stores count what they hold by length: give the slack back, which also spares `Bytes` an allocation.
        frame.shrink_to_fit();
        Ok(Bytes::from(frame))
    }
}

impl Header {
    fn write_to(&self, frame: &mut [u8]) {
        if let Some(head) = frame.first_chunk_mut() {
            *head = self.bytes();
        }
    }
}

/// Never saturates: frames are bounded by 64 MiB.
fn payload_bytes(frame: &[u8]) -> u32 {
    u32::try_from(frame.len().saturating_sub(HEADER_BYTES)).unwrap_or(u32::MAX)
}

fn out_of_order(envelope: &Envelope) -> Error {
    let deadlines = &envelope.deadlines;
    let (created, fresh, stale) = (deadlines.created.0, deadlines.fresh_until.0, deadlines.stale_until.0);
    let held = format!("deadlines out of order: created {created}, fresh until {fresh}, stale until {stale}");
    Error::new(ErrorKind::Encode, held)
        .during("encode")
        .with_fix("created must not be after fresh_until, nor fresh_until after stale_until")
}
