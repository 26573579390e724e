//! Reading stored parts back, for comparison only.

/// A cursor over the parts of a stored key. Every read consumes what it returns; a read past the end is `None`.
#[derive(Clone, Copy)]
pub struct StoredParts<'a>(&'a [u8]);

impl std::fmt::Debug for StoredParts<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StoredParts({} bytes)", self.0.len())
    }
}

impl<'a> StoredParts<'a> {
    /// Begins at the first part.
    #[must_use]
    pub fn new(stored: &'a [u8]) -> Self {
        Self(stored)
    }

    /// Whether everything has been read.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The next `N` bytes.
    #[inline]
    pub fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (head, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*head)
    }

    /// The next length-prefixed bytes.
    #[inline]
    pub fn bytes(&mut self) -> Option<&'a [u8]> {
        let length = u64::from_le_bytes(self.take()?);
        let (head, rest) = self.0.split_at_checked(usize::try_from(length).ok()?)?;
        self.0 = rest;
        Some(head)
    }

    /// Whether the next byte is this tag (of an `Option` or an enum).
    #[inline]
    pub fn tag(&mut self, tag: u8) -> bool {
        self.take() == Some([tag])
    }

    /// Whether the next word is this number (a length, or the index of an enum's variant).
    #[inline]
    pub fn word(&mut self, word: u64) -> bool {
        self.take() == Some(word.to_le_bytes())
    }
}
