//! Sealed frames: they open where they were sealed and nowhere else, and what is in them is nowhere in clear.

use bytes::Bytes;
use cache_core::codec::{Codec, Envelope, Format, Keyring, Place, Provider, Sealer, Stamp};
use cache_core::entry::Reason;
use cache_core::key::{CacheKey, Namespace, SpaceName, TagId};
use cache_core::private::Word;
use proptest::prelude::*;

use crate::forge::{LZ4, PLAIN, at, checksummed, envelope, honest, key};

const SECRET: &str = "the canary is c4nary";

fn sealer(current: u8, previous: &[u8]) -> Sealer {
    let ring = Keyring::new([current; 32]).unwrap();
    Sealer::new(&ring.with_previous(previous.iter().map(|byte| [*byte; 32])).unwrap()).unwrap()
}

fn seal_at(sealer: &Sealer, codec: Codec, key: &CacheKey, value: Option<&str>) -> Bytes {
    codec.encode(Place::sealed(key, sealer), value, Format::MessagePack, &envelope()).unwrap()
}

fn seal(sealer: &Sealer, codec: Codec, value: &str) -> Bytes {
    seal_at(sealer, codec, &key("user:7"), Some(value))
}

fn open_at(sealer: &Sealer, key: &CacheKey, bytes: &Bytes) -> Result<String, Reason> {
    PLAIN.open(Place::sealed(key, sealer), 1, bytes)?.decode()
}

fn open(sealer: &Sealer, bytes: &Bytes) -> Result<String, Reason> {
    open_at(sealer, &key("user:7"), bytes)
}

fn contains(bytes: &[u8], text: &str) -> bool {
    bytes.windows(text.len()).any(|window| window == text.as_bytes())
}

/// A key with a tenant in it, as a cached function makes it.
fn of_tenant(space: &str, tenant: Option<&str>, id: u64) -> CacheKey {
    let (namespace, space) = (Namespace::default(), SpaceName::named(space, 0));
    match tenant {
        Some(tenant) => CacheKey::of_parts(&namespace, &space, &(Word("~tenant"), (tenant, (id, ())))),
        None => CacheKey::of_parts(&namespace, &space, &(id, ())),
    }
}

#[test]
fn what_was_sealed_opens_and_is_nowhere_in_clear() {
    let sealer = sealer(1, &[]);
    let long = SECRET.repeat(100);
    for codec in [PLAIN, LZ4] {
        for text in ["", SECRET, &long] {
            let frame = seal(&sealer, codec, text);
            assert_eq!(open(&sealer, &frame), Ok(text.to_owned()));
            assert!(!contains(&frame, "canary"));
            assert!(frame.len() < text.len() + at::PAYLOAD + 12 + 16 + 4);
        }
    }
    assert!(contains(&honest(PLAIN, SECRET), "canary"), "it would have been seen");
    let absent = seal_at(&sealer, PLAIN, &key("user:7"), None);
    assert!(PLAIN.open(Place::sealed(&key("user:7"), &sealer), 1, &absent).unwrap().is_negative());
}

#[test]
fn a_value_sealed_twice_is_sealed_differently() {
    let sealer = sealer(1, &[]);
    let (one, other) = (seal(&sealer, PLAIN, SECRET), seal(&sealer, PLAIN, SECRET));
    assert_eq!(one[..at::PAYLOAD], other[..at::PAYLOAD]);
    assert_ne!(one[at::PAYLOAD + 12..], other[at::PAYLOAD + 12..]);
}

#[test]
fn every_flipped_bit_of_a_sealed_frame_is_a_miss() {
    let sealer = sealer(1, &[2]);
    for codec in [PLAIN, LZ4] {
        let frame = seal(&sealer, codec, &SECRET.repeat(60));
        for bit in 0..frame.len() * 8 {
            let mut damaged = frame.to_vec();
            damaged[bit / 8] ^= 1 << (bit % 8);
            let expected: &[Reason] = match bit / 8 {
                at::VERSION | at::RESERVED => &[Reason::WrongFormat],
                at::FORMAT => &[Reason::WrongFormat, Reason::NotAuthentic],
                2..10 => &[Reason::UnknownKey],
                at::FLAGS if bit % 8 == 7 => &[Reason::NotSealed],
                at::FLAGS if bit % 8 > 3 => &[Reason::WrongFormat],
                12..14 | 66..70 => &[Reason::Malformed],
                _ => &[Reason::NotAuthentic],
            };
            let found = open(&sealer, &damaged.into()).unwrap_err();
            assert!(expected.contains(&found), "bit {bit}: {found:?}");
        }
    }
}

