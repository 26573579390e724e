//! One stored entry as bytes.
//!
//! Promise: what parses and checks is what was written, under the key that was written. Layout, little endian:
//!
//! | at | bytes | what |
//! |---|---|---|
//! | 0 | 1 | state: [`LIVE`], anything else is dead; the only byte that ever changes in place |
//! | 1 | 3 | `LR1`: this layout |
//! | 4 | 4 | the upper half of xxh3-64 over the next 32 bytes |
//! | 8 | 8 | xxh3-64 of the frame |
//! | 16 | 8 | the lower half of the key's xxh3-128 |
//! | 24 | 8 | deadline, wall-clock milliseconds, all ones for never |
//! | 32 | 4 | length of the frame |
//! | 36 | 4 | length of the key |
//! | 40 | .. | key text, then frame |
//!
//! The order of two records of one key is their position (segment, offset), so a record needs no sequence.

use bytes::{Buf, Bytes};
use cache_core::time::WallTime;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};

use super::place::Fingerprint;

/// Bytes in front of the key.
pub(super) const HEADER: usize = 40;
/// The state of a record that holds.
pub(super) const LIVE: u8 = 0xA5;
/// The state that a killed record is given: every bit differs, so no single flip revives it.
pub(super) const DEAD: u8 = 0x5A;
/// More than any key has (see `cache_core::key::MAX_KEY_BYTES`, a namespace, and the last part).
pub(super) const MAX_KEY: usize = 4_096;

const LAYOUT: [u8; 3] = *b"LR1";

/// What looking at a record found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Reading<T> {
    /// The entry that was asked for.
    Whole(T),
    /// An entry of another key with the same fingerprint.
    Foreign,
    /// Killed meanwhile, or damaged.
    Gone,
}

/// The fixed part of a record.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Header {
    /// Whether it still holds.
    pub(super) live: bool,
    /// When its life ends.
    pub(super) deadline: WallTime,
    frame_sum: u64,
    key_sum: u64,
    key_bytes: u32,
    frame_bytes: u32,
}

impl Header {
    /// Reads the first [`HEADER`] bytes; `None` when they are damaged.
    pub(super) fn parse(bytes: &[u8]) -> Option<Self> {
        let (fixed, _) = bytes.split_at_checked(HEADER)?;
        let (state, mut rest) = fixed.split_first()?;
        let layout = rest.get(..LAYOUT.len())?;
        if layout != LAYOUT {
            return None;
        }
        rest.advance(LAYOUT.len());
        if rest.try_get_u32_le().ok()? != head_sum(rest) {
            return None;
        }
        let header = Self {
            live: *state == LIVE,
            frame_sum: rest.try_get_u64_le().ok()?,
            key_sum: rest.try_get_u64_le().ok()?,
            deadline: WallTime(rest.try_get_u64_le().ok()?),
            frame_bytes: rest.try_get_u32_le().ok()?,
            key_bytes: rest.try_get_u32_le().ok()?,
        };
        (header.key_bytes() <= MAX_KEY).then_some(header)
    }

    /// Length of the key.
    pub(super) fn key_bytes(&self) -> usize {
        usize::try_from(self.key_bytes).unwrap_or(usize::MAX)
    }

    /// Length of the whole record.
    pub(super) fn record_bytes(&self) -> u64 {
        HEADER as u64 + u64::from(self.key_bytes) + u64::from(self.frame_bytes)
    }
}

fn head_sum(fields: &[u8]) -> u32 {
    u32::try_from(xxh3_64(fields) >> 32).unwrap_or(0)
}

/// Header and key of a live record; with `and_frame` the frame too. Allocates once.
pub(super) fn encode(
    key: &str,
    fingerprint: Fingerprint,
    frame: &[u8],
    deadline: WallTime,
    and_frame: bool,
) -> Vec<u8> {
    let length = HEADER + key.len() + if and_frame { frame.len() } else { 0 };
    let mut fields = [0_u8; HEADER - 8];
    let mut at = &mut fields[..];
    put(&mut at, &xxh3_64(frame).to_le_bytes());
    put(&mut at, &fingerprint.low().to_le_bytes());
    put(&mut at, &deadline.0.to_le_bytes());
    put(&mut at, &u32::try_from(frame.len()).unwrap_or(u32::MAX).to_le_bytes());
    put(&mut at, &u32::try_from(key.len()).unwrap_or(u32::MAX).to_le_bytes());
    let mut record = Vec::with_capacity(length);
    record.push(LIVE);
    record.extend_from_slice(&LAYOUT);
    record.extend_from_slice(&head_sum(&fields).to_le_bytes());
    record.extend_from_slice(&fields);
    record.extend_from_slice(key.as_bytes());
    if and_frame {
        record.extend_from_slice(frame);
    }
    record
}

