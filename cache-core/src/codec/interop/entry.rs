//! A whole entry under a key of another cache: the document of its value, sealed where its place is.

use bytes::Bytes;
use serde::Serialize;

use super::{check_document, plain};
use crate::codec::buffer::Buffer;
use crate::codec::seal::{NONCE_BYTES, Place, TAG_BYTES};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};

/// The bytes of a value, at most `limit`. `None`, the memory of an absence, has none.
pub(in crate::codec) fn write<T: Serialize + ?Sized>(
    place: &Place<'_>,
    value: Option<&T>,
    limit: usize,
) -> Result<Bytes> {
    let value = value.ok_or_else(|| unwritable("absence has no form in it"))?;
    let behind = if place.sealer.is_some() { NONCE_BYTES + TAG_BYTES } else { 0 };
    let mut document = Buffer::new(0, limit.saturating_sub(behind));
    plain::write_bounded(value, &mut document).map_err(|cause| unwritable(&cause))?;
    let clear = document.whole()?;
    match place.sealer {
        Some(sealer) => sealer.seal_shared(place.key.as_str(), clear).map(Bytes::from),
        None => Ok(document.into_bytes()),
    }
}

/// The document, which has passed the bounds. Zero copy, unless it was sealed.
pub(in crate::codec) fn open(place: &Place<'_>, bytes: &Bytes, limit: usize) -> Result<Bytes, Reason> {
    if bytes.len() > limit {
        return Err(Reason::TooLarge);
    }
    let document = match place.sealer {
        Some(sealer) => Bytes::from(sealer.open_shared(place.key.as_str(), bytes)?),
        None => bytes.clone(),
    };
    check_document(&document)?;
    Ok(document)
}

#[cold]
fn unwritable(cause: &str) -> Error {
    Error::new(ErrorKind::Encode, format!("the value cannot be stored for cachekit: {cause}"))
        .during("encode")
        .with_fix("mend its Serialize, or cache it without interop")
}
