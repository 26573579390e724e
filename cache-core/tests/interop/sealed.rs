//! Sealing: the rows of the protocol's own test vectors (encryption 1.5.0, interop-mode 1.3.0).

use cache_core::codec::interop::{Rejection, SealedAs, SharedSealer, check_document};
use cache_core::codec::{Keyring, Provider};
use cache_core::entry::Reason;
use cache_core::error::ErrorKind;

use crate::bytes::hex;

/// The key, the format, whether it is compressed, the original type.
type As = (&'static str, &'static str, bool, Option<&'static str>);

const TENANT: &str = "cross-sdk-test";

const ACCEPTED: &[(&str, As, &str, &str)] = &[
    (
        "basic_bytes",
        ("test:vector:1", "msgpack", false, None),
        "0102030405060708",
        "f8f69c70000000000000000087d9ec09f2c2347a4b37d5330ccf50e3c31e69642801bef5",
    ),
    (
        "special_cache_key",
        ("user@example.com:profile", "msgpack", false, None),
        "deadbeef",
        "f8f69c7000000000000000012bf77e0cfc353ab04d0b941b22aa2ce39167ee63",
    ),
    (
        "compressed_basic",
        ("test:compressed:vector", "msgpack", true, None),
        "deadbeefcafe",
        "44cc06e600000000000000000eb8450c4aac2337265323f7f1b03fc3966deaa515f7",
    ),
    (
        "arrow_uncompressed",
        ("test:arrow:uncompressed", "arrow", false, Some("arrow")),
        "0011223344556677",
        "0a0b0c0d0e0f10110000000066ee6349733c18b89159de7db35910d6b996bdb9150d5f1d",
    ),
    (
        "arrow_compressed",
        ("test:arrow:compressed", "arrow", true, Some("arrow")),
        "8899aabbccddeeff",
        "0a0b0c0d0e0f101100000001a4a4ee2872d4b60054edc7d4973188ad865d239be211796e",
    ),
    (
        "orjson_uncompressed",
        ("test:orjson:vector", "orjson", false, Some("orjson")),
        "7b2261223a2231227d",
        "0a0b0c0d0e0f1011000000024f4b2924c8166fcd7e6ff731f4e02ff46e6879534e8074c0a4",
    ),
    (
        "original_type_numpy",
        ("test:original-type:numpy", "msgpack", false, Some("numpy")),
        "93010203",
        "0a0b0c0d0e0f101100000003657e765491f9790882c0543d98ab280c5951a1ed",
    ),
    (
        "standard_serializer_default",
        ("test:standard:default", "msgpack", true, Some("msgpack")),
        "94c422f01183a7757365725f69642aa46e616d65a863616368656b6974a6616374697665c398ccdaccf46861cc8e624bccfe20a76d73677061636b",
        "0a0b0c0d0e0f1011000000042ed1d29248afcf662d0cf30bf6bc9b4857c1228517788144c0720dff2ed5eef362bda2c356b02d0da6b6653230e63aa5fd436a417d42142c1ce305bad39af86dbf0c88cb4b8f2d8f2c6f29",
    ),
    (
        "standard_serializer_integrity_off",
        ("test:standard:integrity-off", "msgpack", false, Some("msgpack")),
        "83a7757365725f69642aa46e616d65a863616368656b6974a6616374697665c3",
        "0a0b0c0d0e0f101100000005275a8abbe4e2c89ffd42723b89608fe7132ba8aca55b350621e6792789e510f88f9a47783090d2fa823c07bf81984708",
    ),
    (
        "interop_encryption_roundtrip",
        (
            "users:get_user:61598716255080080f6456eb065c2e51badfaa4320b0efe97469c29cffee8875",
            "msgpack",
            false,
            None,
        ),
        "82a36167651ea46e616d65a5616c696365",
        "000102030405060708090a0b033caf732820ce189e1506f842aebf8cdb6a242eb08c55b6f5a91eb9007b3bd657",
    ),
];

const REFUSED: &[(&str, As, &str)] = &[
    (
        "aad_compressed_false_sealed_true",
        ("test:compressed:vector", "msgpack", false, None),
        "44cc06e600000000000000000eb8450c4aac2337265323f7f1b03fc3966deaa515f7",
    ),
    (
        "aad_compressed_true_sealed_false",
        ("test:vector:1", "msgpack", true, None),
        "f8f69c70000000000000000087d9ec09f2c2347a4b37d5330ccf50e3c31e69642801bef5",
    ),
    (
        "aad_format_msgpack_sealed_arrow",
        ("test:arrow:uncompressed", "msgpack", false, Some("arrow")),
        "0a0b0c0d0e0f10110000000066ee6349733c18b89159de7db35910d6b996bdb9150d5f1d",
    ),
    (
        "aad_without_original_type_sealed_with",
        ("test:original-type:numpy", "msgpack", false, None),
        "0a0b0c0d0e0f101100000003657e765491f9790882c0543d98ab280c5951a1ed",
    ),
    (
        "aad_with_original_type_sealed_without",
        ("test:vector:1", "msgpack", false, Some("msgpack")),
        "f8f69c70000000000000000087d9ec09f2c2347a4b37d5330ccf50e3c31e69642801bef5",
    ),
    (
        "aad_key_with_prefix_sealed_without",
        ("app:test:vector:1", "msgpack", false, None),
        "f8f69c70000000000000000087d9ec09f2c2347a4b37d5330ccf50e3c31e69642801bef5",
    ),
    (
        "aad_compressed_false_sealed_true_five_components",
        ("test:standard:default", "msgpack", false, Some("msgpack")),
        "0a0b0c0d0e0f1011000000042ed1d29248afcf662d0cf30bf6bc9b4857c1228517788144c0720dff2ed5eef362bda2c356b02d0da6b6653230e63aa5fd436a417d42142c1ce305bad39af86dbf0c88cb4b8f2d8f2c6f29",
    ),
    (
        "aad_compressed_true_sealed_false_five_components",
        ("test:standard:integrity-off", "msgpack", true, Some("msgpack")),
        "0a0b0c0d0e0f101100000005275a8abbe4e2c89ffd42723b89608fe7132ba8aca55b350621e6792789e510f88f9a47783090d2fa823c07bf81984708",
    ),
    (
        "aad_without_original_type_sealed_with_msgpack",
        ("test:standard:default", "msgpack", true, None),
        "0a0b0c0d0e0f1011000000042ed1d29248afcf662d0cf30bf6bc9b4857c1228517788144c0720dff2ed5eef362bda2c356b02d0da6b6653230e63aa5fd436a417d42142c1ce305bad39af86dbf0c88cb4b8f2d8f2c6f29",
    ),
    (
        "aad_format_arrow_sealed_msgpack",
        ("test:standard:default", "arrow", true, Some("msgpack")),
        "0a0b0c0d0e0f1011000000042ed1d29248afcf662d0cf30bf6bc9b4857c1228517788144c0720dff2ed5eef362bda2c356b02d0da6b6653230e63aa5fd436a417d42142c1ce305bad39af86dbf0c88cb4b8f2d8f2c6f29",
    ),
];

/// Without a tenant: the master key, the key of the entry, what was sealed, and what that made. The first is what the
/// Python SDK (cachekit 0.24.1, `@cache.secure(interop="get_user", ..)`) left in a Redis.
const WITHOUT_TENANT: &[(&str, &str, &str, &str, &str)] = &[
    (
        "python",
        "0707070707070707070707070707070707070707070707070707070707070707",
        "users:get_user:61598716255080080f6456eb065c2e51badfaa4320b0efe97469c29cffee8875",
        "82a361676529a46e616d65a3626f62",
        "988da542c3bfab4e00000000a3e98533fc4f5acb7a07b48783d8f8ef54a9bf853fe96fed8ae7fee575801e",
    ),
    (
        "default_tenant_interop",
        "6161616161616161616161616161616161616161616161616161616161616161",
        "users:get_user:61598716255080080f6456eb065c2e51badfaa4320b0efe97469c29cffee8875",
        "82a36167651ea46e616d65a5616c696365",
        "0d0e0f1011121314151617183c29af318238925ee76d081934adce133c0b4a7c5eb5704102b04582dcbf278ffd",
    ),
    (
        "master_key_every_hex_digit",
        "007f80ffa55ac33c1ee12dd24bb469968778f00f01102332455467768998abba",
        "users:get_all:8064bf5f945dba521b017bb3f32b31a293a6e16944838d171ea9e77fab085e8e",
        "9501a374776fcb400c000000000000c0c3",
        "3a3b3c3d3e3f404142434445d282555c393cc14a53d488e005e6db441d92e9fe089e97b3ecc99a86014810c745",
    ),
    (
        "master_key_first_byte_80",
        "807f80ffa55ac33c1ee12dd24bb469968778f00f01102332455467768998abba",
        "users:get_by_uuid:14821dfe8848465aa23db43cb83be508f51d9ac556479bcc78b8a522e268a62a",
        "cb4000000000000000",
        "464748494a4b4c4d4e4f5051cdc95c5f42466d32bdc068c9004c78072ac292fb1a6a93dcbd",
    ),
];

fn sealed_as((key, format, compressed, original_type): As) -> SealedAs<'static> {
    SealedAs { key, format, compressed, original_type }
}