fn put(at: &mut &mut [u8], bytes: &[u8]) {
    let (head, rest) = std::mem::take(at).split_at_mut(bytes.len());
    head.copy_from_slice(bytes);
    *at = rest;
}

/// The frame inside a whole record that was read for `key`. Copies nothing.
pub(super) fn open(record: Vec<u8>, key: &str) -> Reading<Bytes> {
    match check(&record, |stored| stored == key.as_bytes()) {
        Reading::Whole(at) => Reading::Whole(Bytes::from(record).slice(at..)),
        Reading::Foreign => Reading::Foreign,
        Reading::Gone => Reading::Gone,
    }
}

/// Whether a record, or its header and key alone, is a live one of `key`.
pub(super) fn is_of(head: &[u8], key: &str) -> Reading<Header> {
    match Header::parse(head) {
        Some(header) if header.live => match head.get(HEADER..HEADER + header.key_bytes()) {
            Some(stored) if stored == key.as_bytes() => Reading::Whole(header),
            Some(_) => Reading::Foreign,
            None => Reading::Gone,
        },
        _ => Reading::Gone,
    }
}

/// The key text of a live record whose header is intact.
pub(super) fn key_of(head: &[u8]) -> Option<String> {
    let header = Header::parse(head).filter(|header| header.live)?;
    let key = head.get(HEADER..HEADER + header.key_bytes())?;
    std::str::from_utf8(key).ok().map(str::to_owned)
}

/// The fingerprint of a whole live record whose key and frame are intact.
pub(super) fn verify(record: &[u8]) -> Option<Fingerprint> {
    let mut fingerprint = None;
    let checked = check(record, |key| {
        fingerprint = Some(Fingerprint::of(xxh3_128(key)));
        true
    });
    let header = Header::parse(record)?;
    fingerprint.filter(|found| matches!(checked, Reading::Whole(_)) && found.low() == header.key_sum)
}

/// Checks everything; says where the frame begins.
fn check(record: &[u8], is_key: impl FnOnce(&[u8]) -> bool) -> Reading<usize> {
    let Some(header) = Header::parse(record).filter(|header| header.live) else { return Reading::Gone };
    let frame_at = HEADER + header.key_bytes();
    let (Some(key), Some(frame)) = (record.get(HEADER..frame_at), record.get(frame_at..)) else {
        return Reading::Gone;
    };
    if frame.len() as u64 != u64::from(header.frame_bytes) || xxh3_64(frame) != header.frame_sum {
        return Reading::Gone;
    }
    if is_key(key) { Reading::Whole(frame_at) } else { Reading::Foreign }
}

#[cfg(test)]
mod tests {
    use super::*;
    use cache_core::key::{CacheKey, Namespace};

    fn sample() -> (CacheKey, Vec<u8>) {
        let key = CacheKey::direct(&Namespace::default(), "user:7").unwrap();
        let fingerprint = Fingerprint::of(key.fingerprint());
        let record = encode(key.as_str(), fingerprint, b"frame", WallTime(9), true);
        (key, record)
    }

    #[test]
    fn what_was_written_is_read_back() {
        let (key, record) = sample();
        let header = Header::parse(&record).unwrap();
        assert!(header.live);
        assert_eq!((header.deadline, header.record_bytes()), (WallTime(9), record.len() as u64));
        assert_eq!(open(record.clone(), key.as_str()), Reading::Whole(Bytes::from_static(b"frame")));
        assert_eq!(open(record, "larder:d:user:8"), Reading::Foreign);
    }

    #[test]
    fn a_record_knows_the_fingerprint_of_its_key() {
        let (key, record) = sample();
        assert_eq!(verify(&record), Some(Fingerprint::of(key.fingerprint())));
    }

    #[test]
    fn every_single_flip_and_every_cut_is_a_miss() {
        let (key, record) = sample();
        for bit in 0..record.len() * 8 {
            let mut flipped = record.clone();
            flipped[bit / 8] ^= 1 << (bit % 8);
            assert_eq!(verify(&flipped), None, "bit {bit}");
            assert!(!matches!(open(flipped, key.as_str()), Reading::Whole(_)), "bit {bit}");
        }
        for length in 0..record.len() {
            assert_eq!(open(record[..length].to_vec(), key.as_str()), Reading::Gone, "{length}");
        }
    }

    #[test]
    fn no_single_flip_revives_a_killed_record() {
        let (key, mut record) = sample();
        for bit in 0..8 {
            record[0] = DEAD ^ (1 << bit);
            assert_eq!(open(record.clone(), key.as_str()), Reading::Gone);
        }
    }
}
