//! The validator of a frame: two bytes of length and a text, in front of the payload. Sealed where the payload is.

use bytes::{Buf, BufMut, Bytes};

use super::check::holds;
use super::{Header, Stamp};
use crate::entry::{Reason, Validator};

/// The bytes of its length.
const LENGTH_BYTES: usize = 2;

/// What a frame carries beside its value.
#[derive(Debug, Clone, Copy, Default)]
pub struct Beside<'a> {
    /// The tags of the entry, each with the token that it had before the value was loaded.
    pub stamps: &'a [Stamp],
    /// What tells its source which value this is.
    pub validator: Option<&'a Validator>,
}

/// The bytes that it takes.
pub(super) fn bytes(beside: Beside<'_>) -> usize {
    beside.validator.map_or(0, |validator| LENGTH_BYTES + validator.as_str().len())
}

/// Writes it.
pub(super) fn put(beside: Beside<'_>, mut room: &mut [u8]) {
    let Some(text) = beside.validator.map(Validator::as_str) else { return };
    if room.len() >= LENGTH_BYTES + text.len() {
        // Bounded by `Validator::MAX_BYTES`.
        room.put_u16_le(u16::try_from(text.len()).unwrap_or(u16::MAX));
        room.put_slice(text.as_bytes());
    }
}

/// Takes it off what is stored.
///
/// # Errors
/// `Malformed` when it is not whole, is no text, or belongs to no value; `Bounds` when it is longer than one may be.
pub(super) fn read(header: &Header, mut stored: Bytes) -> Result<(Option<Validator>, Bytes), Reason> {
    if !header.validated {
        return Ok((None, stored));
    }
    holds(!header.negative, Reason::Malformed)?;
    let length = usize::from(stored.try_get_u16_le().map_err(|_| Reason::Malformed)?);
    holds(length <= Validator::MAX_BYTES, Reason::Bounds)?;
    holds(length <= stored.len(), Reason::Malformed)?;
    let text = stored.split_to(length);
    let text = std::str::from_utf8(&text).map_err(|_| Reason::Malformed)?;
    Ok((Some(Validator::new(text).map_err(|_| Reason::Bounds)?), stored))
}
