//! MessagePack: structs as maps with field names, enums by variant name.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Buffer;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Buffer) -> Result<(), String> {
    rmp_serde::encode::write_named(out, value).map_err(|error| error.to_string())
}

/// `from_slice` ignores trailing bytes; the scan before it does not.
pub(super) fn decode<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    rmp_serde::from_slice(payload).ok()
}
