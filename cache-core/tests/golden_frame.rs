//! The bytes of frame version 1, spelled out. They may never change: a cache outlives a release.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // helpers of a test may panic

use std::io::Write;

use bytes::Bytes;
use cache_core::codec::{
    Beside, Codec, CustomFormat, Envelope, Format, FormatError, Frame, Keyring, Place, Sealer, Stamp,
};
use cache_core::entry::{Deadlines, Reason, Validator};
use cache_core::key::{CacheKey, Namespace, Tag, TagId};
use cache_core::time::WallTime;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
    roles: Vec<Role>,
    manager: Option<u64>,
}

#[derive(Debug, PartialEq, Serialize, Deserialize)]
enum Role {
    Reader,
    Editor { of: String },
}

fn user() -> User {
    let roles = vec![Role::Reader, Role::Editor { of: "docs".to_owned() }];
    User { id: 7, name: "Zoë".to_owned(), roles, manager: None }
}

fn key() -> CacheKey {
    CacheKey::direct(&Namespace::new("shop").unwrap(), "user:7").unwrap()
}

fn envelope() -> Envelope {
    let deadlines = Deadlines {
        created: WallTime(1_700_000_000_000),
        fresh_until: WallTime(1_700_000_300_000),
        stale_until: WallTime::NEVER,
    };
    Envelope { schema: 2, deadlines, version: 0x0102_0304, immutable: false }
}

fn encode(value: Option<&User>, format: Format, envelope: &Envelope) -> Bytes {
    Codec::default().encode(&key(), value, format, envelope).unwrap()
}

const MESSAGE_PACK: &str = "
    01 01 b821d161c7ace232              # version 1, MessagePack, checksum
    00 00 0000 02000000                 # no flags, reserved, no stamps, schema 2
    44291f84a3ad9a9bdbd7be450bd918f8    # xxHash3-128 of `shop:d:user:7`
    0068e5cf8b010000                    # created      1_700_000_000_000
    e0fbe9cf8b010000                    # fresh until  1_700_000_300_000
    ffffffffffffffff                    # stale until  never
    0403020100000000 37000000 37000000  # entry version, stored length, raw length
    84 a2 6964 07                       # a map of four: id 7
       a4 6e616d65 a4 5a6fc3ab          # name Zoë
       a5 726f6c6573 92 a6 526561646572 81 a6 456469746f72 81 a2 6f66 a4 646f6373
       a7 6d616e61676572 c0             # manager nil";

const JSON: &str = "
    01 02 1719491d13c494d1              # version 1, JSON, checksum
    00 00 0000 02000000
    44291f84a3ad9a9bdbd7be450bd918f8
    0068e5cf8b010000 e0fbe9cf8b010000 ffffffffffffffff
    0403020100000000 51000000 51000000
    7b226964223a372c226e616d65223a225a6fc3ab222c22726f6c6573223a5b22526561646572222c7b22456469746f7222
    3a7b226f66223a22646f6373227d7d5d2c226d616e61676572223a6e756c6c7d";

const BINCODE: &str = "
    01 03 6b7217893dd8e861              # version 1, bincode, checksum
    00 00 0000 02000000
    44291f84a3ad9a9bdbd7be450bd918f8
    0068e5cf8b010000 e0fbe9cf8b010000 ffffffffffffffff
    0403020100000000 10000000 10000000
    02 07 04 5a6fc3ab                   # release 2, id 7, name Zoë
    02 00 01 04 646f6373                # two roles: Reader, Editor of docs
    00                                  # no manager";

const NEGATIVE: &str = "
    01 01 2ac4934e35503f1a
    05 00 0000 02000000                 # negative and immutable
    44291f84a3ad9a9bdbd7be450bd918f8
    0068e5cf8b010000 e0fbe9cf8b010000 ffffffffffffffff
    0403020100000000 00000000 00000000";

const LZ4: &str = "
    01 01 a9dcc89a1f36d736
    02 00 0000 02000000                 # lz4
    44291f84a3ad9a9bdbd7be450bd918f8
    0068e5cf8b010000 e0fbe9cf8b010000 ffffffffffffffff
    0403020100000000 1a000000 7b050000  # 26 bytes for 1,403
    af da0578 6c6172646572 20 0700 ffffffffff5d 60 617264657220";

