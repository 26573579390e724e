//! Keys of interop/v1: the rows of the protocol's own test vectors (interop-mode 1.3.0), in this crate's types.

use std::collections::{BTreeMap, HashMap};

use cache_core::error::ErrorKind;
use cache_core::key::{CacheKey, Namespace, Set, SpaceName};
use serde::Serialize;

use crate::value::Value::{self, *};
use crate::value::{numbered, text};

fn key(name: &str, args: &impl Serialize) -> cache_core::error::Result<CacheKey> {
    let (namespace, operation) = name.split_once(':').unwrap();
    CacheKey::cachekit(namespace, operation, args)
}

fn rows() -> Vec<(&'static str, &'static str, Vec<Value>, &'static str)> {
    vec![
        (
            "empty_args",
            "users:get_all",
            vec![],
            "8064bf5f945dba521b017bb3f32b31a293a6e16944838d171ea9e77fab085e8e",
        ),
        (
            "single_int",
            "users:get_user",
            vec![Int(42)],
            "61598716255080080f6456eb065c2e51badfaa4320b0efe97469c29cffee8875",
        ),
        (
            "uint64_max",
            "users:get_user",
            vec![Int(18_446_744_073_709_551_615)],
            "0cc46c520dfb8f301e03756131351da58fb433d5258f5db3dde927a8c83b9430",
        ),
        (
            "int64_min",
            "t:op",
            vec![Int(-9_223_372_036_854_775_808)],
            "2882730c0cc9df9bc2152c1833892075377b801a72a715434f103b694e4a5909",
        ),
        (
            "uint_width_ladder",
            "t:op",
            vec![
                Int(127),
                Int(128),
                Int(255),
                Int(256),
                Int(65_535),
                Int(65_536),
                Int(4_294_967_295),
                Int(4_294_967_296),
            ],
            "ccf107ae1fc53bde440609a16dc30794916bd692f06309832621b9c49c89f9b7",
        ),
        (
            "int_width_ladder",
            "t:op",
            vec![
                Int(-32),
                Int(-33),
                Int(-128),
                Int(-129),
                Int(-32_768),
                Int(-32_769),
                Int(-2_147_483_648),
                Int(-2_147_483_649),
            ],
            "92fa9f5c0f336f282290472144b6a4cf86b2840a1cbd8366e42fdfa1d4faa98f",
        ),
        (
            "unicode_string",
            "t:op",
            vec![text("h\u{e9}llo w\u{f6}rld \u{2713}")],
            "00fd1c3045fe23cfe4cac788a9e15773e1f9722ca84e28917f64be99dd7a5a3c",
        ),
        (
            "str_width_ladder",
            "t:op",
            vec![
                text("aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"),
                text("bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"),
                text(&"c".repeat(255)),
                text(&"d".repeat(256)),
            ],
            "9b750ae4a2ed646a51472aebbcffffade0f4633edbc8152cafcd2d00375d865b",
        ),
        (
            "bin_width_ladder",
            "t:op",
            vec![Bytes(vec![0xab; 255]), Bytes(vec![0xcd; 256])],
            "0a888f5ac66954cd56155853f2f2e964a65dd26783e9fc4249395ca1f99f28c0",
        ),
        (
            "array_width_boundary",
            "t:op",
            vec![List((0..15).map(Int).collect()), List((0..16).map(Int).collect())],
            "d121a3c3f0427c5df363068940c15d966120be41ea11d4befe62e3408a676130",
        ),
        (
            "map_width_boundary",
            "t:op",
            vec![numbered(15), numbered(16)],
            "fed444a7b22613e6ff38c05e96df352182f71c41e4db57b2b3e7f0389cabfe46",
        ),
        (
            "root_array16",
            "t:op",
            (0..16).map(Int).collect(),
            "c55dd1f50e57b0dfbcd8827965516e2e33e7de2788f18d7d88d82575e34f2116",
        ),
        (
            "bool_null",
            "t:op",
            vec![Bool(true), Bool(false), Null],
            "1e364f6582ca4dc93b8bed0ff4413162cddafd52407517bff6248286cb863ac1",
        ),
        (
            "float_fractional",
            "t:op",
            vec![Float("3.14".parse().unwrap())],
            "8a855804f9b7adf8f428c4f1c757c44262265a2d13be6b4242ab6556724011cd",
        ),
        (
            "float_integral_collapse",
            "t:op",
            vec![Float(2.0)],
            "6df5e966da1ba347f99784f56e50e2f570e775e54c9c9349dd8944cb7fe01ea7",
        ),
        (
            "single_int_two",
            "t:op",
            vec![Int(2)],
            "6df5e966da1ba347f99784f56e50e2f570e775e54c9c9349dd8944cb7fe01ea7",
        ),
        (
            "negative_zero",
            "t:op",
            vec![Float(-0.0)],
            "f3255c8870de95dd7cf82fab94f78110361b999beea857dac7607a4a67522bda",
        ),
        (
            "float_large_integral_out_of_range",
            "t:op",
            vec![Float(1.8446744073709552e19)],
            "ab5d4f7d9ddd4a4daceb62a06b1765ab33e6db86aafd4e79ab6ad49f8a3960c8",
        ),
        (
            "map_key_sort_ascii",
            "t:op",
            vec![Map(vec![("b", Int(2)), ("a", Int(1)), ("A", Int(3))])],
            "355030356fd2716354d3c0518604658891794f80f4838202ef931424b51f3f29",
        ),
        (
            "map_key_sort_supplementary",
            "t:op",
            vec![Map(vec![("\u{10000}", Int(1)), ("\u{ff61}", Int(2))])],
            "f732e0e1342939877b9991ccc7177e4ed974f9f84de464d225fc742e467dbf3f",
        ),
        (
            "nested_map_recursive_sort",
            "t:op",
            vec![Map(vec![
                ("z", Map(vec![("b", Int(1)), ("a", Int(2))])),
                ("a", List(vec![Int(1), Int(2)])),
            ])],
            "2be8ea89d36af856c225ff709cb4b892148cc336b47fcd9b255dc736f35780d4",
        ),
        (
            "set_int_sorted",
            "t:op",
            vec![Members(vec![Int(3), Int(1), Int(2)])],
            "458a244b5b00f4244d52c7f1c5cd231355beae391eaf1d2e4bfee04d495b58b5",
        ),
        (
            "set_heterogeneous",
            "t:op",
            vec![Members(vec![text("b"), Int(10), text("a")])],
            "6e2c172b9a9e966d3febc66a2a28c05a6ffabbd3b798bf341ec1d55ed73d6e4f",
        ),
        (
            "set_mixed_sign_order",
            "t:op",
            vec![Members(vec![Int(-5), text("a"), Float(1.5)])],
            "1f1a8fdd7221fac0fd57e7e5cd1ceec1c43eadd35570f6de63eb59ffc014a1e9",
        ),
        (
            "float_collapse_lower_bound",
            "t:op",
            vec![Float(-9.223372036854776e18)],
            "2882730c0cc9df9bc2152c1833892075377b801a72a715434f103b694e4a5909",
        ),
        (
            "set_dedupe_canonicalization",
            "t:op",
            vec![Members(vec![Int(2), Float(2.0)])],
            "0b32675997838bef03127b5e69d6c103d5f622676fd5006254fa36a36c9a828c",
        ),
        (
            "datetime_fractional",
            "events:get_by_time",
            vec![Micros(1_704_112_245_123_456)],
            "1b85c4d90f566c5df71ebd437c4f296c1a2d5567c9cc69edb026f804a134997b",
        ),
        (
            "datetime_whole_second",
            "events:get_by_time",
            vec![Micros(1_704_067_200_000_000)],
            "b3504b56c162854b07071c4577f3c73f3ec615c8a3152928bf5c6dba086461c2",
        ),
        (
            "datetime_non_utc_offset",
            "events:get_by_time",
            vec![Micros(1_704_112_245_123_456)],
            "1b85c4d90f566c5df71ebd437c4f296c1a2d5567c9cc69edb026f804a134997b",
        ),
        (
            "datetime_pre_epoch",
            "events:get_by_time",
            vec![Micros(-876_544)],
            "821ed5d8a5c055d2e42cf1c1b3df57f7e99914a8245446cc16567e581c1c1630",
        ),
        (
            "uuid_lowercased",
            "users:get_by_uuid",
            vec![text("550e8400-e29b-41d4-a716-446655440000")],
            "14821dfe8848465aa23db43cb83be508f51d9ac556479bcc78b8a522e268a62a",
        ),
        (
            "bytes_bin",
            "t:op",
            vec![Bytes(vec![0xde, 0xad, 0xbe, 0xef])],
            "2ed8716bf7f1438057a9e8082b456c8566f95ed0dda11b1e16e6a1a74ebebfc0",
        ),
        (
            "issue_example_mixed",
            "t:op",
            vec![Int(42), text("hello"), Map(vec![("b", Int(2)), ("a", Int(1))])],
            "03a0edbae0c1b5816c431652268d1527730175cdc0b45807cb07e1025ff971f6",
        ),
        (
            "reservation_scope",
            "nsapix:nsapi",
            vec![Int(1)],
            "405f09a3617bcc1425ea95b9840d9c2713e3ecebd5a3227abc599317b732e21a",
        ),
        (
            "lone_dots_stay_valid",
            "app.:users.fetch.by_id",
            vec![Int(1)],
            "405f09a3617bcc1425ea95b9840d9c2713e3ecebd5a3227abc599317b732e21a",
        ),
        (
            "segment_max_length",
            "9-lives_9-lives_9-lives_9-lives_9-lives_9-lives_9-lives_9-lives_:0.op-x_0.op-x_0.op-x_0.op-x_0.op-x_0.op-x_0.op-x_0.op-x_0.op-x_0",
            vec![Int(1)],
            "405f09a3617bcc1425ea95b9840d9c2713e3ecebd5a3227abc599317b732e21a",
        ),
        (
            "map_key_sort_case_across_letters",
            "t:op",
            vec![Map(vec![("a", Int(1)), ("B", Int(2))])],
            "363d3a1b4c2b98dd8266eeb3c050d4da2b024d56afd817f9990b157f5410fdda",
        ),
        (
            "map_key_sort_punctuation",
            "t:op",
            vec![Map(vec![("a_b", Int(1)), ("a-b", Int(2))])],
            "a6c20006ddbdacea9a7e0307d4f99361c90420d16a82c47407eb5f73f0a4293d",
        ),
        (
            "map_key_sort_shorter_key_later",
            "t:op",
            vec![Map(vec![("b", Int(1)), ("ab", Int(2))])],
            "2220a1361610d10954ee0e8e100974cc47239b041ca9419f67b6ffb62b2c79dc",
        ),
        (
            "map_key_sort_supplementary_shorter",
            "t:op",
            vec![Map(vec![("\u{10000}", Int(1)), ("\u{ff61}\u{ff61}", Int(2))])],
            "5b4bdc0b139d14dc7e8099efaa9d556867b3d62145a553ad6c0e9913793f98e1",
        ),
        (
            "map_key_proto",
            "t:op",
            vec![Map(vec![("__proto__", Int(1))])],
            "f3e64f4b2df2a19ce1867746dd0a00a454fbd53aa47e0c245353b10e391174e6",
        ),
        (
            "set_in_map_normalized",
            "t:op",
            vec![Map(vec![(
                "when",
                Members(vec![text("550e8400-e29b-41d4-a716-446655440000"), Micros(1_704_067_200_000_000)]),
            )])],
            "0e6034a1e41ef9d5b86c1931ca87b6bc28941dc8d286f5b4ff35914c8cb467a5",
        ),
        (
            "int_beyond_float64_precision",
            "t:op",
            vec![
                Int(9_007_199_254_740_993),
                Int(-9_007_199_254_740_993),
                Int(9_223_372_036_854_775_807),
                List(vec![Int(9_007_199_254_740_993)]),
                Map(vec![("id", Int(9_007_199_254_740_993))]),
            ],
            "9b0aeb160d3eff4897861f4304f02348acb15c93b0c3d7f34f1cc923c7cadebe",
        ),
        (
            "small_int_as_bigint",
            "t:op",
            vec![Int(1), Int(-1), Int(300)],
            "ba16f28441500ea3ae1a8537233d44b5128111fdb629262e65a39c3b44390137",
        ),
    ]
}

