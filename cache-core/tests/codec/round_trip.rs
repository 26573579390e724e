//! What was stored comes back, whatever the format and the compression.

use std::collections::BTreeMap;

use cache_core::codec::{Codec, Compression, Envelope, Format, Stamp};
use cache_core::entry::Deadlines;
use cache_core::key::TagId;
use cache_core::time::WallTime;
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

use crate::forge::{LZ4, PLAIN, envelope, key};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Order {
    id: i64,
    note: String,
    paid: Option<bool>,
    letter: char,
    weight: f64,
    lines: Vec<Line>,
    labels: BTreeMap<String, Kind>,
    raw: Vec<u8>,
    unit: (),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Line(String, u128);

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Kind {
    Plain,
    Count(u32),
    Span { from: i8, to: i16 },
}

fn kind() -> impl Strategy<Value = Kind> {
    prop_oneof![
        Just(Kind::Plain),
        any::<u32>().prop_map(Kind::Count),
        any::<(i8, i16)>().prop_map(|(from, to)| Kind::Span { from, to }),
    ]
}

fn order() -> impl Strategy<Value = Order> {
    let lines = prop::collection::vec((".{0,40}", any::<u128>()).prop_map(|(t, n)| Line(t, n)), 0..60);
    let labels = prop::collection::btree_map(".{0,12}", kind(), 0..8);
    let weight = any::<f64>().prop_filter("JSON has no such numbers", |weight| weight.is_finite());
    (
        any::<i64>(),
        "\\PC{0,60}",
        any::<Option<bool>>(),
        any::<char>(),
        weight,
        lines,
        labels,
        any::<Vec<u8>>(),
    )
        .prop_map(|(id, note, paid, letter, weight, lines, labels, raw)| Order {
            id,
            note,
            paid,
            letter,
            weight,
            lines,
            labels,
            raw,
            unit: (),
        })
}

const FORMATS: [Format; 3] = [Format::MessagePack, Format::Json, Format::Bincode];

fn any_envelope() -> impl Strategy<Value = Envelope> {
    any::<(u32, [u64; 3], u64, bool)>().prop_map(|(schema, mut at, version, immutable)| {
        at.sort_unstable();
        let [created, fresh_until, stale_until] = at.map(WallTime);
        Envelope { schema, deadlines: Deadlines { created, fresh_until, stale_until }, version, immutable }
    })
}

fn there_and_back<T>(codec: Codec, format: Format, value: &T, envelope: &Envelope) -> T
where
    T: Serialize + serde::de::DeserializeOwned,
{
    let key = key("order:1");
    let stored = codec.encode(&key, Some(value), format, envelope).unwrap();
    let frame = PLAIN.open(&key, envelope.schema, &stored).unwrap();
    assert_eq!((frame.deadlines(), frame.version()), (envelope.deadlines, envelope.version));
    assert_eq!((frame.header().immutable, frame.is_negative()), (envelope.immutable, false));
    frame.decode().unwrap()
}

proptest! {
    #[test]
    fn a_nested_value_comes_back(order in order(), envelope in any_envelope()) {
        for codec in [PLAIN, LZ4] {
            for format in FORMATS {
                prop_assert_eq!(&there_and_back(codec, format, &order, &envelope), &order);
            }
        }
    }

    #[test]
    fn any_text_comes_back(text in any::<String>(), times in 0_usize..200) {
        let text = text.repeat(times);
        for codec in [PLAIN, LZ4] {
            for format in FORMATS {
                prop_assert_eq!(&there_and_back(codec, format, &text, &envelope()), &text);
            }
        }
    }
}

#[test]
fn empty_and_extreme_values_come_back() {
    for format in FORMATS {
        for codec in [PLAIN, LZ4] {
            there_and_back(codec, format, &(), &envelope());
            assert_eq!(there_and_back(codec, format, &String::new(), &envelope()), "");
            assert_eq!(there_and_back(codec, format, &Vec::<u8>::new(), &envelope()), Vec::<u8>::new());
            assert_eq!(there_and_back(codec, format, &None::<u8>, &envelope()), None);
            let numbers = (u64::MAX, i64::MIN, u128::MAX, f64::MIN_POSITIVE, '\u{10ffff}');
            assert_eq!(there_and_back(codec, format, &numbers, &envelope()), numbers);
        }
    }
}

#[test]
fn a_field_may_be_added_left_out_and_moved() {
    #[derive(Serialize)]
    struct Old {
        id: u8,
        gone: Vec<u8>,
        name: &'static str,
    }
    #[derive(Debug, PartialEq, Deserialize)]
    struct New {
        name: String,
        #[serde(default)]
        added: Option<u8>,
        id: u8,
    }
    for format in [Format::MessagePack, Format::Json] {
        let old = Old { id: 7, gone: vec![1, 2], name: "ann" };
        let stored = PLAIN.encode(&key("a"), Some(&old), format, &envelope()).unwrap();
        let new = PLAIN.open(&key("a"), 1, &stored).unwrap().decode::<New>().unwrap();
        assert_eq!(new, New { name: "ann".to_owned(), added: None, id: 7 });
    }
}

#[test]
fn compression_is_kept_only_where_it_pays() {
    let compressed = |text: &str| {
        let stored = LZ4.encode(&key("a"), Some(text), Format::MessagePack, &envelope()).unwrap();
        cache_core::codec::peek(&stored).unwrap().compressed
    };
    // A header of three bytes is in front of a text of this size.
    assert!(!compressed(&"a".repeat(1023 - 3)));
    assert!(compressed(&"a".repeat(1024 - 3)));
    let mut state = 1_u64;
    let noise: String = std::iter::repeat_with(|| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        char::from(b' ' + u8::try_from((state >> 33) % 95).unwrap())
    })
    .take(5_000)
    .collect();
    assert!(!compressed(&noise), "noise does not shrink");
    assert_eq!(Codec::default().compression, Compression::None);
}

#[test]
fn stamps_come_back_beside_any_payload() {
    let text = "larder ".repeat(1_000);
    for codec in [PLAIN, LZ4] {
        for count in [0, 1, 2, 64, 1_000] {
            let stamp = |at: u64| Stamp { tag: TagId(at), token: u128::from(at) << 64 | 7 };
            let stamps: Vec<Stamp> = (0..count).map(stamp).collect();
            let frame = codec
                .encode_stamped(&key("user:7"), Some(&text), Format::MessagePack, &envelope(), &stamps)
                .unwrap();
            let opened = codec.open(&key("user:7"), envelope().schema, &frame).unwrap();
            assert_eq!(opened.stamps().collect::<Vec<_>>(), stamps);
            assert_eq!(opened.decode::<String>().unwrap(), text);
        }
    }
}

/// None of these has fewer bytes than elements, or is nested too deep: the bounds are those of hostile bytes.
#[test]
fn broad_and_deep_values_come_back_by_position_too() {
    let of_ones = vec![vec![vec![1_u8]; 100]; 1_000];
    assert_eq!(there_and_back(PLAIN, Format::Bincode, &of_ones, &envelope()), of_ones);
    let empty = vec![String::new(); 100_000];
    assert_eq!(there_and_back(PLAIN, Format::Bincode, &empty, &envelope()), empty);
    let units = vec![(); 50_000];
    assert_eq!(there_and_back(PLAIN, Format::Bincode, &units, &envelope()), units);
    let told_apart = vec![Some(Some(1_u8)), Some(None), None];
    assert_eq!(there_and_back(PLAIN, Format::Bincode, &told_apart, &envelope()), told_apart);
}
