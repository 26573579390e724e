//! Honest frames, and frames by someone who knows the layout and computes the right checksum.

use bytes::Bytes;
use cache_core::codec::{Codec, Compression, Envelope, Format};
use cache_core::entry::Deadlines;
use cache_core::key::{CacheKey, Namespace};
use cache_core::time::WallTime;
use xxhash_rust::xxh3::xxh3_64;

/// Where the layout of version 1 puts things.
pub(crate) mod at {
    pub(crate) const VERSION: usize = 0;
    pub(crate) const FORMAT: usize = 1;
    pub(crate) const FLAGS: usize = 10;
    pub(crate) const RESERVED: usize = 11;
    pub(crate) const STAMPS: usize = 12;
    pub(crate) const CREATED: usize = 34;
    pub(crate) const FRESH: usize = 42;
    pub(crate) const STALE: usize = 50;
    pub(crate) const STORED: usize = 66;
    pub(crate) const RAW: usize = 70;
    pub(crate) const PAYLOAD: usize = 74;
}

pub(crate) const PLAIN: Codec = codec(Compression::None);
pub(crate) const LZ4: Codec = codec(Compression::Lz4);

const fn codec(compression: Compression) -> Codec {
    Codec { compression, max_entry_bytes: 1 << 20 }
}

pub(crate) fn key(text: &str) -> CacheKey {
    CacheKey::direct(&Namespace::default(), text).unwrap()
}

pub(crate) fn envelope() -> Envelope {
    let deadlines =
        Deadlines { created: WallTime(1_000), fresh_until: WallTime(61_000), stale_until: WallTime(121_000) };
    Envelope { schema: 1, deadlines, version: 7, immutable: false }
}

/// An honest frame of `user:7`.
pub(crate) fn honest<T: serde::Serialize + ?Sized>(codec: Codec, value: &T) -> Bytes {
    codec.encode(&key("user:7"), Some(value), Format::MessagePack, &envelope()).unwrap()
}

/// A frame of `user:7` with this payload, valid up to its payload.
pub(crate) fn with_payload(payload: &[u8]) -> Bytes {
    let mut frame = honest(PLAIN, &0_u8)[..at::PAYLOAD].to_vec();
    frame.extend_from_slice(payload);
    let length = u32::try_from(payload.len()).unwrap();
    put(&mut frame, at::STORED, &length.to_le_bytes());
    put(&mut frame, at::RAW, &length.to_le_bytes());
    checksummed(frame)
}

/// A frame of `user:7` whose payload claims to be an LZ4 block of `raw` bytes.
pub(crate) fn with_lz4(block: &[u8], raw: u32) -> Bytes {
    let mut frame = with_payload(block).to_vec();
    frame[at::FLAGS] = 0b10;
    put(&mut frame, at::RAW, &raw.to_le_bytes());
    checksummed(frame)
}

/// The frame with these bytes replaced and the checksum set right.
pub(crate) fn patched(frame: &[u8], offset: usize, with: &[u8]) -> Bytes {
    let mut frame = frame.to_vec();
    put(&mut frame, offset, with);
    checksummed(frame)
}

/// Sets the checksum right.
pub(crate) fn checksummed(mut frame: Vec<u8>) -> Bytes {
    let covered = [&frame[..2], &frame[10..]].concat();
    put(&mut frame, 2, &xxh3_64(&covered).to_le_bytes());
    Bytes::from(frame)
}

fn put(frame: &mut [u8], offset: usize, bytes: &[u8]) {
    frame[offset..offset + bytes.len()].copy_from_slice(bytes);
}
