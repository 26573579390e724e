//! The bounds of every document, before any of it is decoded: the scan of our own payloads, told apart more finely.

use super::Rejection;
use crate::codec::format::scan::{Fault, claimed, one_document};

/// Passes exactly one MessagePack document, nested at most 100 levels deep, that claims no more than is there. One walk
/// over the bytes; allocates nothing.
///
/// # Errors
/// `Depth`, `Overclaim` (all the slots that it claims are more than the bytes behind its first), `Incomplete`, `Marker`
/// or `Trailing`.
pub fn check_document(document: &[u8]) -> Result<(), Rejection> {
    one_document(document).map_err(|fault| match fault {
        Fault::Depth => Rejection::Depth,
        Fault::Marker => Rejection::Marker,
        Fault::Trailing => Rejection::Trailing,
        Fault::Beyond if claimed(document) > document.len().saturating_sub(1) as u64 => Rejection::Overclaim,
        Fault::Beyond => Rejection::Incomplete,
    })
}