#[test]
fn every_cut_and_every_appended_byte_is_malformed() {
    let sealer = sealer(1, &[]);
    let frame = seal(&sealer, PLAIN, SECRET);
    for length in 0..frame.len() {
        assert_eq!(open(&sealer, &frame.slice(..length)), Err(Reason::Malformed), "{length} bytes");
        // The same with a stored length that agrees: too short for a nonce and a tag, or not authentic.
        if let Some(stored) = length.checked_sub(at::PAYLOAD) {
            let mut shorter = frame[..length].to_vec();
            shorter[at::STORED..at::RAW].copy_from_slice(&u32::try_from(stored).unwrap().to_le_bytes());
            let expected = if stored < 28 { Reason::Malformed } else { Reason::NotAuthentic };
            assert_eq!(open(&sealer, &shorter.into()), Err(expected), "{stored} bytes");
        }
    }
    let longer = Bytes::from([&frame[..], &[0]].concat());
    assert_eq!(open(&sealer, &longer), Err(Reason::Malformed));
}

#[test]
fn a_frame_in_clear_is_not_believed_and_is_removed() {
    let sealer = sealer(1, &[]);
    let clear = honest(PLAIN, SECRET);
    assert_eq!(open(&sealer, &clear), Err(Reason::NotSealed));
    assert!(Reason::NotSealed.heals());
    // Nor one whose flag was taken away, under a right checksum.
    let mut stripped = seal(&sealer, PLAIN, SECRET).to_vec();
    stripped[at::FLAGS] &= !0x80;
    assert_eq!(open(&sealer, &checksummed(stripped)), Err(Reason::NotSealed));
}

#[test]
fn a_sealed_frame_is_a_miss_where_nothing_is_sealed_and_is_left_alone() {
    let frame = seal(&sealer(1, &[]), PLAIN, SECRET);
    let reason = PLAIN.open(&key("user:7"), 1, &frame).unwrap_err();
    assert_eq!((reason, reason.heals()), (Reason::Sealed, false));
}

#[test]
fn a_frame_moved_to_another_key_or_namespace_does_not_open() {
    let sealer = sealer(1, &[]);
    let frame = seal(&sealer, PLAIN, SECRET);
    let elsewhere = CacheKey::direct(&Namespace::new("other").unwrap(), "user:7").unwrap();
    for place in [key("user:8"), elsewhere] {
        assert_eq!(open_at(&sealer, &place, &frame), Err(Reason::NotAuthentic));
        // Nor when whoever moved it wrote the new key's fingerprint into it.
        let mut moved = frame.to_vec();
        moved[18..34].copy_from_slice(&place.fingerprint().to_le_bytes());
        assert_eq!(open_at(&sealer, &place, &moved.into()), Err(Reason::NotAuthentic));
    }
    assert!(Reason::NotAuthentic.heals());
}

#[test]
fn another_schema_or_format_is_another_frame() {
    let sealer = sealer(1, &[]);
    let frame = seal(&sealer, PLAIN, SECRET);
    let key = key("user:7");
    assert_eq!(PLAIN.open(Place::sealed(&key, &sealer), 2, &frame).unwrap_err(), Reason::WrongSchema);
    for (offset, byte) in [(14, 2), (at::FORMAT, 2)] {
        let mut changed = frame.to_vec();
        changed[offset] = byte;
        let opened = PLAIN.open(Place::sealed(&key, &sealer), 2, &changed.into());
        assert_eq!(opened.unwrap_err(), Reason::NotAuthentic, "{offset}");
    }
}

#[test]
fn an_old_key_opens_a_new_one_seals_and_each_is_counted() {
    let old = sealer(1, &[]);
    let frame = seal(&old, PLAIN, SECRET);
    let rotated = sealer(2, &[1]);
    assert_eq!(open(&rotated, &frame), Ok(SECRET.to_owned()));
    let newer = seal(&rotated, PLAIN, SECRET);
    assert_eq!(open(&rotated, &newer), Ok(SECRET.to_owned()));
    assert_ne!(frame[2..10], newer[2..10], "each names its key");
    // Who has not yet heard of the new key misses, and removes nothing: others can read it.
    let reason = open(&old, &newer).unwrap_err();
    assert_eq!((reason, reason.heals()), (Reason::UnknownKey, false));
    assert_eq!(open(&sealer(2, &[]), &frame), Err(Reason::UnknownKey));
}

