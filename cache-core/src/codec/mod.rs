//! Value to frame, frame to value.
//!
//! Promise: bytes that come back from a store are the value that was stored under that key, or a miss with a
//! named reason: never a panic, never another value, never an allocation beyond the cap. Invariant: nothing is
//! decoded, and nothing is allocated by what the bytes claim, before every check of [`Codec::open`] has passed.
//! The layout and the order of the checks are in `docs/wire-format.md`; the code begins in `frame`, sealing in `seal`.

mod buffer;
mod compress;
mod format;
mod frame;
#[cfg(feature = "cachekit")]
pub mod interop;
mod seal;

pub use compress::Compression;
pub use format::Format;
pub use format::custom::{CustomFormat, FormatError};
pub(crate) use frame::expired;
pub use frame::{Beside, Frame, Header, Stamp, peek};
#[cfg(feature = "encrypt")]
pub use seal::{IntoMasterKey, Keyring, MasterKey, Provider};
pub use seal::{MAX_KEYS, Place, Sealer};

use bytes::Bytes;
use serde::Serialize;

use self::buffer::Buffer;
use crate::entry::{Deadlines, Reason};
use crate::error::{Error, ErrorKind, Result};

/// The largest `max_entry_bytes` that has an effect: 64 MiB.
pub const MAX_ENTRY_BYTES: usize = 64 << 20;

/// How frames are written, and how much of one is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Codec {
    /// What is tried on payloads of 1 KiB and more. Frames of any compression are read.
    pub compression: Compression,
    /// The cap on a whole frame in bytes, as stored and as it would be without compression. More than
    /// [`MAX_ENTRY_BYTES`] counts as that.
    pub max_entry_bytes: usize,
}

impl Default for Codec {
    /// No compression, 1 MiB.
    fn default() -> Self {
        Self { compression: Compression::None, max_entry_bytes: 1 << 20 }
    }
}

/// What a frame says about its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Envelope {
    /// The version of the value's type: a frame of another schema is a miss.
    pub schema: u32,
    /// When it was stored and until when it lives; `created <= fresh_until <= stale_until`.
    pub deadlines: Deadlines,
    /// The entry's version: of two frames of one key the higher one is newer.
    pub version: u64,
    /// The value is named by its content and can never be outdated.
    pub immutable: bool,
}

impl Codec {
    /// Encodes a value into the frame of a place: a key, in clear, or [`Place::sealed`]. `None` remembers that there is
    /// no value. Under a key of another cache it is that one's form, which has no envelope, no stamps and no absence.
    ///
    /// Allocates the frame once (twice when compressed); an uncompressed payload is written where it stays. A
    /// value nested deeper than 100 levels is stored, but no reader opens it.
    ///
    /// # Errors
    /// [`ErrorKind::Encode`](crate::error::ErrorKind::Encode) when the value does not serialize (or panics while
    /// it does), the deadlines are out of order or the sealer has no nonces left; [`ErrorKind::TooLarge`]
    /// when the uncompressed frame is larger than the cap.
    pub fn encode<'p, T: Serialize + ?Sized>(
        &self,
        place: impl Into<Place<'p>>,
        value: Option<&T>,
        format: Format,
        envelope: &Envelope,
    ) -> Result<Bytes> {
        self.encode_stamped(place, value, format, envelope, &[])
    }

    /// [`Codec::encode`] of an entry with tags: each with the token that it had before the value was loaded. A frame
    /// holds 24 bytes more for each, and at most 65,535 of them.
    ///
    /// # Errors
    /// As for [`Codec::encode`].
    pub fn encode_stamped<'p, T: Serialize + ?Sized>(
        &self,
        place: impl Into<Place<'p>>,
        value: Option<&T>,
        format: Format,
        envelope: &Envelope,
        stamps: &[Stamp],
    ) -> Result<Bytes> {
        self.encode_with(place, value, format, envelope, Beside { stamps, validator: None })
    }

    /// [`Codec::encode_stamped`] of an entry that may have a validator too, which takes two bytes more than its text. The
    /// memory that there is no value has none.
    ///
    /// # Errors
    /// As for [`Codec::encode`].
    pub fn encode_with<'p, T: Serialize + ?Sized>(
        &self,
        place: impl Into<Place<'p>>,
        value: Option<&T>,
        format: Format,
        envelope: &Envelope,
        Beside { stamps, validator }: Beside<'_>,
    ) -> Result<Bytes> {
        let place = place.into();
        #[cfg(feature = "cachekit")]
        if place.key.is_foreign() {
            return interop::write_entry(&place, value, self.limit());
        }
        let write = value.map(|value| |payload: &mut Buffer| format.encode(value, payload));
        self.framed(&place, Some(format), write, envelope, Beside { stamps, validator })
    }

    /// [`Codec::encode_with`] in a format of the user's own. Another cache's entries have none.
    ///
    /// # Errors
    /// As for [`Codec::encode`].
    pub fn encode_as<'p, F: CustomFormat, T: Serialize>(
        &self,
        place: impl Into<Place<'p>>,
        value: Option<&T>,
        envelope: &Envelope,
        beside: Beside<'_>,
    ) -> Result<Bytes> {
        let place = place.into();
        if place.key.is_foreign() {
            return Err(foreign::<F>());
        }
        let write = value.map(|value| |payload: &mut Buffer| format::custom::encode::<F, T>(value, payload));
        self.framed(&place, None, write, envelope, beside)
    }

    /// The frame of what is written, or of nothing.
    fn framed(
        &self,
        place: &Place<'_>,
        format: Option<Format>,
        write: Option<impl FnOnce(&mut Buffer) -> Result<()>>,
        envelope: &Envelope,
        Beside { stamps, validator }: Beside<'_>,
    ) -> Result<Bytes> {
        let stamps = stamps.get(..usize::from(u16::MAX)).unwrap_or(stamps);
        let beside = Beside { stamps, validator: validator.filter(|_| write.is_some()) };
        let header = Header::new(place.key.fingerprint(), format, write.is_none(), envelope);
        let mut payload = frame::begin(envelope, beside, place, self.limit())?;
        if let Some(write) = write {
            write(&mut payload)?;
        }
        frame::finish(header, beside, payload, self.compression, place)
    }

    /// Checks a stored frame and takes it apart. Zero copy, unless the frame is compressed or sealed. What is under a key
    /// of another cache is taken as a frame that never ends: only its store knows when it does.
    ///
    /// # Errors
    /// Why this is not a frame of this place and schema that can be decoded within the bounds. The order of the
    /// checks is part of the format: `docs/wire-format.md`.
    pub fn open<'p>(&self, place: impl Into<Place<'p>>, schema: u32, bytes: &Bytes) -> Result<Frame, Reason> {
        let place = place.into();
        #[cfg(feature = "cachekit")]
        if place.key.is_foreign() {
            return interop::open_entry(&place, bytes, self.limit()).map(Frame::foreign);
        }
        frame::open(bytes, &frame::Expected { place, schema, limit: self.limit() })
    }

    fn limit(&self) -> usize {
        self.max_entry_bytes.min(MAX_ENTRY_BYTES)
    }
}

#[cold]
fn foreign<F: CustomFormat>() -> Error {
    let held = format!("entries of another cache have its form, not {:?}", F::NAME);
    Error::new(ErrorKind::Config, held).during("encode").with_fix("leave the format out")
}
