//! Keys of different values differ, patterns remove what they name, and a server is asked for at least that.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

use std::hash::Hasher;
use std::net::{Ipv6Addr, SocketAddr, SocketAddrV6};

use cache_core::key::{
    CacheKey, IntoKey, KeyBuilder, KeyPart, KeyPattern, Namespace, PartWriter, SpaceName, StoredParts,
    build_cache_key,
};
use proptest::prelude::*;

/// A value of any shape, as a function might take it.
#[derive(Debug, Clone, PartialEq)]
enum Value {
    Word(u64),
    Byte(i8),
    Flag(bool),
    Sign(char),
    Text(String),
    Float(f64),
    Unit,
    Absent,
    Pair(Box<(Value, Value)>),
    Many(Vec<Value>),
}

impl KeyPart for Value {
    fn feed<H: Hasher>(&self, _: &mut H) {}

    fn same(&self, _: &mut StoredParts<'_>) -> bool {
        false
    }

    fn write(&self, out: &mut PartWriter) {
        match self {
            Self::Word(part) => part.write(out),
            Self::Byte(part) => part.write(out),
            Self::Flag(part) => part.write(out),
            Self::Sign(part) => part.write(out),
            Self::Text(part) => part.write(out),
            Self::Float(part) => part.write(out),
            Self::Unit => ().write(out),
            Self::Absent => None::<u8>.write(out),
            Self::Pair(part) => part.write(out),
            Self::Many(part) => part.write(out),
        }
    }
}

fn text() -> impl Strategy<Value = String> {
    prop_oneof![
        "[~:,()'@%0-9ui\\-+a]{0,6}",
        any::<String>(),
        "[~:,()'@%0-9ui\\-+\u{0}\u{fc}]{120,140}",
        Just("true".to_owned()),
        Just("~h00".to_owned()),
    ]
}

fn value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        (0..20_u64).prop_map(Value::Word),
        any::<i8>().prop_map(Value::Byte),
        any::<bool>().prop_map(Value::Flag),
        any::<char>().prop_map(Value::Sign),
        text().prop_map(Value::Text),
        prop_oneof![Just(0.0), Just(1.0), Just(1.5), Just(f64::INFINITY), Just(1e300)].prop_map(Value::Float),
        Just(Value::Unit),
        Just(Value::Absent),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            (inner.clone(), inner.clone()).prop_map(|pair| Value::Pair(Box::new(pair))),
            proptest::collection::vec(inner, 0..4).prop_map(Value::Many),
        ]
    })
}

fn key_of(parts: &[Value]) -> String {
    parts.iter().fold(KeyBuilder::new("f").unwrap(), |key, part| key.part(part)).to_string()
}

