//! Stored forms of the user's own: what one wrote, no other reads.

use std::io::Write;

use cache_core::codec::{Beside, Codec, CustomFormat, Format, FormatError, Frame, Keyring, Place, Sealer};
use cache_core::entry::Reason;
use cache_core::error::ErrorKind;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::forge::{LZ4, PLAIN, at, envelope, honest, key, patched};

/// MessagePack without field names.
struct Compact;

/// The same bytes under another name.
struct Namesake;

/// Its name begins with that of [`Compact`], and as long.
struct Longer;

impl CustomFormat for Compact {
    const NAME: &'static str = "compact";

    fn encode<T: Serialize>(value: &T, out: &mut impl Write) -> Result<(), FormatError> {
        Ok(rmp_serde::encode::write(out, value)?)
    }

    fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FormatError> {
        Ok(rmp_serde::from_slice(payload)?)
    }
}

macro_rules! like_compact {
    ($($name:ident $called:literal)*) => {$(
        impl CustomFormat for $name {
            const NAME: &'static str = $called;

            fn encode<T: Serialize>(value: &T, out: &mut impl Write) -> Result<(), FormatError> {
                Compact::encode(value, out)
            }

            fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FormatError> {
                Compact::decode(payload)
            }
        }
    )*};
}

like_compact!(Namesake "another" Longer "compact/2");

#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct User {
    id: u64,
    name: String,
}

fn user() -> User {
    User { id: 7, name: "x".repeat(2_000) }
}

fn written<F: CustomFormat, T: Serialize>(
    codec: Codec,
    value: &T,
) -> cache_core::error::Result<bytes::Bytes> {
    let beside = Beside { stamps: &[], validator: None };
    codec.encode_as::<F, T>(&key("user:7"), Some(value), &envelope(), beside)
}

fn opened(bytes: &bytes::Bytes) -> Frame {
    PLAIN.open(&key("user:7"), 1, bytes).unwrap()
}

#[test]
fn a_value_comes_back_in_its_form_plain_compressed_and_sealed() {
    for codec in [PLAIN, LZ4] {
        let frame = written::<Compact, _>(codec, &user()).unwrap();
        assert_eq!(opened(&frame).header().format, None);
        assert_eq!(opened(&frame).header().compressed, codec == LZ4);
        assert_eq!(opened(&frame).decode_as::<Compact, User>(), Ok(user()));
    }
    let (ring, place) = (Keyring::new([7; 32]).unwrap(), key("user:7"));
    let sealer = Sealer::new(&ring).unwrap();
    let (place, beside) = (Place::sealed(&place, &sealer), Beside { stamps: &[], validator: None });
    let frame = LZ4.encode_as::<Compact, _>(place, Some(&user()), &envelope(), beside).unwrap();
    assert!(!frame.windows(7).any(|seven| seven == b"compact"), "its name is sealed too");
    assert_eq!(LZ4.open(place, 1, &frame).unwrap().decode_as::<Compact, User>(), Ok(user()));
    let absent = PLAIN.encode_as::<Compact, User>(&key("user:7"), None, &envelope(), beside).unwrap();
    assert!(opened(&absent).is_negative() && absent.len() == at::PAYLOAD);
    assert_eq!(opened(&absent).decode_as::<Compact, User>(), Err(Reason::Undecodable));
}

#[test]
fn what_one_format_wrote_no_other_reads() {
    let frame = opened(&written::<Compact, _>(PLAIN, &1_u8).unwrap());
    assert_eq!(frame.decode_as::<Compact, u8>(), Ok(1));
    assert_eq!(frame.decode_as::<Namesake, u8>(), Err(Reason::WrongFormat));
    assert_eq!(frame.decode_as::<Longer, u8>(), Err(Reason::WrongFormat));
    assert_eq!(frame.decode::<u8>(), Err(Reason::WrongFormat));
    let longer = opened(&written::<Longer, _>(PLAIN, &1_u8).unwrap());
    assert_eq!(longer.decode_as::<Compact, u8>(), Err(Reason::WrongFormat));
    assert_eq!(opened(&honest(PLAIN, &1_u8)).decode_as::<Compact, u8>(), Err(Reason::WrongFormat));
    for format in [Format::Json, Format::Bincode] {
        let frame = PLAIN.encode(&key("user:7"), Some(&1_u8), format, &envelope()).unwrap();
        assert_eq!(opened(&frame).decode_as::<Compact, u8>(), Err(Reason::WrongFormat), "{format:?}");
    }
    assert!(!Reason::WrongFormat.heals(), "another process may read it");
}

