//! Where a frame is written: bounded, with room for the header in front.

use std::io;

use crate::error::{Error, ErrorKind, Result};

/// Most frames fit into the first allocation: the header and a payload of 180 bytes.
const FIRST_ROOM: usize = 256;

/// A growing buffer that never holds more than its limit, but counts on, so that an error can name the size.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    size: usize,
    limit: usize,
}

impl Buffer {
    /// Begins with `head` zero bytes.
    pub(super) fn new(head: usize, limit: usize) -> Self {
        let mut bytes = Vec::with_capacity(FIRST_ROOM);
        bytes.resize(head, 0);
        Self { bytes, size: head, limit }
    }

    /// What was written.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when it was more than the limit.
    pub(super) fn finish(self) -> Result<Vec<u8>> {
        if self.size <= self.limit { Ok(self.bytes) } else { Err(too_large(self.size, self.limit)) }
    }
}

impl io::Write for Buffer {
    #[inline]
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.write_all(bytes)?;
        Ok(bytes.len())
    }

    #[inline]
    fn write_all(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.size = self.size.saturating_add(bytes.len());
        if self.size <= self.limit {
            self.bytes.extend_from_slice(bytes);
        }
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn too_large(size: usize, limit: usize) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the entry takes {size} bytes, the limit is {limit}"))
        .during("encode")
        .with_fix("cache a smaller value, or raise max_entry_bytes (at most 64 MiB)")
}
