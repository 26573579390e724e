//! Where a frame is written: one reused buffer per thread, bounded, with room for the header in front.

use std::cell::Cell;
use std::io;

use bytes::Bytes;

use crate::error::{Error, ErrorKind, Result};

/// What is written here is copied out, exactly as large as it is: cheaper than growing and shrinking anew. What
/// is larger leaves with the buffer.
const COPIED_UP_TO: usize = 16 << 10;

thread_local! {
    /// Taken while it is written to, so that a `Serialize` that encodes by itself just begins another one.
    static REUSED: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A growing buffer that never holds more than its limit, but counts on, so that an error can name the size.
pub(crate) struct Buffer {
    bytes: Vec<u8>,
    /// How much did not fit.
    beyond: usize,
    limit: usize,
}

impl Buffer {
    /// Begins with `head` zero bytes.
    pub(super) fn new(head: usize, limit: usize) -> Self {
        let mut bytes = REUSED.try_with(Cell::take).unwrap_or_default();
        bytes.clear();
        bytes.resize(head, 0);
        Self { bytes, beyond: 0, limit }
    }

    /// Everything that was written, head included.
    ///
    /// # Errors
    /// [`ErrorKind::TooLarge`] when it was more than the limit.
    pub(super) fn whole(&mut self) -> Result<&mut Vec<u8>> {
        let size = self.bytes.len().saturating_add(self.beyond);
        if size <= self.limit { Ok(&mut self.bytes) } else { Err(too_large(size, self.limit)) }
    }

    /// Lets go of the bytes.
    pub(super) fn into_bytes(mut self) -> Bytes {
        if self.bytes.len() <= COPIED_UP_TO {
            return Bytes::copy_from_slice(&self.bytes);
        }
        let mut bytes = std::mem::take(&mut self.bytes);
        // Stores count what they hold by length: give the slack back, which also spares `Bytes` an allocation.
        bytes.shrink_to_fit();
        Bytes::from(bytes)
    }
}

impl Drop for Buffer {
    fn drop(&mut self) {
        let bytes = std::mem::take(&mut self.bytes);
        if bytes.capacity() <= 2 * COPIED_UP_TO {
            let _ended_thread = REUSED.try_with(|reused| reused.set(bytes));
        }
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
        if bytes.len() <= self.limit.saturating_sub(self.bytes.len()) {
            self.bytes.extend_from_slice(bytes);
        } else {
            self.beyond = self.beyond.saturating_add(bytes.len());
        }
        Ok(())
    }

    #[inline]
    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cold]
fn too_large(size: usize, limit: usize) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the entry takes {size} bytes, the limit is {limit}"))
        .during("encode")
        .with_fix("cache a smaller value, or raise max_entry_bytes (at most 64 MiB)")
}
