//! What is checked of a MessagePack payload before any of it is decoded.
//!
//! Promise: what passes is exactly one document, nested at most [`MAX_DEPTH`] deep, in which nothing claims more
//! than is there. Decoders recurse and reserve by what the bytes say (700 nested arrays overflow a stack of
//! 2 MiB); this walk does neither: its state is a fixed array.

use crate::entry::Reason;

/// The deepest nesting of arrays and maps that is decoded.
pub(super) const MAX_DEPTH: usize = 100;

/// What is wrong with a document.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::codec) enum Fault {
    /// It claims or needs more than is there.
    Beyond,
    /// It is nested too deep.
    Depth,
    /// A marker that does not exist.
    Marker,
    /// Bytes behind it.
    Trailing,
}

impl From<Fault> for Reason {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Beyond | Fault::Depth => Self::Bounds,
            Fault::Marker | Fault::Trailing => Self::Malformed,
        }
    }
}

/// Passes exactly one document that claims no more than is there.
///
/// # Errors
/// What is wrong with it.
pub(in crate::codec) fn one_document(payload: &[u8]) -> Result<(), Fault> {
    let mut rest = payload;
    let mut levels = Levels::default();
    while levels.expect_value() {
        let (&marker, tail) = rest.split_first().ok_or(Fault::Beyond)?;
        let token = Token::read(marker, tail)?;
        rest = usize::try_from(token.skip).ok().and_then(|skip| tail.get(skip..)).ok_or(Fault::Beyond)?;
        if token.container {
            levels.open(token.slots, rest.len())?;
        }
    }
    if rest.is_empty() { Ok(()) } else { Err(Fault::Trailing) }
}

/// How many slots a document claims altogether, those of texts and binaries being their bytes: of one that was refused,
/// up to where it cannot be read.
#[cfg(feature = "cachekit")]
pub(in crate::codec) fn claimed(document: &[u8]) -> u64 {
    let (mut rest, mut claimed) = (document, 0_u64);
    while let Some((&marker, tail)) = rest.split_first() {
        let Ok(token) = Token::read(marker, tail) else { break };
        claimed = claimed.saturating_add(token.slots).saturating_add(Token::body(marker, token.skip));
        let Some(next) = usize::try_from(token.skip).ok().and_then(|skip| tail.get(skip..)) else { break };
        rest = next;
    }
    claimed
}

/// One marker: the bytes to skip behind it, and the values that follow inside it.
struct Token {
    skip: u64,
    slots: u64,
    container: bool,
}

impl Token {
    #[inline]
    fn read(marker: u8, tail: &[u8]) -> Result<Self, Fault> {
        Ok(match marker {
            0x00..=0x7f | 0xc0 | 0xc2 | 0xc3 | 0xe0..=0xff => Self::plain(0),
            0x80..=0x8f => Self::container(0, 2 * u64::from(marker & 0x0f)),
            0x90..=0x9f => Self::container(0, u64::from(marker & 0x0f)),
            0xa0..=0xbf => Self::plain(u64::from(marker & 0x1f)),
            0xc1 => return Err(Fault::Marker),
            0xc4 | 0xd9 => Self::plain(1 + length::<1>(tail)?),
            0xc5 | 0xda => Self::plain(2 + length::<2>(tail)?),
            0xc6 | 0xdb => Self::plain(4 + length::<4>(tail)?),
            // Extensions: one byte more, their type.
            0xc7 => Self::plain(2 + length::<1>(tail)?),
            0xc8 => Self::plain(3 + length::<2>(tail)?),
            0xc9 => Self::plain(5 + length::<4>(tail)?),
            0xd4..=0xd8 => Self::plain(1 + (1 << (marker - 0xd4))),
            0xcc | 0xd0 => Self::plain(1),
            0xcd | 0xd1 => Self::plain(2),
            0xca | 0xce | 0xd2 => Self::plain(4),
            0xcb | 0xcf | 0xd3 => Self::plain(8),
            0xdc => Self::container(2, length::<2>(tail)?),
            0xdd => Self::container(4, length::<4>(tail)?),
            0xde => Self::container(2, 2 * length::<2>(tail)?),
            0xdf => Self::container(4, 2 * length::<4>(tail)?),
        })
    }

    /// The bytes of a text, a binary or an extension, of what is to be skipped.
    #[cfg(feature = "cachekit")]
    const fn body(marker: u8, skip: u64) -> u64 {
        match marker {
            0xa0..=0xbf => skip,
            0xc4 | 0xd9 | 0xd4..=0xd8 => skip - 1,
            0xc5 | 0xda | 0xc7 => skip - 2,
            0xc8 => skip - 3,
            0xc6 | 0xdb => skip - 4,
            0xc9 => skip - 5,
            _ => 0,
        }
    }

