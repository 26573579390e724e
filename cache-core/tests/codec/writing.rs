//! What cannot be stored is an error that says why, and how large it was.

use cache_core::codec::{Codec, Envelope, Format};
use cache_core::entry::{Deadlines, Reason};
use cache_core::error::ErrorKind;
use cache_core::time::WallTime;
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use crate::forge::{LZ4, PLAIN, at, envelope, honest, key};

fn limited(codec: Codec, max_entry_bytes: usize) -> Codec {
    Codec { max_entry_bytes, ..codec }
}

#[test]
fn an_entry_beyond_the_cap_names_its_size_and_the_limit() {
    let text = "x".repeat(500);
    let size = at::PAYLOAD + 3 + 500;
    for (codec, format) in [(PLAIN, Format::MessagePack), (LZ4, Format::MessagePack)] {
        let fits = limited(codec, size).encode(&key("a"), Some(&text), format, &envelope()).unwrap();
        assert_eq!(fits.len(), size);
        let error = limited(codec, size - 1).encode(&key("a"), Some(&text), format, &envelope()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::TooLarge);
        let shown = error.to_string();
        assert!(shown.contains("577 bytes") && shown.contains("limit is 576"), "{shown}");
    }
    let none = limited(PLAIN, 10).encode(&key("a"), None::<&u8>, Format::Json, &envelope()).unwrap_err();
    assert_eq!(none.kind(), ErrorKind::TooLarge);
}

/// Else its reader would have to hold more than the cap.
#[test]
fn the_cap_counts_before_compression() {
    let text = "x".repeat(5_000);
    let error = limited(LZ4, 4_096).encode(&key("a"), Some(&text), Format::MessagePack, &envelope());
    assert_eq!(error.unwrap_err().kind(), ErrorKind::TooLarge);
}

#[test]
fn the_cap_has_a_cap() {
    let codec = limited(PLAIN, usize::MAX);
    let text = "x".repeat(64 << 20);
    let error = codec.encode(&key("a"), Some(&text), Format::MessagePack, &envelope()).unwrap_err();
    assert!(error.to_string().contains("the limit is 67108864"), "{error}");
}

struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        Err(serde::ser::Error::custom("no"))
    }
}

#[derive(Debug, PartialEq)]
struct Explosive;

impl Serialize for Explosive {
    fn serialize<S: Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        panic!("in the user's Serialize")
    }
}

impl<'de> Deserialize<'de> for Explosive {
    fn deserialize<D: Deserializer<'de>>(_: D) -> Result<Self, D::Error> {
        panic!("in the user's Deserialize")
    }
}

#[test]
fn a_value_that_does_not_serialize_is_named() {
    for format in [Format::MessagePack, Format::Json] {
        let error = PLAIN.encode(&key("a"), Some(&Stubborn), format, &envelope()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        let shown = error.to_string();
        assert!(shown.contains("Stubborn") && shown.contains(&format!("{format:?}: no")), "{shown}");
    }
    let map = std::collections::BTreeMap::from([((1, 2), 3)]);
    let error = PLAIN.encode(&key("a"), Some(&map), Format::Json, &envelope()).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode, "JSON needs text keys");
    assert!(PLAIN.encode(&key("a"), Some(&map), Format::MessagePack, &envelope()).is_ok());
}

#[test]
fn a_panic_in_the_users_code_is_an_answer() {
    for format in [Format::MessagePack, Format::Json] {
        let error = PLAIN.encode(&key("a"), Some(&Explosive), format, &envelope()).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(error.to_string().contains("panicked"), "{error}");
    }
    let opened = PLAIN.open(&key("user:7"), 1, &honest(PLAIN, "x")).unwrap();
    assert_eq!(opened.decode::<Explosive>(), Err(Reason::Undecodable));
}

/// The buffer of a thread is reused: nothing of one value may be left in the next.
#[test]
fn values_that_are_encoded_inside_or_after_each_other_do_not_mix() {
    struct Half;
    impl Serialize for Half {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            ("left over", Explosive).serialize(serializer)
        }
    }
    struct Nested;
    impl Serialize for Nested {
        fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
            let inner = honest(PLAIN, "inner");
            (u32::try_from(inner.len()).unwrap(), "outer").serialize(serializer)
        }
    }
    let clean = honest(PLAIN, "x");
    assert!(PLAIN.encode(&key("a"), Some(&Half), Format::MessagePack, &envelope()).is_err());
    assert_eq!(honest(PLAIN, "x"), clean);
    let nested = PLAIN.open(&key("user:7"), 1, &honest(PLAIN, &Nested)).unwrap();
    assert_eq!(nested.decode(), Ok((80, "outer".to_owned())));
}

#[test]
fn values_around_the_reused_buffers_size_come_back() {
    for size in [16_300, 16_384, 16_400, 40_000, 1 << 20] {
        let text = "x".repeat(size - 100);
        let opened = PLAIN.open(&key("user:7"), 1, &honest(PLAIN, &text)).unwrap();
        assert!(opened.decode::<String>() == Ok(text), "{size}");
        assert_eq!(honest(PLAIN, "x").len(), 76);
    }
}

#[test]
fn deadlines_out_of_order_are_not_written() {
    let times = |created, fresh_until, stale_until| Envelope {
        deadlines: Deadlines { created, fresh_until, stale_until },
        ..envelope()
    };
    let [early, late] = [WallTime(1_000), WallTime(2_000)];
    for wrong in [times(late, early, late), times(early, late, early)] {
        let error = PLAIN.encode(&key("a"), Some("x"), Format::MessagePack, &wrong).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Encode);
        assert!(error.to_string().contains("created"), "{error}");
    }
    assert!(PLAIN.encode(&key("a"), Some("x"), Format::MessagePack, &times(early, early, early)).is_ok());
}
