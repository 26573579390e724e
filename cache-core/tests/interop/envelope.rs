//! The envelope: the rows of the protocol's own test vectors (wire-format 1.4.0).

use cache_core::codec::interop::{FORMAT, MAX_BYTES, Rejection, check_document, decode, open, store};

use crate::bytes::{Runs, bytes, hex};

const ACCEPTED: &[(&str, &Runs, &Runs)] = &[
    ("empty", &[("949100982d06cc800538ccd3cc94ccc200a76d73677061636b", 1)], &[]),
    (
        "simple_string",
        &[("94dc0012ccf00168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd310a76d73677061636b", 1)],
        &[("68656c6c6f2c2063616368656b697421", 1)],
    ),
    (
        "binary_data",
        &[(
            "94dc0042ccf031243f6acc88cc85cca308ccd31319cc8a2e03707344cca409382229cc9f31ccd0082eccfacc98ccec4e6ccc89452821cce638ccd01377ccbe5466cccf34cce90c6cccc0ccac29ccb7ccc97c50ccdd3fcc84ccd5ccb5ccb5470917982d016e0411ccedcc9e3440a76d73677061636b",
            1,
        )],
        &[(
            "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89452821e638d01377be5466cf34e90c6cc0ac29b7c97c50dd3f84d5b5b5470917",
            1,
        )],
    ),
    (
        "large_compressible",
        &[("949f1f410100ccffccffccffcce960414141414141984d35ccad08cce9ccd77c0dcd0400a76d73677061636b", 1)],
        &[("41", 1024)],
    ),
    (
        "json_like",
        &[(
            "94dc004cccf03b7b22757365725f6964223a31323334352c226e616d65223a22416c696365222c22656d61696c223a22616c696365406578616d706c652e636f6d222c22616374697665223a747275657d98cc87673661cc9c4bcca8204aa76d73677061636b",
            1,
        )],
        &[(
            "7b22757365725f6964223a31323334352c226e616d65223a22416c696365222c22656d61696c223a22616c696365406578616d706c652e636f6d222c22616374697665223a747275657d",
            1,
        )],
    ),
    ("single_byte", &[("949210ccff98ccd6ccbcccec3c6b29ccd72e01a76d73677061636b", 1)], &[("ff", 1)]),
    ("empty_bin", &[("94c40100982d06cc800538ccd3cc94ccc200a76d73677061636b", 1)], &[]),
    (
        "simple_string_bin",
        &[("94c412f00168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd310a76d73677061636b", 1)],
        &[("68656c6c6f2c2063616368656b697421", 1)],
    ),
    (
        "binary_data_bin",
        &[(
            "94c442f031243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89452821e638d01377be5466cf34e90c6cc0ac29b7c97c50dd3f84d5b5b5470917982d016e0411ccedcc9e3440a76d73677061636b",
            1,
        )],
        &[(
            "243f6a8885a308d313198a2e03707344a4093822299f31d0082efa98ec4e6c89452821e638d01377be5466cf34e90c6cc0ac29b7c97c50dd3f84d5b5b5470917",
            1,
        )],
    ),
    (
        "large_compressible_bin",
        &[("94c40f1f410100ffffffe960414141414141984d35ccad08cce9ccd77c0dcd0400a76d73677061636b", 1)],
        &[("41", 1024)],
    ),
    (
        "json_like_bin",
        &[(
            "94c44cf03b7b22757365725f6964223a31323334352c226e616d65223a22416c696365222c22656d61696c223a22616c696365406578616d706c652e636f6d222c22616374697665223a747275657d98cc87673661cc9c4bcca8204aa76d73677061636b",
            1,
        )],
        &[(
            "7b22757365725f6964223a31323334352c226e616d65223a22416c696365222c22656d61696c223a22616c696365406578616d706c652e636f6d222c22616374697665223a747275657d",
            1,
        )],
    ),
    ("single_byte_bin", &[("94c40210ff98ccd6ccbcccec3c6b29ccd72e01a76d73677061636b", 1)], &[("ff", 1)]),
    (
        "envelope_ratio_product_wraps_32_bits",
        &[
            ("94c600418938ff", 1),
            ("ff", 16711),
            ("d7c600820d42", 1),
            ("00", 4261530),
            ("0100", 1),
            ("ff", 16711),
            ("d7500000000000986dcc8571ccf174cce2ccb8cc90ce00820d47a76d73677061636b", 1),
        ],
        &[("c600820d42", 1), ("00", 8523074)],
    ),
    (
        "envelope_bin16_max",
        &[
            ("94c5ffffff", 1),
            ("ff", 254),
            ("e7c60001fbf4", 1),
            ("00", 65011),
            ("0100", 1),
            ("ff", 254),
            ("e750000000000098ccd229cc9563ccec283c68ce0001fbf9a76d73677061636b", 1),
        ],
        &[("c60001fbf4", 1), ("00", 130036)],
    ),
    (
        "envelope_bin32_min",
        &[
            ("94c600010000ff", 1),
            ("ff", 254),
            ("e8c60001fbf6", 1),
            ("00", 65012),
            ("0100", 1),
            ("ff", 254),
            ("e85000000000009820cc80ccf6ccefccc1ccbcccee59ce0001fbfba76d73677061636b", 1),
        ],
        &[("c60001fbf6", 1), ("00", 130038)],
    ),
    (
        "envelope_legacy_array32_min",
        &[
            ("94dd00010000ccff", 1),
            ("ccff", 254),
            ("cce8ccc60001ccfbccf6", 1),
            ("00", 65012),
            ("0100", 1),
            ("ccff", 254),
            ("cce85000000000009820cc80ccf6ccefccc1ccbcccee59ce0001fbfba76d73677061636b", 1),
        ],
        &[("c60001fbf6", 1), ("00", 130038)],
    ),
];

