//! What a read found.

use crate::port::near::Held;

/// A fresh entry, and where it was.
#[derive(Debug, Clone)]
pub(crate) enum Found {
    /// In the near tier.
    Near(Option<Held>),
    /// In a byte tier.
    Far(Option<Held>),
}

impl Found {
    /// The value; `None` when its absence is remembered.
    pub(crate) fn value(&self) -> Option<&Held> {
        match self {
            Self::Near(value) | Self::Far(value) => value.as_ref(),
        }
    }

    /// The value, taken out.
    pub(crate) fn into_value(self) -> Option<Held> {
        match self {
            Self::Near(value) | Self::Far(value) => value,
        }
    }
}
