//! The fixed header of a frame: 74 bytes, little endian.
//!
//! ```text
//!  0 version u8 = 1      14 schema u32              58 entry version u64
//!  1 format u8           18 key fingerprint u128    66 stored length u32
//!  2 checksum u64 *      34 created u64 ms          70 raw length u32
//! 10 flags u8            42 fresh until u64 ms      74 stamps, 24 bytes each
//! 11 reserved u8 = 0     50 stale until u64 ms       . validator, payload
//! 12 stamp count u16
//! ```
//! * of a sealed frame: what its key is named by.

use bytes::{Buf, BufMut};

use crate::codec::compress::READS_LZ4;
use crate::codec::format::CUSTOM;
use crate::codec::seal::READS_SEALED;
use crate::codec::{Envelope, Format};
use crate::entry::{Deadlines, Reason};
use crate::time::WallTime;

/// The version of the layout. No version is ever an ASCII digit or `-`: counters are stored as digits.
const VERSION: u8 = 1;
/// The bytes of the fixed header.
pub(super) const HEADER_BYTES: usize = 74;
/// The bytes of one stamp.
pub(super) const STAMP_BYTES: usize = 24;
pub(super) const BEFORE_CHECKSUM: usize = 2;
pub(super) const AFTER_CHECKSUM: usize = 10;

const NEGATIVE: u8 = 1;
const LZ4: u8 = 1 << 1;
const IMMUTABLE: u8 = 1 << 2;
const VALIDATOR: u8 = 1 << 3;
/// The other end of the byte: the payload is something else altogether.
const SEALED: u8 = 1 << 7;
const KNOWN_FLAGS: u8 = NEGATIVE | LZ4 | IMMUTABLE | VALIDATOR | SEALED;

/// What the fixed header of a frame says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Header {
    /// How the payload is spelled; `None`: in a format of its owner's, whose name it begins with.
    pub format: Option<Format>,
    /// The entry remembers that there is no value.
    pub negative: bool,
    /// The payload is an LZ4 block.
    pub compressed: bool,
    /// The value is named by its content and can never be outdated.
    pub immutable: bool,
    /// A validator stands in front of the payload.
    pub validated: bool,
    /// The payload is sealed.
    pub sealed: bool,
    /// The version of the value's type.
    pub schema: u32,
    /// [`CacheKey::fingerprint`](crate::key::CacheKey::fingerprint) of the key it was stored under.
    pub fingerprint: u128,
    /// When it was stored and until when it lives.
    pub deadlines: Deadlines,
    /// The entry's version.
    pub version: u64,
    /// Of a sealed frame, what the key that sealed it is named by: the tag covers more than the checksum would.
    pub(super) checksum: u64,
    pub(super) stamps: u16,
    pub(super) stored: u32,
    pub(super) raw: u32,
}

impl Header {
    /// The header of an uncompressed entry, its lengths and checksum still 0.
    pub(in crate::codec) fn new(
        fingerprint: u128,
        format: Option<Format>,
        negative: bool,
        envelope: &Envelope,
    ) -> Self {
        let Envelope { schema, deadlines, version, immutable } = *envelope;
        Self {
            format,
            negative,
            compressed: false,
            immutable,
            validated: false,
            sealed: false,
            schema,
            fingerprint,
            deadlines,
            version,
            checksum: 0,
            stamps: 0,
            stored: 0,
            raw: 0,
        }
    }

    /// Reads a header of this version. Verifies nothing.
    ///
    /// The version comes before the length, so that neither a counter nor a shorter frame of a later version is
    /// taken for a damaged one and removed.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Reason> {
        if *bytes.first().ok_or(Reason::Malformed)? != VERSION {
            return Err(Reason::WrongFormat);
        }
        let mut rest: &[u8] = bytes.first_chunk::<HEADER_BYTES>().ok_or(Reason::Malformed)?;
        rest.advance(1);
        let format = match rest.get_u8() {
            CUSTOM => None,
            code => Some(Format::of_code(code).ok_or(Reason::WrongFormat)?),
        };
        let checksum = rest.get_u64_le();
        let flags = known_flags(rest.get_u8(), rest.get_u8())?;
        Ok(Self {
            format,
            negative: flags & NEGATIVE != 0,
            compressed: flags & LZ4 != 0,
            immutable: flags & IMMUTABLE != 0,
            validated: flags & VALIDATOR != 0,
            sealed: flags & SEALED != 0,
            checksum,
            stamps: rest.get_u16_le(),
            schema: rest.get_u32_le(),
            fingerprint: rest.get_u128_le(),
            deadlines: Deadlines {
                created: WallTime(rest.get_u64_le()),
                fresh_until: WallTime(rest.get_u64_le()),
                stale_until: WallTime(rest.get_u64_le()),
            },
            version: rest.get_u64_le(),
            stored: rest.get_u32_le(),
            raw: rest.get_u32_le(),
        })
    }

    /// The bytes of the header.
    pub(super) fn bytes(&self) -> [u8; HEADER_BYTES] {
        let mut bytes = [0; HEADER_BYTES];
        let mut rest = bytes.as_mut_slice();
        rest.put_u8(VERSION);
        rest.put_u8(self.format.map_or(CUSTOM, Format::code));
        rest.put_u64_le(self.checksum);
        rest.put_u8(self.flags());
        rest.put_u8(0);
        rest.put_u16_le(self.stamps);
        rest.put_u32_le(self.schema);
        rest.put_u128_le(self.fingerprint);
        rest.put_u64_le(self.deadlines.created.0);
        rest.put_u64_le(self.deadlines.fresh_until.0);
        rest.put_u64_le(self.deadlines.stale_until.0);
        rest.put_u64_le(self.version);
        rest.put_u32_le(self.stored);
        rest.put_u32_le(self.raw);
        bytes
    }

    /// The bytes of its stamps.
    pub(super) fn stamp_bytes(&self) -> usize {
        usize::from(self.stamps) * STAMP_BYTES
    }

    fn flags(&self) -> u8 {
        let set = |on, flag| if on { flag } else { 0 };
        set(self.negative, NEGATIVE)
            | set(self.compressed, LZ4)
            | set(self.immutable, IMMUTABLE)
            | set(self.validated, VALIDATOR)
            | set(self.sealed, SEALED)
    }
}

/// A flag that is not known may change what the rest means: such a frame is another format, not a damaged one.
fn known_flags(flags: u8, reserved: u8) -> Result<u8, Reason> {
    let unreadable = |reads: bool, flag: u8| if reads { 0 } else { flag };
    let readable = KNOWN_FLAGS & !unreadable(READS_LZ4, LZ4) & !unreadable(READS_SEALED, SEALED);
    if flags & !readable == 0 && reserved == 0 { Ok(flags) } else { Err(Reason::WrongFormat) }
}