const TAGGED: &str = "
    01 01 d90835a5ec7e219a
    00 00 0200 02000000                 # two stamps
    44291f84a3ad9a9bdbd7be450bd918f8
    0068e5cf8b010000 e0fbe9cf8b010000 ffffffffffffffff
    0403020100000000 01000000 01000000
    36d5eb02370f2b3f 100f0e0d0c0b0a090807060504030201   # the tag `user:7`, its token
    0100000000000000 ffffffffffffffffffffffffffffffff
    07";

#[test]
fn a_frame_with_tags_of_version_1_is_written_and_read() {
    let token = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;
    let stamps = [Stamp { tag: Tag::new("user:7").id(), token }, Stamp { tag: TagId(1), token: u128::MAX }];
    let codec = Codec::default();
    let frame = codec.encode_stamped(&key(), Some(&7_u8), Format::MessagePack, &envelope(), &stamps).unwrap();
    assert_eq!(hex(&frame), hex(&golden(TAGGED)));
    let frame = open(TAGGED);
    assert_eq!(frame.stamps().collect::<Vec<_>>(), stamps);
    assert_eq!(frame.decode::<u8>(), Ok(7));
}

const VALIDATED: &str = "
    01 01 1b2c80104729ecd4
    08 00 0100 02000000                 # with a validator, one stamp
    44291f84a3ad9a9bdbd7be450bd918f8
    0068e5cf8b010000 e0fbe9cf8b010000 ffffffffffffffff
    0403020100000000 09000000 01000000  # nine bytes of validator and payload, one of payload
    36d5eb02370f2b3f 100f0e0d0c0b0a090807060504030201
    0600 57 2f22763122                  # six bytes: W/\"v1\"
    07";

#[test]
fn a_frame_with_a_validator_of_version_1_is_written_and_read() {
    let token = 0x0102_0304_0506_0708_090a_0b0c_0d0e_0f10;
    let stamps = [Stamp { tag: Tag::new("user:7").id(), token }];
    let validator = Validator::new("W/\"v1\"").unwrap();
    let beside = Beside { stamps: &stamps, validator: Some(&validator) };
    let codec = Codec::default();
    let frame = codec.encode_with(&key(), Some(&7_u8), Format::MessagePack, &envelope(), beside).unwrap();
    assert_eq!(hex(&frame), hex(&golden(VALIDATED)));
    let frame = open(VALIDATED);
    assert_eq!((frame.validator(), frame.decode::<u8>()), (Some(&validator), Ok(7)));
    assert_eq!(frame.stamps().collect::<Vec<_>>(), stamps);
    let absent = codec.encode_with(&key(), None::<&u8>, Format::MessagePack, &envelope(), beside).unwrap();
    assert_eq!(codec.open(&key(), 2, &absent).unwrap().validator(), None, "absence has no validator");
}

const CUSTOM: &str = "
    01 ff ca9935b0da678531              # version 1, a format of the user's own
    00 00 0000 02000000
    44291f84a3ad9a9bdbd7be450bd918f8
    0068e5cf8b010000 e0fbe9cf8b010000 ffffffffffffffff
    0403020100000000 0f000000 0f000000
    0b 627261636b657465642f31           # 11 bytes of name: bracketed/1
    3c 37 3e                            # what it wrote: <7>";

const SEALED: &str = "
    01 01 dd3493ee81f7babd              # version 1, MessagePack, what the master key is named by
    80 00 0000 02000000                 # sealed
    44291f84a3ad9a9bdbd7be450bd918f8
    0068e5cf8b010000 e0fbe9cf8b010000 ffffffffffffffff
    0403020100000000 53000000 37000000  # 83 bytes for 55: nonce, as many as in clear, tag
    a0a1a2a3a4a5a6a7 00000009           # nonce: the prefix, the counter
    d0a7b1a73a8cf212ee32a5e68d7cb1096d3d44d8bcb86b5022e7cdbee45ad551187b1639abfe2a02
    c275fd2fcc872fc0611be003c6662e
    24047931120cecb53e8efb4772123931    # tag";

