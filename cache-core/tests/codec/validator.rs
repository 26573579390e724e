//! A validator beside a value: it comes back whatever the payload, and no claim about it is believed.

use bytes::Bytes;
use cache_core::codec::{Beside, Codec, Format, Keyring, Place, Sealer, Stamp};
use cache_core::entry::{Reason, Validator};
use cache_core::error::ErrorKind;
use cache_core::key::TagId;

use crate::forge::{LZ4, PLAIN, at, checksummed, envelope, key};

const ETAG: &str = "W/\"the canary\"";

fn encode<'p>(codec: Codec, place: impl Into<Place<'p>>, value: &str, etag: &str) -> Bytes {
    let (stamps, validator) = ([Stamp { tag: TagId(7), token: 70 }], Validator::new(etag).unwrap());
    let beside = Beside { stamps: &stamps, validator: Some(&validator) };
    codec.encode_with(place, Some(value), Format::MessagePack, &envelope(), beside).unwrap()
}

/// A frame whose flag says that a validator stands in front of the payload.
fn claiming(stored: &[u8], raw: usize) -> Bytes {
    let mut frame = crate::forge::with_payload(stored).to_vec();
    frame[at::FLAGS] = 0b1000;
    frame[at::RAW..at::PAYLOAD].copy_from_slice(&u32::try_from(raw).unwrap().to_le_bytes());
    checksummed(frame)
}

fn refused(bytes: &Bytes) -> Reason {
    PLAIN.open(&key("user:7"), 1, bytes).unwrap_err()
}

#[test]
fn a_validator_comes_back_beside_any_payload() {
    let longest = "e".repeat(Validator::MAX_BYTES);
    for codec in [PLAIN, LZ4] {
        for value in ["", "mine", &"mine ".repeat(1_000)] {
            for etag in ["", ETAG, "sjutton ö", &longest] {
                let frame = encode(codec, &key("user:7"), value, etag);
                let opened = codec.open(&key("user:7"), 1, &frame).unwrap();
                assert_eq!(opened.validator().map(Validator::as_str), Some(etag));
                assert_eq!(opened.decode::<String>().as_deref(), Ok(value));
                assert_eq!(opened.stamps().count(), 1);
                assert_eq!(opened.header().compressed, codec == LZ4 && value.len() > 1_000);
            }
        }
    }
}

#[test]
fn a_validator_of_more_than_a_kibibyte_is_refused_with_both_sizes() {
    let error = Validator::new("e".repeat(1_025)).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("1025 bytes, the most are 1024"), "{error}");
}

#[test]
fn no_claim_of_a_validator_is_believed() {
    assert!(PLAIN.open(&key("user:7"), 1, &claiming(&[1, 0, b'e', 7], 1)).is_ok(), "an honest one");
    for (stored, raw, expected) in [
        (&[][..], 0, Reason::Malformed),
        (&[1], 0, Reason::Malformed),
        (&[2, 0, b'e'], 0, Reason::Malformed),
        (&[1, 4, b'e', 7], 1, Reason::Bounds),
        (&[0xff, 0xff, b'e', 7], 1, Reason::Bounds),
        (&[1, 0, 0xff, 7], 1, Reason::Malformed),
        // The payload is what is left.
        (&[1, 0, b'e', 7], 4, Reason::Malformed),
    ] {
        assert_eq!(refused(&claiming(stored, raw)), expected, "{stored:?}");
    }
    let mut absent = claiming(&[0, 0], 0).to_vec();
    absent[at::FLAGS] |= 1;
    assert_eq!(refused(&checksummed(absent)), Reason::Malformed, "absence has none");
}

#[test]
fn every_flipped_bit_of_a_validator_is_a_miss() {
    let frame = encode(PLAIN, &key("user:7"), "mine", ETAG);
    for bit in 0..frame.len() * 8 {
        let mut damaged = frame.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert!(PLAIN.open(&key("user:7"), 1, &damaged.into()).is_err(), "bit {bit}");
    }
}

#[test]
fn a_sealed_validator_is_nowhere_in_clear_and_cannot_be_changed() {
    let (sealer, key) = (Sealer::new(&Keyring::new([1; 32]).unwrap()).unwrap(), key("user:7"));
    let place = Place::sealed(&key, &sealer);
    for codec in [PLAIN, LZ4] {
        let value = "mine ".repeat(400);
        let frame = encode(codec, place, &value, ETAG);
        assert!(!frame.windows(6).any(|window| window == b"canary"));
        let opened = codec.open(place, 1, &frame).unwrap();
        assert_eq!(opened.validator().map(Validator::as_str), Some(ETAG));
        assert_eq!(opened.decode::<String>(), Ok(value));
    }
    let frame = encode(PLAIN, place, "mine", ETAG);
    for bit in at::PAYLOAD * 8..frame.len() * 8 {
        let mut damaged = frame.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(PLAIN.open(place, 1, &damaged.into()).unwrap_err(), Reason::NotAuthentic, "bit {bit}");
    }
    let mut without = frame.to_vec();
    without[at::FLAGS] &= !0b1000;
    assert_eq!(
        PLAIN.open(place, 1, &without.into()).unwrap_err(),
        Reason::NotAuthentic,
        "the flag is sealed too"
    );
}