fn sealers(keyring: &Keyring, tenant: Option<&str>) -> [SharedSealer; 2] {
    [Provider::RustCrypto, Provider::Ring].map(|by| SharedSealer::with(by, keyring, tenant).unwrap())
}

/// The nonce of a row is where the sealer counts from.
fn sealed(sealer: SharedSealer, like: &[u8], sealed_as: &SealedAs<'_>, text: &[u8]) -> Vec<u8> {
    let prefix = like[..8].try_into().unwrap();
    let next = u32::from_be_bytes(like[8..12].try_into().unwrap());
    sealer.counting_from(prefix, next.into()).seal(sealed_as, text).unwrap()
}

#[test]
fn every_row_opens_to_its_text_and_seals_to_its_bytes() {
    let ring = Keyring::new([0x61; 32]).unwrap();
    for (row, place, text, bytes) in ACCEPTED {
        for sealer in sealers(&ring, Some(TENANT)) {
            let (place, bytes) = (sealed_as(*place), hex(bytes));
            assert_eq!(sealer.open(&place, &bytes), Ok((hex(text), 0)), "{row}");
            assert_eq!(sealed(sealer, &bytes, &place, &hex(text)), bytes, "{row}");
        }
    }
}

#[test]
fn what_was_sealed_as_something_else_does_not_open() {
    let ring = Keyring::new([0x61; 32]).unwrap();
    for (row, place, bytes) in REFUSED {
        for sealer in sealers(&ring, Some(TENANT)) {
            assert_eq!(sealer.open(&sealed_as(*place), &hex(bytes)), Err(Reason::NotAuthentic), "{row}");
        }
    }
}

