//! Accidents: flipped bits, cut and lengthened frames, noise.

use bytes::Bytes;
use cache_core::codec::{Format, peek};
use cache_core::entry::Reason;
use proptest::prelude::*;

use crate::forge::{LZ4, PLAIN, at, checksummed, envelope, honest, key};

fn text() -> String {
    "the same line again, and a word.\n".repeat(40)
}

fn read(bytes: &Bytes) -> Result<String, Reason> {
    PLAIN.open(&key("user:7"), 1, bytes)?.decode()
}

fn stored() -> [Bytes; 2] {
    let frames = [honest(PLAIN, &text()), honest(LZ4, &text())];
    assert!(frames[1].len() < frames[0].len() / 4, "the second one is compressed");
    frames
}

#[test]
fn every_flipped_bit_is_a_miss_that_names_its_reason() {
    for frame in stored() {
        for bit in 0..frame.len() * 8 {
            let mut damaged = frame.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let expected: &[Reason] = match bit / 8 {
                // MessagePack and bincode are one bit apart.
                at::FORMAT if bit % 8 == 1 => &[Reason::Checksum],
                at::VERSION | at::FORMAT | at::RESERVED => &[Reason::WrongFormat],
                at::FLAGS if bit % 8 == 7 => &[Reason::Sealed],
                at::FLAGS if bit % 8 > 3 => &[Reason::WrongFormat],
                12..14 | 66..70 => &[Reason::Malformed],
                _ => &[Reason::Checksum],
            };
            let found = read(&damaged.into()).unwrap_err();
            assert!(expected.contains(&found), "bit {bit}: {found:?}");
        }
    }
}

/// The checksum is no wall: behind it stands the rest of the checks.
#[test]
fn every_flipped_bit_under_a_right_checksum_is_an_answer() {
    for frame in stored() {
        for bit in 0..frame.len() * 8 {
            let mut damaged = frame.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let _any = read(&checksummed(damaged));
        }
    }
}

#[test]
fn every_cut_is_malformed() {
    for frame in stored() {
        assert_eq!(read(&frame), Ok(text()));
        for length in 0..frame.len() {
            assert_eq!(read(&frame.slice(..length)), Err(Reason::Malformed), "{length} bytes");
            assert_eq!(peek(&frame[..length]).is_some(), length >= at::PAYLOAD);
        }
    }
}

#[test]
fn every_appended_byte_is_malformed() {
    for frame in stored() {
        for more in 1..=64 {
            let longer = [&frame[..], &vec![0; more]].concat();
            assert_eq!(read(&checksummed(longer)), Err(Reason::Malformed), "{more} more");
        }
    }
}

proptest! {
    #[test]
    fn noise_is_a_miss(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        prop_assert!(read(&Bytes::from(bytes)).is_err());
    }

    #[test]
    fn noise_behind_a_header_is_an_answer(
        payload in prop::collection::vec(any::<u8>(), 0..200),
        flags in 0_u8..16,
        format in 1_u8..3,
        raw in prop_oneof![Just(None), (0_u32..100_000).prop_map(Some)],
    ) {
        let mut frame = crate::forge::with_payload(&payload).to_vec();
        frame[at::FORMAT] = format;
        frame[at::FLAGS] = flags;
        if let Some(raw) = raw {
            frame[at::RAW..at::PAYLOAD].copy_from_slice(&raw.to_le_bytes());
        }
        let opened = PLAIN.open(&key("user:7"), 1, &checksummed(frame));
        if let Ok(frame) = opened {
            let _text = frame.decode::<String>();
            let _numbers = frame.decode::<Vec<u64>>();
            let _any = frame.decode::<serde_json::Value>();
        }
    }

    #[test]
    fn damage_of_a_compressed_payload_is_an_answer(
        at in any::<prop::sample::Index>(),
        with in prop::collection::vec(any::<u8>(), 1..8),
    ) {
        let frame = honest(LZ4, &text());
        let offset = at::PAYLOAD + at.index(frame.len() - at::PAYLOAD - with.len());
        let _any = read(&crate::forge::patched(&frame, offset, &with));
    }
}

#[test]
fn a_counter_is_no_frame_and_is_left_alone() {
    for value in [0, 7, -1, i64::MIN, i64::MAX] {
        let digits = cache_core::port::backend::counter_bytes(value);
        let reason = read(&digits).unwrap_err();
        assert_eq!((reason, reason.heals()), (Reason::WrongFormat, false), "{value}");
    }
    let frame = PLAIN.encode(&key("n"), None::<&u8>, Format::MessagePack, &envelope()).unwrap();
    assert_eq!(cache_core::port::backend::parse_counter(&frame), None);
    assert!(!frame[0].is_ascii_digit() && frame[0] != b'-');
}