/// A change that a sloppy encoding would not see.
fn mutated(parts: &[Value], at: usize, with: Value) -> Vec<Value> {
    let mut other = parts.to_vec();
    if other.is_empty() {
        return vec![with];
    }
    let at = at % other.len();
    other[at] = with;
    other
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn equal_keys_have_equal_parts(
        left in proptest::collection::vec(value(), 0..4),
        right in proptest::collection::vec(value(), 0..4),
        at in 0_usize..4,
        with in value(),
    ) {
        let near_miss = mutated(&left, at, with);
        prop_assert_eq!(key_of(&left) == key_of(&right), left == right);
        prop_assert_eq!(key_of(&left) == key_of(&near_miss), left == near_miss);
    }

    #[test]
    fn values_of_one_optional_type_have_one_key_each(
        left in any::<(Option<Option<char>>, Option<String>, Option<f64>, Option<Option<()>>)>(),
        right in any::<(Option<Option<char>>, Option<String>, Option<f64>, Option<Option<()>>)>(),
    ) {
        let key = |parts: &(_, _, _, _)| build_cache_key("f", parts).unwrap();
        prop_assert_eq!(key(&left) == key(&right), left == right);
        let near = (left.0, right.1.clone(), left.2, left.3);
        prop_assert_eq!(key(&left) == key(&near), left == near);
    }

    #[test]
    fn a_server_returns_at_least_what_a_pattern_matches(
        pattern in "([a7@'i8u\\-:]|\\*|\\?|\\[[a7]\\]|\\[\\^a\\]){1,8}",
        key in "[a7@'i8u\\-:\u{fc}]{1,10}",
        parts in proptest::collection::vec(value(), 0..3),
    ) {
        let shop = Namespace::new("shop").unwrap();
        let Ok(pattern) = KeyPattern::parse(&pattern) else { return Ok(()) };
        let pattern = pattern.within(&shop);
        let built = CacheKey::direct(&shop, &key).unwrap();
        let typed = parts.iter().fold(KeyBuilder::new(&key).unwrap(), |key, part| key.part(part));
        for key in [built, typed.into_key(&shop).unwrap()] {
            let asked = redis_glob(pattern.server_glob().as_bytes(), key.as_str().as_bytes());
            prop_assert!(asked || !pattern.matches(key.as_str()), "{} {}", pattern.server_glob(), key.as_str());
        }
    }

    #[test]
    fn text_given_as_a_pattern_matches_the_key_of_that_text(key in "[a7@'i8u(){}*?\\\\%,~\\-: ]{1,12}") {
        let shop = Namespace::new("shop").unwrap();
        let literal: String = key.chars().flat_map(|c| match c {
            '*' | '?' | '\\' => vec!['\\', c],
            '%' => vec!['%', '2', '5'],
            c => vec![c],
        }).collect();
        let physical = CacheKey::direct(&shop, &key).unwrap();
        let escaped: Vec<_> = key.split(':').map(KeyPattern::escape).collect();
        for text in [literal, escaped.join(":")] {
            let pattern = KeyPattern::parse(&text).unwrap().within(&shop);
            prop_assert!(pattern.matches(physical.as_str()), "{text} {}", physical.as_str());
            let glob = pattern.server_glob();
            prop_assert!(redis_glob(glob.as_bytes(), physical.as_str().as_bytes()), "{glob}");
        }
    }
}

/// Redis's `stringmatchlen`, byte by byte.
fn redis_glob(mut pattern: &[u8], mut text: &[u8]) -> bool {
    while let Some((&first, rest)) = pattern.split_first() {
        match first {
            b'*' => return (0..=text.len()).any(|skipped| redis_glob(rest, &text[skipped..])),
            b'?' if text.is_empty() => return false,
            b'?' => (pattern, text) = (rest, &text[1..]),
            b'[' => unreachable!("a class is widened to a star"),
            first => {
                let (literal, rest) = match rest.split_first() {
                    Some((escaped, rest)) if first == b'\\' => (*escaped, rest),
                    _ => (first, rest),
                };
                if text.first() != Some(&literal) {
                    return false;
                }
                (pattern, text) = (rest, &text[1..]);
            }
        }
    }
    text.is_empty()
}

#[test]
fn addresses_on_two_links_are_two_keys() {
    let on = |scope| SocketAddr::V6(SocketAddrV6::new(Ipv6Addr::LOCALHOST, 80, 0, scope));
    assert_ne!(build_cache_key("f", &(on(1),)).unwrap(), build_cache_key("f", &(on(2),)).unwrap());
}

#[test]
fn a_key_is_bounded_however_many_segments_a_text_has() {
    let many = ":".repeat(50_000);
    let key = KeyBuilder::new(&many).unwrap().to_string();
    assert!(key.len() < 700, "{}", key.len());
    assert_ne!(key, KeyBuilder::new(&format!("{many}a")).unwrap().to_string());
    let built = (0..1_000_u64).fold(KeyBuilder::new("f").unwrap(), |key, part| key.part(&part));
    assert!(built.to_string().len() < 700, "{}", built.to_string().len());
    assert_ne!(built, (0..999_u64).fold(KeyBuilder::new("f").unwrap(), |key, part| key.part(&part)));
}

#[test]
fn a_part_of_128_bytes_is_found_by_its_pattern_whatever_it_begins_with() {
    let shop = Namespace::default();
    for id in ["7".repeat(128), "a".repeat(128), "-".repeat(128)] {
        let space = SpaceName::named("user", 0);
        let key = CacheKey::of_parts(&shop, &space, &(id.as_str(), ()));
        let pattern = KeyPattern::for_user(&id).unwrap().within(&shop);
        assert!(pattern.matches(key.as_str()), "{}", key.as_str());
    }
}
