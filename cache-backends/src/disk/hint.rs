//! What a segment holds, without its keys and frames: reopening reads hints, not records.
//!
//! Promise: a hint that decodes lists records that were in its segment when it was written, up to the offset it
//! covers. Some may have been killed since: the state byte in the record decides, a hint never does. Hints are
//! trusted only where the segment's own bytes are (see [`super::lock`]).
//!
//! Layout, little endian: `LARDHNT1`, segment u32, count u32, covered u32, 4 zero bytes, xxh3-64 of all the rest,
//! then per record: key fingerprint 16, offset u32, length u32, deadline u64.

use std::sync::Arc;

use bytes::Buf;
use cache_core::time::WallTime;
use xxhash_rust::xxh3::Xxh3;

use super::place::{Fingerprint, Place};
use super::segment::Segment;

/// Bytes in front of the first entry.
pub(super) const HEADER: usize = 32;
/// Bytes of an entry.
pub(super) const ENTRY: usize = 32;
const MAGIC: [u8; 8] = *b"LARDHNT1";
const SUM_AT: usize = 24;

/// One record of a segment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct HintEntry {
    /// Whose record it is.
    pub(super) fingerprint: Fingerprint,
    /// Where it begins.
    pub(super) offset: u32,
    /// Its whole length.
    pub(super) length: u32,
    /// When its life ends.
    pub(super) deadline: WallTime,
}

impl HintEntry {
    /// The same, as the index says it.
    pub(super) fn place(&self, segment: &Arc<Segment>) -> Place {
        Place {
            segment: Arc::clone(segment),
            offset: self.offset,
            length: self.length,
            deadline: self.deadline,
        }
    }
}

/// What is known of a segment: its records up to an offset.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Hint {
    /// The records, in their order.
    pub(super) entries: Vec<HintEntry>,
    /// They lie below this offset.
    pub(super) covered: u32,
}

impl Hint {
    /// As bytes.
    pub(super) fn encode(&self, segment: u32) -> Vec<u8> {
        let count = u32::try_from(self.entries.len()).unwrap_or(u32::MAX);
        let mut bytes = Vec::with_capacity(HEADER + self.entries.len() * ENTRY);
        bytes.extend_from_slice(&MAGIC);
        for word in [segment, count, self.covered, 0, 0, 0] {
            bytes.extend_from_slice(&word.to_le_bytes());
        }
        for entry in &self.entries {
            bytes.extend_from_slice(&entry.fingerprint.low().to_le_bytes());
            bytes.extend_from_slice(&entry.fingerprint.high().to_le_bytes());
            bytes.extend_from_slice(&entry.offset.to_le_bytes());
            bytes.extend_from_slice(&entry.length.to_le_bytes());
            bytes.extend_from_slice(&entry.deadline.0.to_le_bytes());
        }
        let sum = checksum(&bytes).to_le_bytes();
        bytes.iter_mut().skip(SUM_AT).zip(sum).for_each(|(to, from)| *to = from);
        bytes
    }

    /// From bytes; `None` when anything about them is wrong. `end` is the length of the segment: entries beyond
    /// it are left out (it was cut since, or the last append had failed; `covered` tells).
    pub(super) fn decode(bytes: &[u8], segment: u32, end: u32) -> Option<Self> {
        let (mut head, body) = bytes.split_at_checked(HEADER)?;
        if head.get(..MAGIC.len())? != MAGIC {
            return None;
        }
        head.advance(MAGIC.len());
        let [id, count, covered, _] = [(); 4].map(|()| head.try_get_u32_le().unwrap_or(0));
        let is_whole = body.len() / ENTRY == usize::try_from(count).ok()? && body.len() % ENTRY == 0;
        if id != segment || !is_whole || head.try_get_u64_le().ok()? != checksum(bytes) {
            return None;
        }
        let entries = body.chunks_exact(ENTRY).filter_map(entry);
        let within =
            entries.filter(|entry| entry.offset.checked_add(entry.length).is_some_and(|to| to <= end));
        Some(Self { entries: within.collect(), covered })
    }
}

fn entry(mut bytes: &[u8]) -> Option<HintEntry> {
    let (low, high) = (bytes.try_get_u64_le().ok()?, bytes.try_get_u64_le().ok()?);
    Some(HintEntry {
        fingerprint: Fingerprint::of_halves(low, high),
        offset: bytes.try_get_u32_le().ok()?,
        length: bytes.try_get_u32_le().ok()?,
        deadline: WallTime(bytes.try_get_u64_le().ok()?),
    })
}

/// Over everything but the checksum itself.
fn checksum(bytes: &[u8]) -> u64 {
    let mut sum = Xxh3::new();
    sum.update(bytes.get(..SUM_AT).unwrap_or_default());
    sum.update(bytes.get(HEADER..).unwrap_or_default());
    sum.digest()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample() -> Hint {
        let entry = |n: u32| HintEntry {
            fingerprint: Fingerprint::of_halves(n.into(), 7),
            offset: 16 + n * 100,
            length: 100,
            deadline: WallTime(u64::from(n) * 1_000),
        };
        Hint { entries: (0..3).map(entry).collect(), covered: 316 }
    }

    #[test]
    fn what_was_hinted_is_read_back_for_its_segment_only() {
        let bytes = sample().encode(9);
        assert_eq!(Hint::decode(&bytes, 9, 316), Some(sample()));
        assert_eq!(Hint::decode(&bytes, 8, 316), None);
    }

    #[test]
    fn entries_beyond_a_cut_segment_are_left_out() {
        let cut = Hint::decode(&sample().encode(9), 9, 250).unwrap();
        assert_eq!((cut.entries.len(), cut.covered), (2, 316));
    }

    #[test]
    fn every_flip_and_every_cut_is_refused() {
        let bytes = sample().encode(9);
        for bit in 0..bytes.len() * 8 {
            let mut flipped = bytes.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(Hint::decode(&flipped, 9, 316), None, "bit {bit}");
        }
        for length in 0..bytes.len() {
            assert_eq!(Hint::decode(&bytes[..length], 9, 316), None);
        }
    }
}