#[test]
fn a_name_that_is_cut_short_is_another_format() {
    let whole = written::<Compact, _>(PLAIN, &1_u8).unwrap();
    for kept in 0..8 {
        let cut = u32::try_from(kept).unwrap().to_le_bytes();
        let frame = patched(&whole[..at::PAYLOAD + kept], at::STORED, &[cut, cut].concat());
        assert_eq!(opened(&frame).decode_as::<Compact, u8>(), Err(Reason::WrongFormat), "{kept}");
    }
}

/// Writes for ever, or panics, or says why not.
struct Endless;
struct Explosive;
struct Unable;

impl CustomFormat for Endless {
    const NAME: &'static str = "endless";

    fn encode<T: Serialize>(_: &T, out: &mut impl Write) -> Result<(), FormatError> {
        for _ in 0..1_000 {
            out.write_all(&[0; 1 << 20])?;
        }
        Ok(())
    }

    fn decode<T: DeserializeOwned>(_: &[u8]) -> Result<T, FormatError> {
        Err("endless".into())
    }
}

impl CustomFormat for Explosive {
    const NAME: &'static str = "explosive";

    fn encode<T: Serialize>(value: &T, out: &mut impl Write) -> Result<(), FormatError> {
        Compact::encode(value, out)?;
        std::panic::resume_unwind(Box::new("it cannot be encoded"))
    }

    fn decode<T: DeserializeOwned>(_: &[u8]) -> Result<T, FormatError> {
        std::panic::resume_unwind(Box::new("it cannot be decoded"))
    }
}

impl CustomFormat for Unable {
    /// That of [`Compact`], which it cannot read.
    const NAME: &'static str = Compact::NAME;

    fn encode<T: Serialize>(_: &T, out: &mut impl Write) -> Result<(), FormatError> {
        out.write_all(b"half")?;
        Err("no room in the ark".into())
    }

    fn decode<T: DeserializeOwned>(_: &[u8]) -> Result<T, FormatError> {
        Err("not today".into())
    }
}

/// Its error cannot be said.
struct Unspeakable;

#[derive(Debug)]
struct Unsaid;

impl std::fmt::Display for Unsaid {
    fn fmt(&self, _: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        std::panic::resume_unwind(Box::new("it cannot be said"))
    }
}

impl std::error::Error for Unsaid {}

impl CustomFormat for Unspeakable {
    const NAME: &'static str = "unspeakable";

    fn encode<T: Serialize>(_: &T, _: &mut impl Write) -> Result<(), FormatError> {
        Err(Box::new(Unsaid))
    }

    fn decode<T: DeserializeOwned>(_: &[u8]) -> Result<T, FormatError> {
        Err(Box::new(Unsaid))
    }
}

#[test]
fn an_error_and_a_panic_of_a_format_are_answers() {
    let clean = written::<Compact, _>(PLAIN, &1_u8).unwrap();
    let error = written::<Unable, _>(PLAIN, &1_u8).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Encode);
    assert!(error.to_string().contains("u8 cannot be stored as compact: no room in the ark"), "{error}");
    let error = written::<Explosive, _>(PLAIN, &1_u8).unwrap_err();
    assert!(error.kind() == ErrorKind::Encode && error.to_string().contains("Explosive"), "{error}");
    let error = written::<Unspeakable, _>(PLAIN, &1_u8).unwrap_err();
    assert!(error.kind() == ErrorKind::Encode && error.to_string().contains("Unspeakable"), "{error}");
    assert_eq!(written::<Compact, _>(PLAIN, &1_u8).unwrap(), clean, "nothing is left of them");
    assert_eq!(opened(&clean).decode_as::<Unable, u8>(), Err(Reason::Undecodable));
    let mut renamed = clean[..at::PAYLOAD].to_vec();
    renamed.extend_from_slice(b"\x09explosive\x01");
    let renamed = patched(&renamed, at::STORED, &[11, 0, 0, 0, 11, 0, 0, 0]);
    assert_eq!(opened(&renamed).decode_as::<Explosive, u8>(), Err(Reason::Undecodable));
}

#[test]
fn the_cap_bounds_what_a_format_writes() {
    let error = written::<Endless, _>(PLAIN, &1_u8).unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let size = at::PAYLOAD + 8 + (1_000 << 20);
    assert!(error.to_string().contains(&format!("takes {size} bytes")), "{error}");
}
