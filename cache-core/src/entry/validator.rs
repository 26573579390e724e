//! What tells a source which of its values is held.

use std::sync::Arc;

use crate::error::{Error, ErrorKind, Result};

/// A short text by which a source tells whether its value has changed: an `ETag`, a revision, a `Last-Modified`. Stored
/// beside the value, shown to the loader that refreshes it, and never looked into. Cloning it is a reference count.
// One pointer wide, so that an entry without one is hardly larger.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Validator(Arc<String>);

impl Validator {
    /// The most bytes of one: 1 KiB.
    pub const MAX_BYTES: usize = 1_024;

    /// A validator of this text. Allocates.
    ///
    /// # Errors
    /// `TooLarge` beyond [`Validator::MAX_BYTES`].
    pub fn new(text: impl Into<String>) -> Result<Self> {
        let text = text.into();
        if text.len() <= Self::MAX_BYTES {
            return Ok(Self(Arc::new(text)));
        }
        let held = format!("the validator holds {} bytes, the most are {}", text.len(), Self::MAX_BYTES);
        Err(Error::new(ErrorKind::TooLarge, held)
            .with_fix("give what the source compares, such as its ETag, or a digest of it"))
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}
