//! The bounds of documents: the rows of the protocol's own test vectors (decode-bounds 1.2.0), and values.

use std::collections::BTreeMap;

use cache_core::codec::interop::{Rejection, check_document, decode, encode};
use serde::{Deserialize, Serialize};

use crate::bytes::{Runs, bytes, hex};

/// With every reason for which a row may be refused.
const REFUSED: &[(&str, &Runs, &[Rejection])] = &[
    ("nested_array16_depth_2048", &[("dc07d0", 2048)], &[Rejection::Depth, Rejection::Overclaim]),
    (
        "nested_array32_input_len_depth_1100",
        &[("dd0000157c", 1100)],
        &[Rejection::Depth, Rejection::Overclaim],
    ),
    ("nested_map16_depth_2048", &[("de07d0", 2048)], &[Rejection::Depth, Rejection::Overclaim]),
    (
        "nested_array16_each_header_fits_sum_overclaims",
        &[("dc07d0", 30), ("c0", 2000)],
        &[Rejection::Overclaim],
    ),
    ("nested_fixarray_depth_1025_complete", &[("91", 1025), ("c0", 1)], &[Rejection::Depth]),
    ("nested_fixmap_depth_1025_complete", &[("81a0", 1025), ("c0", 1)], &[Rejection::Depth]),
    ("array16_overclaim_shallow", &[("dc2710", 1), ("010203", 1)], &[Rejection::Overclaim]),
    ("array32_max_claim_alone", &[("ddffffffff", 1)], &[Rejection::Overclaim]),
    ("map32_max_claim_alone", &[("dfffffffff", 1)], &[Rejection::Overclaim]),
    ("array32_sum_wraps_u32", &[("ddffffffff", 1), ("dd00000001", 1)], &[Rejection::Overclaim]),
    ("array32_sum_wraps_u32_small_first", &[("91", 1), ("ddffffffff", 1)], &[Rejection::Overclaim]),
    ("map32_half_claim_wraps_u32_mul", &[("df80000000", 1)], &[Rejection::Overclaim]),
    ("fixmap_short_by_one", &[("81", 1), ("c0", 1)], &[Rejection::Overclaim]),
    ("bin32_overclaim", &[("c6ffffffff", 1), ("41", 1)], &[Rejection::Overclaim]),
    ("str32_overclaim", &[("dbffffffff", 1), ("41", 1)], &[Rejection::Overclaim]),
    ("ext32_overclaim", &[("c9ffffffff", 1), ("0541", 1)], &[Rejection::Overclaim]),
    ("fixarray_short_by_one", &[("95", 1), ("c0c0c0c0", 1)], &[Rejection::Overclaim]),
    ("incomplete_within_slot_budget", &[("92", 1), ("dc0000", 1)], &[Rejection::Incomplete]),
    ("incomplete_map_within_slot_budget", &[("82", 1), ("de0000c0", 1)], &[Rejection::Incomplete]),
];

const ACCEPTED: &[(&str, &Runs)] = &[
    ("nested_fixarray_depth_32", &[("91", 32), ("c0", 1)]),
    ("nested_fixmap_depth_32", &[("81a0", 32), ("c0", 1)]),
    ("array16_256_backed_nils", &[("dc0100", 1), ("c0", 256)]),
];

#[test]
fn every_row_out_of_bounds_is_refused_for_its_reason() {
    for (row, document, reasons) in REFUSED {
        let reason = check_document(&bytes(document)).unwrap_err();
        assert!(reasons.contains(&reason), "{row}: {reason:?}, not {reasons:?}");
    }
}

#[test]
fn every_row_within_the_bounds_passes() {
    for (row, document) in ACCEPTED {
        assert_eq!(check_document(&bytes(document)), Ok(()), "{row}");
    }
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    age: u8,
}

#[test]
fn readers_take_what_other_writers_write() {
    assert_eq!(decode::<Vec<i64>>(&hex("93cd002ad2ffffffffcf0000000000000001")), Ok(vec![42, -1, 1]));
    #[derive(Debug, PartialEq, Deserialize)]
    struct Padded(String, BTreeMap<String, u8>, Vec<u8>);
    let padded = Padded("abc".into(), BTreeMap::from([("a".into(), 1)]), vec![0xde, 0xad]);
    assert_eq!(decode(&hex("dc0003d903616263de0001a16101c50002dead")), Ok(padded));
    let unsorted = BTreeMap::from([("b".to_owned(), 2_u8), ("a".to_owned(), 1)]);
    assert_eq!(decode(&hex("82a16202a16101")), Ok(unsorted));
    assert_eq!(decode::<f64>(&hex("ca3fc00000")), Ok(1.5));
    assert_eq!(decode(&hex("81012a")), Ok(BTreeMap::from([(1_u8, 42_u8)])));
    assert_eq!(check_document(&hex("d4012a")), Ok(()));
}

#[test]
fn a_document_is_read_whole_or_not_at_all() {
    let alice = User { name: "alice".into(), age: 30 };
    assert_eq!(decode(&hex("82a36167651ea46e616d65a5616c696365")), Ok(alice));
    assert_eq!(decode::<User>(&hex("82a36167651ea46e616d65a5616c69636500")), Err(Rejection::Trailing));
    assert_eq!(decode::<User>(&hex("2a")), Err(Rejection::Undecodable));
    assert_eq!(decode::<User>(&hex("c1")), Err(Rejection::Marker));
    assert_eq!(decode::<User>(&[]), Err(Rejection::Incomplete));
}

#[test]
fn values_are_plain_and_no_number_is_collapsed() {
    assert_eq!(encode(&2.0_f64).unwrap(), hex("cb4000000000000000"));
    assert_eq!(
        encode(&(1, "two", 3.5, None::<u8>, true)).unwrap(),
        hex("9501a374776fcb400c000000000000c0c3")
    );
    let alice = User { name: "alice".into(), age: 30 };
    assert_eq!(encode(&alice).unwrap(), hex("82a46e616d65a5616c696365a36167651e"));
    #[derive(Serialize)]
    struct Moment {
        __datetime__: bool,
        value: &'static str,
    }
    let moment = Moment { __datetime__: true, value: "2024-01-01T12:30:45.123456+00:00" };
    let document = "82ac5f5f6461746574696d655f5fc3a576616c7565d920323032342d30312d30315431323a33303a34352e3132333435362b30303a3030";
    assert_eq!(encode(&moment).unwrap(), hex(document));
    let address: std::net::IpAddr = "127.0.0.1".parse().unwrap();
    assert_eq!(encode(&address).unwrap(), hex("a93132372e302e302e31"));
    assert_eq!(decode(&hex("a93132372e302e302e31")), Ok(address));
}