#[test]
fn every_row_has_its_key() {
    let rows = rows();
    assert_eq!(rows.len(), 44);
    for (row, name, args, hash) in rows {
        let key = key(name, &args).unwrap();
        assert_eq!(key.as_str(), format!("{name}:{hash}"), "{row}");
        assert!(key.is_foreign());
    }
}

#[test]
fn rust_types_have_the_key_of_what_they_mean() {
    #[derive(Serialize)]
    struct Both {
        b: u8,
        a: i64,
    }
    let mixed = "users:x:03a0edbae0c1";
    let starts = |key: cache_core::error::Result<CacheKey>| key.unwrap().as_str()[..20].to_owned();
    assert_eq!(starts(key("users:x", &(42_u64, "hello", Both { b: 2, a: 1 }))), mixed);
    assert_eq!(
        starts(key("users:x", &(42_i8, String::from("hello"), HashMap::from([("b", 2), ("a", 1)])))),
        mixed
    );
    assert_eq!(
        starts(key("users:x", &(42.0_f32, "hello", BTreeMap::from([("a", 1_u128), ("b", 2)])))),
        mixed
    );
    assert_eq!(starts(key("users:x", &(Some(2),))), starts(key("users:x", &[2.0])));
    assert_eq!(key("users:get_all", &[(); 0]).unwrap(), key("users:get_all", &Vec::<u8>::new()).unwrap());
    let ids = std::collections::HashSet::from([3, 1, 2]);
    assert_eq!(starts(key("users:x", &(Set(&ids),))), starts(key("users:x", &[[1, 2, 3]])));
}

