//! A frame is read as what it was written as: its key, schema, version, format, and nothing newer.

use bytes::Bytes;
use cache_core::codec::{Codec, Format, peek};
use cache_core::entry::Reason;

use crate::forge::{LZ4, PLAIN, at, envelope, honest, key, patched, with_payload};

fn refused(bytes: &Bytes) -> Reason {
    PLAIN.open(&key("user:7"), 1, bytes).unwrap_err()
}

#[test]
fn a_frame_of_another_key_or_schema_is_not_opened() {
    let frame = honest(PLAIN, "mine");
    assert_eq!(PLAIN.open(&key("user:8"), 1, &frame).unwrap_err(), Reason::WrongKey);
    assert_eq!(PLAIN.open(&key("user:7"), 2, &frame).unwrap_err(), Reason::WrongSchema);
    assert_eq!(PLAIN.open(&key("user:8"), 2, &frame).unwrap_err(), Reason::WrongKey);
    assert_eq!(PLAIN.open(&key("user:7"), 1, &frame).unwrap().decode::<String>().unwrap(), "mine");
}

#[test]
fn what_a_later_release_may_write_is_left_for_it() {
    let frame = honest(PLAIN, "mine");
    for (offset, byte) in
        [(at::VERSION, 2), (at::FORMAT, 4), (at::FLAGS, 0b1_0000), (at::FLAGS, 0x40), (at::RESERVED, 1)]
    {
        let later = patched(&frame, offset, &[byte]);
        assert_eq!(refused(&later), Reason::WrongFormat, "offset {offset}");
        assert!(!Reason::WrongFormat.heals());
        assert_eq!(peek(&later), None);
    }
    assert_eq!(refused(&Bytes::from_static(&[2])), Reason::WrongFormat, "a short frame of version 2");
    assert_eq!(refused(&Bytes::new()), Reason::Malformed);
}

#[test]
fn stamps_of_a_later_release_are_skipped_but_counted() {
    let frame = honest(PLAIN, "mine");
    let with = |count: u16, stamps: usize| {
        let whole = [&frame[..at::PAYLOAD], &vec![0xaa; stamps], &frame[at::PAYLOAD..]].concat();
        patched(&whole, at::STAMPS, &count.to_le_bytes())
    };
    let opened = PLAIN.open(&key("user:7"), 1, &with(2, 48)).unwrap();
    assert_eq!(opened.decode::<String>().unwrap(), "mine");
    for (count, bytes) in [(1, 23), (1, 25), (1, 0), (0, 24), (u16::MAX, 24)] {
        assert_eq!(refused(&with(count, bytes)), Reason::Malformed, "{count} stamps in {bytes} bytes");
    }
}

#[test]
fn deadlines_must_be_in_order() {
    let frame = honest(PLAIN, "mine");
    for (offset, millis) in
        [(at::CREATED, 61_001_u64), (at::FRESH, 999), (at::FRESH, 121_001), (at::STALE, 0)]
    {
        assert_eq!(refused(&patched(&frame, offset, &millis.to_le_bytes())), Reason::Malformed, "{offset}");
    }
}

#[test]
fn a_negative_frame_has_no_payload() {
    let none = PLAIN.encode(&key("user:7"), None::<&str>, Format::MessagePack, &envelope()).unwrap();
    assert!(PLAIN.open(&key("user:7"), 1, &none).unwrap().is_negative());
    for frame in [honest(PLAIN, "mine"), honest(LZ4, &"mine ".repeat(400))] {
        let flags = frame[at::FLAGS] | 1;
        assert_eq!(refused(&patched(&frame, at::FLAGS, &[flags])), Reason::Malformed);
    }
    assert_eq!(refused(&patched(&none, at::FLAGS, &[0])), Reason::Bounds, "a value of no bytes");
}

#[test]
fn a_payload_is_one_document_of_the_type_asked_for() {
    let frame = |payload: &[u8]| PLAIN.open(&key("user:7"), 1, &with_payload(payload));
    assert_eq!(frame(&[0x07]).unwrap().decode::<u8>(), Ok(7));
    assert_eq!(frame(&[0x07]).unwrap().decode::<String>(), Err(Reason::Undecodable));
    assert_eq!(frame(&[0x93, 1, 2, 3]).unwrap().decode::<(u8, u8)>(), Err(Reason::Undecodable));
    assert_eq!(frame(&[0xa1, 0xff]).unwrap().decode::<String>(), Err(Reason::Undecodable));
    assert_eq!(frame(&[0x07, 0x07]).unwrap_err(), Reason::Malformed);
    assert_eq!(frame(&[0xc1]).unwrap_err(), Reason::Malformed);

    let json = |text: &str| {
        let frame = patched(&with_payload(text.as_bytes()), at::FORMAT, &[2]);
        PLAIN.open(&key("user:7"), 1, &frame).unwrap().decode::<u8>()
    };
    assert_eq!(
        (json("7"), json("7 8"), json("")),
        (Ok(7), Err(Reason::Undecodable), Err(Reason::Undecodable))
    );
}

#[test]
fn peeking_reads_the_fixed_header_and_verifies_nothing() {
    let frame = honest(PLAIN, "mine");
    let opened = PLAIN.open(&key("user:7"), 1, &frame).unwrap();
    let seen = peek(&frame).unwrap();
    assert_eq!(&seen, opened.header());
    assert_eq!((seen.version, seen.schema, seen.deadlines), (7, 1, envelope().deadlines));
    assert_eq!((seen.format, seen.fingerprint), (Some(Format::MessagePack), key("user:7").fingerprint()));
    assert_eq!(peek(&frame[..at::PAYLOAD]), Some(seen));
    assert_eq!(peek(b"42"), None);
}

#[test]
fn an_opened_frame_shows_no_value_and_shares_its_bytes() {
    let frame = honest(Codec::default(), "a very secret text");
    let opened = PLAIN.open(&key("user:7"), 1, &frame).unwrap();
    let shown = format!("{opened:?}");
    assert!(!shown.contains("secret") && shown.contains("payload_bytes: 19"), "{shown}");
}