#[test]
fn who_has_no_tenant_is_the_default_one() {
    for (row, master, key, text, bytes) in WITHOUT_TENANT {
        let ring = Keyring::new(*master).unwrap();
        let [sealer, other] = sealers(&ring, None);
        assert_eq!(sealer.open(&SealedAs::interop(key), &hex(bytes)), Ok((hex(text), 0)), "{row}");
        assert_eq!(sealed(other, &hex(bytes), &SealedAs::interop(key), &hex(text)), hex(bytes), "{row}");
    }
    let ring = Keyring::new([1; 32]).unwrap();
    for tenant in [String::new(), "t".repeat(901)] {
        let error = SharedSealer::new(&ring, Some(&tenant)).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(&format!("the tenant has {} bytes", tenant.len())), "{error}");
    }
}

#[test]
fn a_ring_opens_what_its_older_keys_sealed_and_says_which() {
    let tenant = Some("keyring-conformance");
    let (first, second) = (
        (
            "keyring:k1:entry",
            "6b312d706c61696e74657874",
            "010101010101010101010101ebc2f0799d210e06f1ec990ec8d2b3b1b6876e1cdbecb09600b89292",
        ),
        (
            "keyring:k2:entry",
            "6b322d706c61696e74657874",
            "020202020202020202020202c9e7a0e25b70e67fc71a191af2d8ec795ce7fa3bf69d06e291ec1bce",
        ),
    );
    let ring = Keyring::new([0x22; 32]).unwrap().with_previous([[0x33; 32], [0x11; 32]]).unwrap();
    for (sealer, other) in sealers(&ring, tenant).into_iter().zip(sealers(&ring, tenant)) {
        for ((key, text, bytes), place) in [(first, 2), (second, 0)] {
            assert_eq!(sealer.open(&SealedAs::interop(key), &hex(bytes)), Ok((hex(text), place)), "{key}");
        }
        let bytes = hex(second.2);
        assert_eq!(sealed(other, &bytes, &SealedAs::interop(second.0), &hex(second.1)), bytes);
    }
    let one = Keyring::new([0x11; 32]).unwrap();
    let alone = SharedSealer::new(&one, tenant).unwrap();
    assert_eq!(alone.open(&SealedAs::interop(second.0), &hex(second.2)), Err(Reason::NotAuthentic));
}