const REFUSED: &[(&str, &Runs, Rejection)] = &[
    (
        "original_size_over_cap",
        &[("94c503e8f0", 1), ("ff", 999), ("986dcc8a34ccb63a3c52ccd3ce20000001a76d73677061636b", 1)],
        Rejection::TooLarge,
    ),
    (
        "original_size_wraps_u32",
        &[(
            "94c412f00168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd3cf0000000100000010a76d73677061636b",
            1,
        )],
        Rejection::TooLarge,
    ),
    (
        "zero_length_compressed_data",
        &[("94c400982d06cc800538ccd3cc94ccc200a76d73677061636b", 1)],
        Rejection::Empty,
    ),
    (
        "ratio_bomb",
        &[("94c503e8f0", 1), ("ff", 999), ("986dcc8a34ccb63a3c52ccd3ce000f4241a76d73677061636b", 1)],
        Rejection::Ratio,
    ),
    (
        "decompressed_length_mismatch",
        &[("94c412f00168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd311a76d73677061636b", 1)],
        Rejection::Length,
    ),
    (
        "checksum_mismatch",
        &[("94c412f00168656c6c6f2c2063616368656b697421986ccc8a34ccb63a3c52ccd210a76d73677061636b", 1)],
        Rejection::Checksum,
    ),
    (
        "envelope_arity_5",
        &[("95c412f00168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd310a76d73677061636bc0", 1)],
        Rejection::Arity,
    ),
    (
        "envelope_arity_3",
        &[("93c412f00168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd310", 1)],
        Rejection::Arity,
    ),
    (
        "checksum_nine_elements",
        &[("94c412f00168656c6c6f2c2063616368656b697421996dcc8a34ccb63a3c52ccd30010a76d73677061636b", 1)],
        Rejection::ChecksumLength,
    ),
    (
        "checksum_seven_elements",
        &[("94c412f00168656c6c6f2c2063616368656b697421976dcc8a34ccb63a3c5210a76d73677061636b", 1)],
        Rejection::ChecksumLength,
    ),
    (
        "legacy_element_above_255",
        &[(
            "94dc0012ccf001cd0168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd310a76d73677061636b",
            1,
        )],
        Rejection::NoByte,
    ),
    (
        "envelope_slots_overclaim",
        &[("94c426f00168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd310a76d73677061636b", 1)],
        Rejection::Overclaim,
    ),
    (
        "original_size_sign_bit",
        &[(
            "94c412f00168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd3cf8000000000000010a76d73677061636b",
            1,
        )],
        Rejection::TooLarge,
    ),
    (
        "ratio_float32_rounds",
        &[("94c58000f0", 1), ("ff", 32767), ("986dcc8a34ccb63a3c52ccd3ce01f40001a76d73677061636b", 1)],
        Rejection::Ratio,
    ),
];

