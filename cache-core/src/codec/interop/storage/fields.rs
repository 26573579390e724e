//! The four fields of an envelope: taken out of a document that has passed the bounds, and written.

use std::borrow::Cow;

use crate::codec::interop::Rejection;

/// The fields, not yet compared with each other.
pub(super) struct Fields<'a> {
    pub(super) compressed: Cow<'a, [u8]>,
    pub(super) checksum: [u8; 8],
    pub(super) size: u64,
    pub(super) format: &'a str,
}

impl<'a> Fields<'a> {
    /// Takes them out. A list of numbers is copied, as many bytes as it has numbers.
    pub(super) fn read(envelope: &'a [u8]) -> Result<Self, Rejection> {
        let mut cursor = Cursor(envelope);
        if cursor.array(Rejection::Arity)? != 4 {
            return Err(Rejection::Arity);
        }
        let compressed = cursor.bytes()?;
        if cursor.array(Rejection::Field)? != 8 {
            return Err(Rejection::ChecksumLength);
        }
        let mut checksum = [0; 8];
        for byte in &mut checksum {
            *byte = cursor.byte()?;
        }
        Ok(Self { compressed, checksum, size: cursor.unsigned()?, format: cursor.text()? })
    }

    /// Writes them, each in its shortest form.
    pub(super) fn write(compressed: &[u8], checksum: [u8; 8], size: u32, format: &str) -> Vec<u8> {
        let mut out = Vec::with_capacity(compressed.len() + format.len() + 40);
        out.push(0x94);
        match (u8::try_from(compressed.len()), u16::try_from(compressed.len())) {
            (Ok(length), _) => out.extend([0xc4, length]),
            (_, Ok(length)) => put(&mut out, 0xc5, length.to_be_bytes()),
            _ => put(&mut out, 0xc6, u32::try_from(compressed.len()).unwrap_or(u32::MAX).to_be_bytes()),
        }
        out.extend_from_slice(compressed);
        out.push(0x98);
        checksum.into_iter().for_each(|byte| number(&mut out, byte.into()));
        number(&mut out, size);
        match u8::try_from(format.len()) {
            Ok(length @ 0..=31) => out.push(0xa0 | length),
            Ok(length) => out.extend([0xd9, length]),
            Err(_) => put(&mut out, 0xdb, u32::try_from(format.len()).unwrap_or(u32::MAX).to_be_bytes()),
        }
        out.extend_from_slice(format.as_bytes());
        out
    }
}

fn number(out: &mut Vec<u8>, value: u32) {
    match (u8::try_from(value), u16::try_from(value)) {
        (Ok(value @ 0..=0x7f), _) => out.push(value),
        (Ok(value), _) => out.extend([0xcc, value]),
        (_, Ok(value)) => put(out, 0xcd, value.to_be_bytes()),
        _ => put(out, 0xce, value.to_be_bytes()),
    }
}

fn put<const N: usize>(out: &mut Vec<u8>, marker: u8, bytes: [u8; N]) {
    out.push(marker);
    out.extend(bytes);
}

/// Reads one field after the other, in any width.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn marker(&mut self) -> Result<u8, Rejection> {
        let (marker, rest) = self.0.split_first().ok_or(Rejection::Incomplete)?;
        self.0 = rest;
        Ok(*marker)
    }

    fn take(&mut self, length: u64) -> Result<&'a [u8], Rejection> {
        let parts = usize::try_from(length).ok().and_then(|length| self.0.split_at_checked(length));
        let (head, rest) = parts.ok_or(Rejection::Incomplete)?;
        self.0 = rest;
        Ok(head)
    }

    /// A big-endian number of so many bytes.
    fn wide(&mut self, bytes: u64) -> Result<u64, Rejection> {
        Ok(self.take(bytes)?.iter().fold(0, |value, byte| value << 8 | u64::from(*byte)))
    }

    fn array(&mut self, otherwise: Rejection) -> Result<u64, Rejection> {
        match self.marker()? {
            marker @ 0x90..=0x9f => Ok(u64::from(marker & 0x0f)),
            0xdc => self.wide(2),
            0xdd => self.wide(4),
            _ => Err(otherwise),
        }
    }

    /// A binary, or a list of numbers.
    fn bytes(&mut self) -> Result<Cow<'a, [u8]>, Rejection> {
        let length = match self.0.first() {
            Some(0xc4) => 1,
            Some(0xc5) => 2,
            Some(0xc6) => 4,
            _ => return self.list().map(Cow::Owned),
        };
        self.marker()?;
        let length = self.wide(length)?;
        self.take(length).map(Cow::Borrowed)
    }

    /// The bounds hold, so there are as many bytes at least as the list has numbers.
    fn list(&mut self) -> Result<Vec<u8>, Rejection> {
        let count = self.array(Rejection::Field)?;
        (0..count).map(|_| self.byte()).collect()
    }

    fn byte(&mut self) -> Result<u8, Rejection> {
        u8::try_from(self.unsigned()?).map_err(|_| Rejection::NoByte)
    }

    fn unsigned(&mut self) -> Result<u64, Rejection> {
        match self.marker()? {
            marker @ 0x00..=0x7f => Ok(marker.into()),
            0xcc => self.wide(1),
            0xcd => self.wide(2),
            0xce => self.wide(4),
            0xcf => self.wide(8),
            _ => Err(Rejection::Field),
        }
    }

    fn text(&mut self) -> Result<&'a str, Rejection> {
        let length = match self.marker()? {
            marker @ 0xa0..=0xbf => u64::from(marker & 0x1f),
            0xd9 => self.wide(1)?,
            0xda => self.wide(2)?,
            0xdb => self.wide(4)?,
            _ => return Err(Rejection::Field),
        };
        std::str::from_utf8(self.take(length)?).map_err(|_| Rejection::Field)
    }
}
