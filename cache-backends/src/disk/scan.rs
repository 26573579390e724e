//! Reading a segment record by record, where no hint covers it.
//!
//! Promise: only live records whose key and frame are intact are found. A damaged frame is stepped over by the
//! lengths in its header. Behind a damaged header nothing is found: searching the bytes for the next header
//! would let a stored value forge records of other keys.

use std::io;

use super::hint::HintEntry;
use super::record::{self, Header};
use super::segment::Segment;

/// How much is read at once.
const WINDOW: usize = 1 << 20;

/// What was found.
#[derive(Debug, Default)]
pub(super) struct Scan {
    /// The records, in their order.
    pub(super) entries: Vec<HintEntry>,
    /// Behind the last record that is there as a whole.
    pub(super) end: u32,
    /// A header was damaged: what lies behind it is lost.
    pub(super) damaged: bool,
}

/// Reads the records from one offset to another, the end of the file.
pub(super) fn scan(segment: &Segment, from: u32, to: u32) -> io::Result<Scan> {
    let mut window = Window { segment, bytes: Vec::new(), start: 0 };
    let mut found = Scan { end: from, ..Scan::default() };
    loop {
        let head = window.at(found.end, record::HEADER)?;
        if head.len() < record::HEADER {
            return Ok(found);
        }
        let Some(header) = Header::parse(head) else {
            found.damaged = true;
            return Ok(found);
        };
        let behind = u64::from(found.end).checked_add(header.record_bytes());
        let Some(behind) = behind.and_then(|at| u32::try_from(at).ok()).filter(|at| *at <= to) else {
            return Ok(found);
        };
        let (offset, length) = (found.end, behind - found.end);
        if header.live {
            let record = window.at(offset, usize::try_from(length).unwrap_or(0))?;
            found.entries.extend(record::verify(record).map(|fingerprint| HintEntry {
                fingerprint,
                offset,
                length,
                deadline: header.deadline,
            }));
        }
        found.end = behind;
    }
}

/// The part of the file that is in memory.
struct Window<'a> {
    segment: &'a Segment,
    bytes: Vec<u8>,
    start: u32,
}

impl Window<'_> {
    /// The bytes at an offset; fewer where the file ends.
    fn at(&mut self, offset: u32, length: usize) -> io::Result<&[u8]> {
        let skipped = |start: u32| usize::try_from(offset.wrapping_sub(start)).unwrap_or(usize::MAX);
        let held = skipped(self.start).checked_add(length).is_some_and(|end| end <= self.bytes.len());
        if !held {
            self.bytes = self.segment.read(offset, length.max(WINDOW))?;
            self.start = offset;
        }
        let rest = self.bytes.get(skipped(self.start)..).unwrap_or_default();
        Ok(rest.get(..length).unwrap_or(rest))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::disk::place::Fingerprint;
    use cache_core::time::WallTime;
    use xxhash_rust::xxh3::xxh3_128;

    /// Three records of 5,000 bytes; where each begins.
    fn sample() -> (Segment, Vec<u32>, u32) {
        let segment = Segment::create(1, tempfile::tempfile().unwrap()).unwrap();
        let mut offset = super::super::segment::HEADER;
        let mut begins = Vec::new();
        for key in ["a", "b", "c"] {
            let fingerprint = Fingerprint::of(xxh3_128(key.as_bytes()));
            let record = record::encode(key, fingerprint, &[7; 5_000], WallTime::NEVER, true);
            segment.write(&record, offset.into()).unwrap();
            begins.push(offset);
            offset += u32::try_from(record.len()).unwrap();
        }
        (segment, begins, offset)
    }

    fn offsets(found: &Scan) -> Vec<u32> {
        found.entries.iter().map(|entry| entry.offset).collect()
    }

    #[test]
    fn a_damaged_frame_is_stepped_over_and_a_killed_record_left_out() {
        let (segment, begins, end) = sample();
        segment.write(&[8], u64::from(begins[1]) + 300).unwrap();
        let found = scan(&segment, begins[0], end).unwrap();
        assert_eq!((offsets(&found), found.end, found.damaged), (vec![begins[0], begins[2]], end, false));
        segment.kill(begins[0]).unwrap();
        assert_eq!(offsets(&scan(&segment, begins[0], end).unwrap()), [begins[2]]);
    }

    #[test]
    fn nothing_is_believed_behind_a_damaged_header() {
        let (segment, begins, end) = sample();
        segment.write(&[9], u64::from(begins[1]) + 33).unwrap();
        let found = scan(&segment, begins[0], end).unwrap();
        assert_eq!((offsets(&found), found.end, found.damaged), (vec![begins[0]], begins[1], true));
    }

    #[test]
    fn a_torn_tail_ends_the_scan_without_damage() {
        let (segment, begins, end) = sample();
        for cut in [begins[2] + 1, begins[2] + 39, begins[2] + 41, end - 1] {
            let found = scan(&segment, begins[0], cut);
            segment.file().set_len(cut.into()).unwrap();
            let cut_found = scan(&segment, begins[0], cut).unwrap();
            assert_eq!((offsets(&cut_found).len(), cut_found.end, cut_found.damaged), (2, begins[2], false));
            assert!(found.unwrap().entries.len() <= 3);
            sample_back(&segment, begins[2]);
        }
    }

    fn sample_back(segment: &Segment, at: u32) {
        let fingerprint = Fingerprint::of(xxh3_128(b"c"));
        let record = record::encode("c", fingerprint, &[7; 5_000], WallTime::NEVER, true);
        segment.write(&record, at.into()).unwrap();
    }
}
