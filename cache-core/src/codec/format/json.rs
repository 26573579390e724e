//! JSON, as `serde_json` spells it, without white space.

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::Buffer;

pub(super) fn encode<T: Serialize + ?Sized>(value: &T, out: &mut Buffer) -> Result<(), String> {
    serde_json::to_writer(out, value).map_err(|error| error.to_string())
}

/// Stops at 128 levels and refuses anything but white space behind the document.
pub(super) fn decode<T: DeserializeOwned>(payload: &[u8]) -> Option<T> {
    serde_json::from_slice(payload).ok()
}
