//! A stored form of the user's own.
//!
//! Promise: what one format wrote, no other reads. The payload begins with the name of its format, behind one byte of
//! length; a reader of another name, or of a form of ours, takes such an entry for one of another format: a miss. What the user's
//! code does here is what a user's `Serialize` may do: an error of it, and a panic, are answers like any other.

use std::any::type_name;
use std::error::Error as StdError;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{Buffer, unencodable};
use crate::entry::Reason;
use crate::error::Result;

/// The longest name of a format, in bytes.
const MAX_NAME: usize = 64;

/// A stored form of your own: another serialization crate, or one of larder's with other settings. A type without a value, for
/// `#[cached(format = my::Compact)]`, [`Keyspace::in_format`](crate::manager::Keyspace::in_format) and
/// [`GetOrLoad::in_format`](crate::manager::GetOrLoad::in_format).
///
/// ```
/// use std::io::Write;
/// use cache_core::codec::{CustomFormat, FormatError};
/// use serde::{Serialize, de::DeserializeOwned};
///
/// /// MessagePack without field names.
/// struct Compact;
///
/// impl CustomFormat for Compact {
///     const NAME: &'static str = "compact/1";
///
///     fn encode<T: Serialize>(value: &T, out: &mut impl Write) -> Result<(), FormatError> {
///         Ok(rmp_serde::encode::write(out, value)?)
///     }
///
///     fn decode<T: DeserializeOwned>(payload: &[u8]) -> Result<T, FormatError> {
///         Ok(rmp_serde::from_slice(payload)?)
///     }
/// }
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no stored form",
    label = "`format` takes \"msgpack\", \"json\", \"bincode\", or a type that implements `larder::CustomFormat`",
    note = "write `impl larder::CustomFormat for {Self}`: a name, how a value is encoded, and how it is decoded"
)]
pub trait CustomFormat: 'static {
    /// Its name in stored entries: 1 to 64 bytes, of this format alone. What could be misread as what an older release of it wrote needs
    /// another name (`"compact/2"`); entries of other names are misses. A length that does not fit does not compile.
    const NAME: &'static str;

    /// Writes a value. What is written beyond `max_entry_bytes` is counted, not kept: the value is then not stored.
    ///
    /// # Errors
    /// The value has no such form: it is not stored, and its text says why.
    fn encode<T: Serialize>(value: &T, out: &mut impl Write) -> std::result::Result<(), FormatError>;

    /// Reads a value that takes up all of `payload`, which is no longer than `max_entry_bytes` and is what [`encode`](Self::encode) wrote under this
    /// name, unless somebody else can write to the store: nothing has looked into it. A panic is caught; a stack that overflows, or memory that
    /// is reserved by a claim in it, is not.
    ///
    /// # Errors
    /// It holds none: the entry is removed, and the value loaded again.
    fn decode<T: DeserializeOwned>(payload: &[u8]) -> std::result::Result<T, FormatError>;
}

/// Why a value has no form, or a form no value: any error.
pub type FormatError = Box<dyn StdError + Send + Sync>;

/// The length of a name, which is part of every entry.
const fn length_of<F: CustomFormat>() -> u8 {
    let length = F::NAME.len();
    assert!(0 < length && length <= MAX_NAME, "the NAME of a `larder::CustomFormat` has 1 to 64 bytes");
    #[allow(clippy::cast_possible_truncation, reason = "at most 64")]
    let length = length as u8;
    length
}

pub(in crate::codec) fn encode<F: CustomFormat, T: Serialize>(value: &T, out: &mut Buffer) -> Result<()> {
    let written = catch_unwind(AssertUnwindSafe(|| {
        let named =
            out.write_all(&[const { length_of::<F>() }]).and_then(|()| out.write_all(F::NAME.as_bytes()));
        // What an error says of itself is its code too.
        named
            .map_err(FormatError::from)
            .and_then(|()| F::encode(value, out))
            .map_err(|error| error.to_string())
    }));
    match written {
        Ok(Ok(())) => Ok(()),
        Ok(Err(error)) => Err(unencodable::<T>(F::NAME, &error)),
        Err(_) => Err(unencodable::<T>(F::NAME, &format!("{} or its Serialize panicked", type_name::<F>()))),
    }
}

pub(in crate::codec) fn decode<F: CustomFormat, T: DeserializeOwned>(payload: &[u8]) -> Result<T, Reason> {
    let named = payload.strip_prefix(&[const { length_of::<F>() }]);
    let payload =
        named.and_then(|named| named.strip_prefix(F::NAME.as_bytes())).ok_or(Reason::WrongFormat)?;
    let read = catch_unwind(|| F::decode(payload).ok());
    read.ok().flatten().ok_or(Reason::Undecodable)
}