#[test]
fn what_opens_is_read_as_what_it_should_be_and_nothing_else() {
    let sealer = SharedSealer::new(&Keyring::new([0x61; 32]).unwrap(), Some(TENANT)).unwrap();
    let trailing = (
        ("t:op:1e364f6582ca4dc93b8bed0ff4413162cddafd52407517bff6248286cb863ac1", "msgpack", false, None),
        "0a0b0c0d0e0f10110000000dbf9fae68d68107a660c2eeeeab78227cc9495dd6fa095825d63701b17c92176ce530",
    );
    let (text, _) = sealer.open(&sealed_as(trailing.0), &hex(trailing.1)).unwrap();
    assert_eq!(check_document(&text), Err(Rejection::Trailing));
    let tail = (
        ("t:op:03a0edbae0c1b5816c431652268d1527730175cdc0b45807cb07e1025ff971f6", "msgpack", false, None),
        "0a0b0c0d0e0f10110000000eb576a53a34bfd9a8c0103a5d626967fbc8461f03b7393507faba7e59581493c81d58",
    );
    let (text, _) = sealer.open(&sealed_as(tail.0), &hex(tail.1)).unwrap();
    assert_eq!(check_document(&text), Err(Rejection::Trailing));
    // An envelope is a document like any other to who expects a document: it is not unwrapped.
    let envelope = (
        ("test:container:envelope", "msgpack", false, None),
        "0a0b0c0d0e0f101100000006e56a19473b4920391a28a7b679f5d6b0116f3849bae902d114d15c5a8ebd0349e90425ec8510ee508708cea821b0a3e17365dd19081b1acf8b3d29c1c2fed074680628976f261f4cf7807e",
    );
    let (text, _) = sealer.open(&sealed_as(envelope.0), &hex(envelope.1)).unwrap();
    assert_eq!((text[0], check_document(&text)), (0x94, Ok(())));
}

#[test]
fn any_other_bit_does_not_open() {
    let sealer = SharedSealer::new(&Keyring::new([7; 32]).unwrap(), None).unwrap();
    let place = SealedAs::interop("a:b:c");
    let whole = sealer.seal(&place, b"text").unwrap();
    assert_eq!(whole.len(), 12 + 4 + 16);
    for at in 0..whole.len() {
        let mut changed = whole.clone();
        changed[at] ^= 1;
        assert_eq!(sealer.open(&place, &changed), Err(Reason::NotAuthentic), "{at}");
    }
    for length in 0..28 {
        assert_eq!(sealer.open(&place, &whole[..length]), Err(Reason::Malformed), "{length}");
    }
    assert_eq!(sealer.open(&SealedAs::interop("a:b:d"), &whole), Err(Reason::NotAuthentic));
    assert_ne!(sealer.seal(&place, b"text").unwrap()[..12], whole[..12], "a nonce was used twice");
}

#[test]
fn associated_data_beyond_its_bound_is_refused() {
    let sealer = SharedSealer::new(&Keyring::new([7; 32]).unwrap(), None).unwrap();
    // 1 + 4 * 4 for the lengths, `default`, `msgpack` and `False`.
    let longest = "k".repeat((64 << 10) - 17 - 7 - 7 - 5);
    let place = SealedAs::interop(&longest);
    let whole = sealer.seal(&place, b"text").unwrap();
    assert_eq!(sealer.open(&place, &whole), Ok((b"text".to_vec(), 0)));
    let longer = format!("{longest}k");
    let error = sealer.seal(&SealedAs::interop(&longer), b"text").unwrap_err();
    assert!(error.to_string().contains("more than 64 KiB"), "{error}");
    assert_eq!(sealer.open(&SealedAs::interop(&longer), &whole), Err(Reason::Bounds));
}