#[test]
fn a_message_pack_frame_of_version_1_is_written_and_read() {
    assert_eq!(hex(&encode(Some(&user()), Format::MessagePack, &envelope())), hex(&golden(MESSAGE_PACK)));
    let frame = open(MESSAGE_PACK);
    assert_eq!(frame.decode::<User>(), Ok(user()));
    assert_eq!((frame.version(), frame.deadlines()), (0x0102_0304, envelope().deadlines));
    assert!(!frame.is_negative() && !frame.header().immutable);
}

#[test]
fn a_json_frame_of_version_1_is_written_and_read() {
    assert_eq!(hex(&encode(Some(&user()), Format::Json, &envelope())), hex(&golden(JSON)));
    assert_eq!(open(JSON).decode::<User>(), Ok(user()));
}

#[test]
fn a_bincode_frame_of_version_1_is_written_and_read() {
    assert_eq!(hex(&encode(Some(&user()), Format::Bincode, &envelope())), hex(&golden(BINCODE)));
    assert_eq!(open(BINCODE).decode::<User>(), Ok(user()));
}

/// JSON in brackets, as a format of the user's own.
struct Bracketed;

impl CustomFormat for Bracketed {
    const NAME: &'static str = "bracketed/1";

    fn encode<T: Serialize>(value: &T, out: &mut impl Write) -> Result<(), FormatError> {
        write!(out, "<{}>", serde_json::to_string(value)?)?;
        Ok(())
    }

    fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FormatError> {
        let inner = payload.strip_prefix(b"<").and_then(|rest| rest.strip_suffix(b">"));
        Ok(serde_json::from_slice(inner.ok_or("no brackets")?)?)
    }
}

#[test]
fn a_frame_of_a_users_format_of_version_1_is_written_and_read() {
    let beside = Beside { stamps: &[], validator: None };
    let frame = Codec::default().encode_as::<Bracketed, _>(&key(), Some(&7_u8), &envelope(), beside).unwrap();
    assert_eq!(hex(&frame), hex(&golden(CUSTOM)));
    assert_eq!(open(CUSTOM).decode_as::<Bracketed, u8>(), Ok(7));
    assert_eq!(open(CUSTOM).decode::<u8>(), Err(Reason::WrongFormat));
}

#[test]
fn a_negative_frame_of_version_1_is_written_and_read() {
    let immutable = Envelope { immutable: true, ..envelope() };
    assert_eq!(hex(&encode(None, Format::MessagePack, &immutable)), hex(&golden(NEGATIVE)));
    let frame = open(NEGATIVE);
    assert!(frame.is_negative() && frame.header().immutable);
    assert_eq!(frame.decode::<User>(), Err(Reason::Undecodable));
}

#[test]
fn a_sealed_frame_of_version_1_is_written_and_read() {
    let ring = Keyring::new(std::array::from_fn(|at| u8::try_from(at).unwrap())).unwrap();
    let prefix = [0xa0, 0xa1, 0xa2, 0xa3, 0xa4, 0xa5, 0xa6, 0xa7];
    let (sealer, key) = (Sealer::new(&ring).unwrap().counting_from(prefix, 9), key());
    let place = Place::sealed(&key, &sealer);
    let frame = Codec::default().encode(place, Some(&user()), Format::MessagePack, &envelope()).unwrap();
    assert_eq!(hex(&frame), hex(&golden(SEALED)));
    let opened = Codec::default().open(place, 2, &golden(SEALED)).unwrap();
    assert_eq!(opened.decode::<User>(), Ok(user()));
    assert_eq!(opened.deadlines(), envelope().deadlines);
}

/// Only read: another release of the compressor may find shorter bytes for the same text.
#[test]
fn an_lz4_frame_of_version_1_is_read() {
    assert_eq!(open(LZ4).decode::<String>(), Ok("larder ".repeat(200)));
}

fn open(golden_hex: &str) -> Frame {
    Codec::default().open(&key(), 2, &golden(golden_hex)).unwrap()
}

/// Hex digits, white space, and remarks behind `#`.
fn golden(text: &str) -> Bytes {
    let digits: String =
        text.lines().flat_map(|line| line.split('#').next()).flat_map(str::split_whitespace).collect();
    (0..digits.len()).step_by(2).map(|at| u8::from_str_radix(&digits[at..at + 2], 16).unwrap()).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