#[test]
fn the_tokens_of_tags_are_readable_and_cannot_be_changed() {
    let (sealer, key) = (sealer(1, &[]), key("user:7"));
    let stamps = [Stamp { tag: TagId(7), token: 70 }, Stamp { tag: TagId(8), token: 80 }];
    let place = Place::sealed(&key, &sealer);
    let frame = LZ4.encode_stamped(place, Some(SECRET), Format::MessagePack, &envelope(), &stamps).unwrap();
    let opened = LZ4.open(place, 1, &frame).unwrap();
    assert_eq!(opened.stamps().collect::<Vec<_>>(), stamps);
    assert_eq!(opened.decode::<String>().unwrap(), SECRET);
    for bit in at::PAYLOAD * 8..(at::PAYLOAD + 48) * 8 {
        let mut damaged = frame.to_vec();
        damaged[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(open(&sealer, &damaged.into()), Err(Reason::NotAuthentic), "bit {bit}");
    }
}

#[test]
fn nothing_is_sealed_when_the_nonces_are_used_up() {
    let sealer = sealer(1, &[]).counting_from([0; 8], (1 << 40) - 1);
    let place = key("user:7");
    seal(&sealer, PLAIN, SECRET);
    let error = PLAIN
        .encode(Place::sealed(&place, &sealer), Some(SECRET), Format::MessagePack, &envelope())
        .unwrap_err();
    assert_eq!(error.kind(), cache_core::error::ErrorKind::Encode);
    assert!(error.to_string().contains("rotate the master key"), "{error}");
}

#[test]
fn the_cap_counts_what_sealing_adds() {
    let sealer = sealer(1, &[]);
    let size = seal(&sealer, PLAIN, SECRET).len();
    let place = key("user:7");
    let encode = |max_entry_bytes| {
        let codec = Codec { max_entry_bytes, ..PLAIN };
        codec.encode(Place::sealed(&place, &sealer), Some(SECRET), Format::MessagePack, &envelope())
    };
    assert_eq!(encode(size).unwrap().len(), size);
    assert_eq!(encode(size - 1).unwrap_err().kind(), cache_core::error::ErrorKind::TooLarge);
}

#[test]
fn both_providers_read_what_the_other_wrote_and_write_the_same() {
    let ring = Keyring::new([1; 32]).unwrap();
    let of = |provider| Sealer::with(provider, &ring).unwrap().counting_from([5; 8], 0);
    let (one, other) = (of(Provider::RustCrypto), of(Provider::Ring));
    for codec in [PLAIN, LZ4] {
        let frames = [seal(&one, codec, &SECRET.repeat(99)), seal(&other, codec, &SECRET.repeat(99))];
        assert_eq!(frames[0], frames[1]);
        assert_eq!(open(&other, &frames[0]), Ok(SECRET.repeat(99)));
        assert_eq!(open(&one, &frames[1]), Ok(SECRET.repeat(99)));
    }
}

#[test]
fn neither_a_sealer_nor_a_frame_shows_a_secret() {
    let ring = Keyring::new("c4".repeat(32)).unwrap().with_previous(["c5".repeat(32)]).unwrap();
    let sealer = Sealer::new(&ring).unwrap();
    let frame = seal(&sealer, PLAIN, SECRET);
    let place = key("user:7");
    let opened = PLAIN.open(Place::sealed(&place, &sealer), 1, &frame).unwrap();
    let shown = format!("{ring:?} {sealer:?} {opened:?} {:?} {PLAIN:?}", Place::sealed(&place, &sealer));
    for secret in ["c4c4", "c5c5", "196, 196", "canary", "user:7"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

proptest! {
    /// Only the pair of tenant, space and id that sealed it opens a frame, even under a forged fingerprint.
    #[test]
    fn a_tenant_opens_only_its_own(
        tenants in prop::array::uniform2(prop::option::of("[a-c:~%]{0,3}")),
        spaces in prop::array::uniform2("[a-b]{1,2}"),
        ids in prop::array::uniform2(0_u64..3),
    ) {
        let sealer = sealer(1, &[]);
        let [own, other] = [0, 1].map(|at| of_tenant(&spaces[at], tenants[at].as_deref(), ids[at]));
        let same = (&tenants[0], &spaces[0], ids[0]) == (&tenants[1], &spaces[1], ids[1]);
        prop_assert_eq!(own == other, same);
        prop_assert_eq!(own.tenant().is_some(), tenants[0].is_some());
        let mut frame = seal_at(&sealer, PLAIN, &own, Some(SECRET)).to_vec();
        prop_assert_eq!(open_at(&sealer, &own, &frame.clone().into()), Ok(SECRET.to_owned()));
        frame[18..34].copy_from_slice(&other.fingerprint().to_le_bytes());
        prop_assert_eq!(open_at(&sealer, &other, &frame.into()).is_ok(), same);
    }

    #[test]
    fn noise_under_a_sealed_header_is_a_miss(noise in prop::collection::vec(any::<u8>(), 0..200)) {
        let sealer = sealer(1, &[]);
        let mut frame = seal(&sealer, PLAIN, SECRET)[..at::PAYLOAD].to_vec();
        frame.extend_from_slice(&noise);
        frame[at::STORED..at::RAW].copy_from_slice(&u32::try_from(noise.len()).unwrap().to_le_bytes());
        prop_assert!(open(&sealer, &frame.into()).is_err());
    }

    #[test]
    fn any_envelope_comes_back(schema in any::<u32>(), version in any::<u64>(), immutable in any::<bool>()) {
        let sealer = sealer(1, &[]);
        let envelope = Envelope { schema, version, immutable, ..envelope() };
        let place = key("user:7");
        let place = Place::sealed(&place, &sealer);
        let frame = PLAIN.encode(place, Some(SECRET), Format::MessagePack, &envelope).unwrap();
        let opened = PLAIN.open(place, schema, &frame).unwrap();
        prop_assert_eq!((opened.version(), opened.header().immutable), (version, immutable));
        prop_assert!(opened.header().sealed);
    }
}
