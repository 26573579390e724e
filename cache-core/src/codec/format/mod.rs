//! How a value is spelled in the payload.
//!
//! Promise: a payload that passes [`Format::check`] can be handed to the type's `Deserialize` without a stack
//! overflow and without an allocation by a claimed length. [`scan`] is where that is shown for MessagePack;
//! `serde_json` has its own depth limit and no claimed lengths; bincode, which cannot be walked, is decoded within bounds; what a
//! format of the user's own ([`custom`]) bounds is up to it. Code of the user runs in here: a panic of it is an answer like any other.

#[cfg(feature = "bincode")]
mod bincode;
#[cfg(feature = "bincode")]
mod bounded;
pub(super) mod custom;
#[cfg(feature = "json")]
mod json;
mod msgpack;
pub(super) mod scan;

use std::any::type_name;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::buffer::Buffer;
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};

/// The format byte of a frame whose payload begins with the name of its format.
pub(super) const CUSTOM: u8 = 255;

/// The stored form of a value. A form of your own is a [`CustomFormat`](custom::CustomFormat), which is said with the type of the values.
#[derive(Default, Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Format {
    /// MessagePack with named fields: compact, and fields may be added, left out and reordered.
    #[default]
    MessagePack,
    /// JSON: readable by people and other languages. Maps need text keys.
    #[cfg(feature = "json")]
    Json,
    /// bincode 2: shortest and fastest, fields by position. The schema has to change with the type: what was written as
    /// another one is not always seen to be. Types that need to be asked what they are (`untagged`, `flatten`, a field that is
    /// sometimes left out) do not come back.
    #[cfg(feature = "bincode")]
    Bincode,
}

impl Format {
    /// A short, stable name: what the option `format = ".."` calls it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::MessagePack => "msgpack",
            #[cfg(feature = "json")]
            Self::Json => "json",
            #[cfg(feature = "bincode")]
            Self::Bincode => "bincode",
        }
    }

    /// The format byte of a frame. Never reused; that of a format of the user's own is [`CUSTOM`].
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::MessagePack => 1,
            #[cfg(feature = "json")]
            Self::Json => 2,
            #[cfg(feature = "bincode")]
            Self::Bincode => 3,
        }
    }

    /// The format of a frame, when this build reads it.
    pub(super) const fn of_code(code: u8) -> Option<Self> {
        match code {
            1 => Some(Self::MessagePack),
            #[cfg(feature = "json")]
            2 => Some(Self::Json),
            #[cfg(feature = "bincode")]
            3 => Some(Self::Bincode),
            _ => None,
        }
    }

    pub(super) fn encode<T: Serialize + ?Sized>(self, value: &T, out: &mut Buffer) -> Result<()> {
        let written = catch_unwind(AssertUnwindSafe(|| match self {
            Self::MessagePack => msgpack::encode(value, out),
            #[cfg(feature = "json")]
            Self::Json => json::encode(value, out),
            #[cfg(feature = "bincode")]
            Self::Bincode => bincode::encode(value, out),
        }));
        match written {
            Ok(Ok(())) => Ok(()),
            Ok(Err(cause)) => Err(unencodable::<T>(&format!("{self:?}"), &cause)),
            Err(_) => Err(unencodable::<T>(&format!("{self:?}"), "its Serialize panicked")),
        }
    }

    /// Everything that must hold before `decode`.
    pub(super) fn check(self, payload: &[u8]) -> Result<(), Reason> {
        match self {
            Self::MessagePack => Ok(scan::one_document(payload)?),
            #[cfg(feature = "json")]
            Self::Json => Ok(()),
            #[cfg(feature = "bincode")]
            Self::Bincode => Ok(()),
        }
    }

    /// The payload must have passed `check`.
    pub(super) fn decode<T: DeserializeOwned>(self, payload: &[u8]) -> Result<T, Reason> {
        let read = catch_unwind(|| match self {
            Self::MessagePack => msgpack::decode(payload),
            #[cfg(feature = "json")]
            Self::Json => json::decode(payload),
            #[cfg(feature = "bincode")]
            Self::Bincode => bincode::decode(payload),
        });
        read.ok().flatten().ok_or(Reason::Undecodable)
    }
}

fn unencodable<T: ?Sized>(format: &str, cause: &str) -> Error {
    Error::new(ErrorKind::Encode, format!("{} cannot be stored as {format}: {cause}", type_name::<T>()))
        .during("encode")
        .with_fix("mend its Serialize, choose another format, or keep it in the near tier only (local)")
}