#[test]
fn what_has_no_canonical_form_is_refused_with_its_reason() {
    let nested = |value: Value| vec![List(vec![Map(vec![("x", value)])])];
    let mut deep = Int(1);
    for _ in 0..101 {
        deep = List(vec![deep]);
    }
    let (infinite, wide) = ("NaN and the infinities", "an integer is below -2^63 or above 2^64-1");
    for (args, reason) in [
        (vec![Float(f64::NAN)], infinite),
        (vec![Float(f64::INFINITY)], infinite),
        (vec![Float(f64::NEG_INFINITY)], infinite),
        (nested(Float(f64::NAN)), infinite),
        (vec![Int(18_446_744_073_709_551_616)], wide),
        (vec![Int(-9_223_372_036_854_775_809)], wide),
        (vec![List(vec![Int(1), Int(18_446_744_073_709_551_616)])], wide),
        (vec![List(vec![Int(1), Int(-9_223_372_036_854_775_809)])], wide),
        (nested(Int(18_446_744_073_709_551_616)), wide),
        (nested(Int(-9_223_372_036_854_775_809)), wide),
        (vec![Map(vec![("a", Int(1)), ("a", Int(2))])], "a key twice"),
        (vec![deep], "deeper than 100 levels"),
    ] {
        let error = key("t:op", &args).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Key);
        assert!(error.to_string().contains(reason), "{error}, not {reason}");
    }
    let error = key("t:op", &(HashMap::from([(1, 2)]),)).unwrap_err().to_string();
    assert!(error.contains("a key that is no text"), "{error}");
    let error = key("t:op", &42).unwrap_err().to_string();
    assert!(error.contains("no tuple, array or sequence"), "{error}");
}

#[test]
fn a_name_that_the_protocol_does_not_allow_says_which_and_why() {
    for (namespace, operation, reason) in [
        ("Users", "get_user", "namespace holds \"Users\", which does not begin with a-z or 0-9"),
        ("users", "get:user", "operation holds \"get:user\", which has a character other than"),
        ("ns", "get_user", "namespace holds \"ns\", which is reserved"),
        ("users", "x..", "operation holds \"x..\", which has two dots in a row"),
    ] {
        let error = CacheKey::cachekit(namespace, operation, &(1,)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(reason), "{error}");
        assert_eq!(SpaceName::cachekit(namespace, operation).unwrap_err().to_string(), error.to_string());
    }
}

#[test]
fn it_stands_in_no_namespace_of_a_manager() {
    use cache_core::key::IntoKey;
    let key = key("users:get_user", &(42,)).unwrap();
    let taken = key.clone().into_key(&Namespace::new("shop").unwrap()).unwrap();
    assert_eq!(taken.as_str(), key.as_str());
    assert_eq!((taken.relative(), taken.tenant()), (key.as_str(), None));
}
