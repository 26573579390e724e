//! Claims: a few bytes that say they are a lot. A reason, and no memory for it.

use bytes::Bytes;
use cache_core::codec::{Codec, MAX_ENTRY_BYTES};
use cache_core::entry::Reason;

use crate::forge::{LZ4, PLAIN, at, honest, key, patched, with_lz4, with_payload};

fn refused(codec: Codec, bytes: &Bytes) -> Reason {
    codec.open(&key("user:7"), 1, bytes).unwrap_err()
}

#[test]
fn nothing_is_reserved_for_what_is_only_claimed() {
    let before = most_memory();
    for marker in [0xc6, 0xc9, 0xdb, 0xdd, 0xdf] {
        for claim in [[0xff; 4], [0x7f, 0xff, 0xff, 0xff]] {
            let payload = [&[marker][..], &claim, &[0; 64]].concat();
            assert_eq!(refused(PLAIN, &with_payload(&payload)), Reason::Bounds, "{marker:x}");
            let inside = [&[0x92, marker][..], &claim, &[0; 64]].concat();
            assert_eq!(refused(PLAIN, &with_payload(&inside)), Reason::Bounds, "{marker:x} inside");
        }
    }
    for raw in [0x8000_0000, u32::MAX] {
        assert_eq!(refused(PLAIN, &with_lz4(&[0x10, 0x61, 0, 0, 0, 0], raw)), Reason::Bounds);
    }
    // Within the ratio, but beyond what this reader holds.
    assert_eq!(refused(PLAIN, &with_lz4(&vec![0; 1 << 19], 100 << 20)), Reason::TooLarge);
    assert!(most_memory() - before < 64 << 20, "some claim was believed");
}

/// The peak of this process's address space in bytes; 0 where the system does not tell.
fn most_memory() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let peak = status.lines().find_map(|line| line.strip_prefix("VmPeak:"));
    let kib: Option<u64> = peak.and_then(|peak| peak.trim().trim_end_matches(" kB").parse().ok());
    kib.unwrap_or(0) * 1024
}

#[test]
fn slots_are_counted_over_all_levels() {
    // 15 slots announced three times over, and 30 bytes there.
    let nested = [&[0x9f; 3][..], &[0xc0; 30]].concat();
    assert_eq!(refused(PLAIN, &with_payload(&nested)), Reason::Bounds);
    let whole = [&[0x9f; 3][..], &[0xc0; 15 + 14 + 14]].concat();
    assert!(PLAIN.open(&key("user:7"), 1, &with_payload(&whole)).is_ok());
    // A map's slots are keys and values.
    assert_eq!(refused(PLAIN, &with_payload(&[0x82, 1, 1, 2])), Reason::Bounds);
    assert!(PLAIN.open(&key("user:7"), 1, &with_payload(&[0x82, 1, 1, 2, 2])).is_ok());
}

#[test]
fn a_block_of_lz4_expands_at_most_255_fold() {
    let zeros = "\0".repeat(1 << 19);
    let frame = honest(LZ4, &zeros);
    assert!(frame.len() < 4096, "{}", frame.len());
    assert!(PLAIN.open(&key("user:7"), 1, &frame).is_ok());
    let block = &frame[at::PAYLOAD..];
    let most = u32::try_from(block.len() * 255).unwrap();
    assert_eq!(refused(PLAIN, &with_lz4(block, most + 1)), Reason::Bounds);
    assert_eq!(refused(PLAIN, &with_lz4(block, most)), Reason::Malformed, "allowed, but not what it holds");
}

#[test]
fn a_block_that_is_longer_or_shorter_than_it_claims_is_malformed() {
    let frame = honest(LZ4, &"line after line\n".repeat(200));
    let raw = u32::from_le_bytes(frame[at::RAW..at::PAYLOAD].try_into().unwrap());
    for wrong in [0, 1, raw - 1, raw + 1] {
        let forged = patched(&frame, at::RAW, &wrong.to_le_bytes());
        assert_eq!(refused(PLAIN, &forged), Reason::Malformed, "{wrong} instead of {raw}");
    }
    assert_eq!(refused(PLAIN, &with_lz4(&[], 0)), Reason::Malformed);
    // "ab" of a text of five: the rest must not be made up from the buffer's zeros.
    assert_eq!(refused(PLAIN, &with_lz4(&[0x30, 0xa5, b'a', b'b'], 6)), Reason::Malformed);
    let plain = honest(PLAIN, "short");
    assert_eq!(refused(PLAIN, &patched(&plain, at::RAW, &[7, 0, 0, 0])), Reason::Malformed);
}

#[test]
fn a_frame_beyond_the_cap_is_not_looked_at() {
    let frame = honest(PLAIN, &"x".repeat(1000));
    let reader = |max_entry_bytes| Codec { max_entry_bytes, ..PLAIN };
    assert!(reader(frame.len()).open(&key("user:7"), 1, &frame).is_ok());
    assert_eq!(refused(reader(frame.len() - 1), &frame), Reason::TooLarge);
    assert_eq!(refused(reader(10), &Bytes::from_static(b"no frame at all")), Reason::TooLarge);
    let huge = Bytes::from(vec![1; MAX_ENTRY_BYTES + 1]);
    assert_eq!(refused(reader(usize::MAX), &huge), Reason::TooLarge);
}

#[test]
fn a_reader_with_a_smaller_cap_leaves_a_compressed_frame_alone() {
    let frame = honest(LZ4, &"line after line\n".repeat(500));
    let small = Codec { max_entry_bytes: 4096, ..PLAIN };
    let reason = refused(small, &frame);
    assert_eq!((reason, reason.heals()), (Reason::TooLarge, false));
}
