//! What an invalidation did.

/// The outcome of a verb that removes entries.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
#[must_use = "says whether the work reached the primary or only its journal"]
pub struct Invalidated {
    /// How many entries were removed: exact for the tiers that could be reached.
    pub removed: u64,
    /// The primary could not be reached: it is quarantined until it has been told.
    pub journalled: bool,
}

impl Invalidated {
    /// This many entries are gone, everywhere.
    pub fn removed(removed: u64) -> Self {
        Self { removed, journalled: false }
    }

    /// The work is journalled.
    pub fn journalled() -> Self {
        Self { removed: 0, journalled: true }
    }

    /// Two invalidations as one.
    pub fn and(self, other: Self) -> Self {
        Self { removed: self.removed + other.removed, journalled: self.journalled || other.journalled }
    }
}