#[test]
fn every_envelope_opens_to_its_data() {
    for (row, envelope, data) in ACCEPTED {
        let stored = open(&bytes(envelope), MAX_BYTES).unwrap_or_else(|reason| panic!("{row}: {reason}"));
        assert!(stored.data == bytes(data), "{row}");
        assert_eq!(stored.format, "msgpack", "{row}");
    }
}

#[test]
fn every_refused_envelope_fails_the_check_that_it_was_made_for() {
    for (row, envelope, reason) in REFUSED {
        assert_eq!(open(&bytes(envelope), MAX_BYTES).unwrap_err(), *reason, "{row}");
    }
}

#[test]
fn an_envelope_cut_short_or_with_more_behind_it_is_refused() {
    let whole = store(b"hello, cachekit!", FORMAT).unwrap();
    for cut in 0..whole.len() {
        let reason = open(&whole[..cut], MAX_BYTES).unwrap_err();
        assert!(matches!(reason, Rejection::Incomplete | Rejection::Overclaim), "{cut}: {reason:?}");
    }
    let longer = [&whole[..], &[0]].concat();
    assert_eq!(open(&longer, MAX_BYTES), Err(Rejection::Trailing));
    assert_eq!(open(&[0xc0], MAX_BYTES), Err(Rejection::Arity));
    assert_eq!(open(&hex("94c0c0c0c0"), MAX_BYTES), Err(Rejection::Field));
    // An empty block is the byte 00; anything that is no block has a reason of its own.
    let block = hex("94c401f0982d06cc800538ccd3cc94ccc200a76d73677061636b");
    assert_eq!(open(&block, MAX_BYTES), Err(Rejection::Block));
}

#[test]
fn a_reader_with_a_smaller_cap_holds_to_it() {
    let whole = store(&[7; 4096], FORMAT).unwrap();
    assert!(whole.len() < 100);
    assert_eq!(open(&whole, 4095), Err(Rejection::TooLarge));
    assert_eq!(open(&whole, 4096).unwrap().data, [7; 4096]);
}

/// The compressor is free in its bytes, so only what is incompressible and small is the same everywhere.
#[test]
fn what_is_written_has_the_shortest_headers() {
    for (data, envelope) in [
        ("", "94c40100982d06cc800538ccd3cc94ccc200a76d73677061636b"),
        ("ff", "94c40210ff98ccd6ccbcccec3c6b29ccd72e01a76d73677061636b"),
        (
            "68656c6c6f2c2063616368656b697421",
            "94c412f00168656c6c6f2c2063616368656b697421986dcc8a34ccb63a3c52ccd310a76d73677061636b",
        ),
    ] {
        assert_eq!(store(&hex(data), FORMAT).unwrap(), hex(envelope));
    }
    let mut state = 1_u32;
    let mut noise = |length: usize| -> Vec<u8> {
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        (0..length).map(|_| next()).collect()
    };
    for (length, marker) in [(200, 0xc4), (300, 0xc5), (70_000, 0xc6)] {
        let data = noise(length);
        let envelope = store(&data, FORMAT).unwrap();
        assert_eq!((envelope[0], envelope[1]), (0x94, marker), "{length}");
        assert_eq!(open(&envelope, MAX_BYTES).unwrap().data, data);
    }
    let name = "n".repeat(300);
    assert_eq!(open(&store(b"x", &name).unwrap(), MAX_BYTES).unwrap().format, name);
}

#[test]
fn a_sound_envelope_may_hold_a_document_that_is_out_of_bounds() {
    let envelope = hex("94c40650ddffffffff98ccbecc8c1accb245cc9a5c4d05a76d73677061636b");
    let stored = open(&envelope, MAX_BYTES).unwrap();
    assert_eq!(check_document(&stored.data), Err(Rejection::Overclaim));
    assert_eq!(decode::<Vec<u8>>(&stored.data), Err(Rejection::Overclaim));
}
