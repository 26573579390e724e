//! The stored bytes of one entry: a fixed header, stamps, perhaps a validator, the payload.
//!
//! Promise: what [`open`] lets through was written for this key under this schema, whole and within the bounds.
//! Read on in [`header`] (the layout), [`check`] (the order of the checks), [`mod@write`] (how one is written).

mod check;
mod checksum;
mod header;
mod stamps;
mod validator;
mod write;

pub(super) use check::{Expected, open};
pub use header::Header;
pub use stamps::Stamp;
pub use validator::Beside;
pub(crate) use write::expired;
pub(super) use write::{begin, finish};

use std::fmt;

use bytes::Bytes;
use serde::de::DeserializeOwned;

use crate::codec::format::custom::{self, CustomFormat};
#[cfg(feature = "cachekit")]
use crate::codec::{Envelope, Format};
use crate::entry::{Deadlines, Reason, Validator};
#[cfg(feature = "cachekit")]
use crate::time::WallTime;

/// A frame that passed every check. Cloning it is a reference count.
#[derive(Clone)]
pub struct Frame {
    header: Header,
    stamps: Bytes,
    validator: Option<Validator>,
    payload: Bytes,
    /// It is a plain document of another cache.
    #[cfg(feature = "cachekit")]
    foreign: bool,
}

impl Frame {
    /// What another cache stored, as a frame: it says nothing of its life.
    #[cfg(feature = "cachekit")]
    pub(super) fn foreign(document: Bytes) -> Self {
        let (begin, end) = (WallTime(0), WallTime(u64::MAX));
        let deadlines = Deadlines { created: begin, fresh_until: end, stale_until: end };
        let envelope = Envelope { schema: 0, deadlines, version: 0, immutable: false };
        let header = Header::new(0, Some(Format::MessagePack), false, &envelope);
        Self { header, stamps: Bytes::new(), validator: None, payload: document, foreign: true }
    }

    /// The fixed header.
    #[must_use]
    pub fn header(&self) -> &Header {
        &self.header
    }

    /// Whether it remembers that there is no value.
    #[must_use]
    pub fn is_negative(&self) -> bool {
        self.header.negative
    }

    /// When it was stored and until when it lives.
    #[must_use]
    pub fn deadlines(&self) -> Deadlines {
        self.header.deadlines
    }

    /// The entry's version: of two frames of one key the higher one is newer.
    #[must_use]
    pub fn version(&self) -> u64 {
        self.header.version
    }

    /// The tags of the entry, with the tokens that they had before the value was loaded.
    pub fn stamps(&self) -> impl Iterator<Item = Stamp> {
        stamps::read(&self.stamps)
    }

    /// What tells its source which value this is.
    #[must_use]
    pub fn validator(&self) -> Option<&Validator> {
        self.validator.as_ref()
    }

    /// The value. Allocates what the value needs.
    ///
    /// # Errors
    /// [`Reason::Undecodable`] when the payload is not a `T`, when `T`'s `Deserialize` panics, or when the frame
    /// is negative; [`Reason::WrongFormat`] when it is in a format of its owner's.
    pub fn decode<T: DeserializeOwned>(&self) -> Result<T, Reason> {
        if self.header.negative {
            return Err(Reason::Undecodable);
        }
        #[cfg(feature = "cachekit")]
        if self.foreign {
            return super::interop::read(&self.payload).ok_or(Reason::Undecodable);
        }
        self.header.format.ok_or(Reason::WrongFormat)?.decode(&self.payload)
    }

    /// The value, as this format wrote it.
    ///
    /// # Errors
    /// As for [`Frame::decode`]; [`Reason::WrongFormat`] for every frame that a format of this name did not write.
    pub fn decode_as<F: CustomFormat, T: DeserializeOwned>(&self) -> Result<T, Reason> {
        match self.header.format {
            _ if self.header.negative => Err(Reason::Undecodable),
            Some(_) => Err(Reason::WrongFormat),
            None => custom::decode::<F, T>(&self.payload),
        }
    }
}

impl fmt::Debug for Frame {
    /// Never shows the value.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { header, payload, .. } = self;
        f.debug_struct("Frame").field("header", header).field("payload_bytes", &payload.len()).finish()
    }
}

/// The header of a frame of this version, **not verified**: nobody has looked at the checksum, the key or the
/// lengths. Good for "is it newer" and "has it expired" where a wrong answer costs a miss, for nothing else.
///
/// Reads the fixed header, whatever the size of the frame. `None` for anything that this build would not open.
#[must_use]
pub fn peek(bytes: &[u8]) -> Option<Header> {
    Header::read(bytes).ok()
}