    const fn plain(skip: u64) -> Self {
        Self { skip, slots: 0, container: false }
    }

    const fn container(skip: u64, slots: u64) -> Self {
        Self { skip, slots, container: true }
    }
}

/// A big-endian length of `N` bytes.
fn length<const N: usize>(tail: &[u8]) -> Result<u64, Fault> {
    let digits = tail.first_chunk::<N>().ok_or(Fault::Beyond)?;
    Ok(digits.iter().fold(0, |length, &digit| length << 8 | u64::from(digit)))
}

/// The containers that are open.
struct Levels {
    /// What the innermost one still waits for; at first the document itself.
    left: u64,
    /// What those around it still wait for.
    around: [u64; MAX_DEPTH],
    depth: usize,
    /// All that is waited for, on every level.
    owed: u64,
}

impl Default for Levels {
    fn default() -> Self {
        Self { left: 1, around: [0; MAX_DEPTH], depth: 0, owed: 1 }
    }
}

impl Levels {
    /// Leaves the containers that are complete and counts one value of what remains; false at the very end.
    #[inline]
    fn expect_value(&mut self) -> bool {
        while self.left == 0 {
            let Some(outer) = self.depth.checked_sub(1) else { return false };
            self.depth = outer;
            self.left = self.around.get(outer).copied().unwrap_or(0);
        }
        self.left -= 1;
        self.owed -= 1;
        true
    }

    /// Enters a container. Each of its slots, and each that is owed around it, takes a byte at least.
    #[inline]
    fn open(&mut self, slots: u64, rest: usize) -> Result<(), Fault> {
        self.owed += slots;
        let outer = self.around.get_mut(self.depth).ok_or(Fault::Depth)?;
        if self.owed > rest as u64 {
            return Err(Fault::Beyond);
        }
        *outer = self.left;
        self.left = slots;
        self.depth += 1;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One document of every marker: what begins it, and the bytes that belong to it.
    fn documents() -> Vec<Vec<u8>> {
        let document = |head: &[u8], body: usize| [head, &vec![0; body]].concat();
        let mut all: Vec<_> = [0x00, 0x7f, 0xe0, 0xff, 0xc0, 0xc2, 0xc3].map(|one| vec![one]).into();
        all.extend((0..16_u8).map(|slots| document(&[0x80 | slots], 2 * usize::from(slots))));
        all.extend((0..16_u8).map(|slots| document(&[0x90 | slots], usize::from(slots))));
        all.extend((0..32_u8).map(|bytes| document(&[0xa0 | bytes], usize::from(bytes))));
        for (marker, body) in [(0xcc, 1), (0xcd, 2), (0xce, 4), (0xcf, 8), (0xca, 4), (0xcb, 8)] {
            all.push(document(&[marker], body));
        }
        for (marker, body) in [(0xd0, 1), (0xd1, 2), (0xd2, 4), (0xd3, 8)] {
            all.push(document(&[marker], body));
        }
        for (marker, body) in [(0xd4, 2), (0xd5, 3), (0xd6, 5), (0xd7, 9), (0xd8, 17)] {
            all.push(document(&[marker], body));
        }
        for (marker, body) in [(0xc4, 0xff), (0xd9, 0xff), (0xc7, 0xff + 1)] {
            all.push(document(&[marker, 0xff], body));
        }
        for (marker, body) in [(0xc5, 0x102), (0xda, 0x102), (0xc8, 0x103), (0xdc, 0x102), (0xde, 0x204)] {
            all.push(document(&[marker, 0x01, 0x02], body));
        }
        for (marker, body) in [(0xc6, 0x102), (0xdb, 0x102), (0xc9, 0x103), (0xdd, 0x102), (0xdf, 0x204)] {
            all.push(document(&[marker, 0, 0, 0x01, 0x02], body));
        }
        all
    }

    #[test]
    fn every_marker_ends_where_it_says() {
        for mut document in documents() {
            let marker = document[0];
            assert_eq!(one_document(&document), Ok(()), "{marker:#x}");
            for cut in 0..document.len() {
                assert_eq!(one_document(&document[..cut]), Err(Fault::Beyond), "{marker:#x} cut to {cut}");
            }
            document.push(0xc0);
            assert_eq!(one_document(&document), Err(Fault::Trailing), "{marker:#x} and one more");
        }
    }

    #[test]
    fn documents_nest_in_each_other() {
        let inner = documents();
        let mut outer = vec![0xdc, 0, u8::try_from(inner.len()).unwrap()];
        outer.extend(inner.concat());
        assert_eq!(one_document(&outer), Ok(()));
        assert_eq!(one_document(&[0xc1]), Err(Fault::Marker));
    }
}
