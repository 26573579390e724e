//! Which entry, and where it lies.

use std::sync::Arc;

use cache_core::time::WallTime;

use super::segment::Segment;

/// The 128 bits that stand for a key.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) struct Fingerprint(u64, u64);

impl Fingerprint {
    /// Splits it, so that a slot needs no 16-byte alignment.
    pub(super) fn of(bits: u128) -> Self {
        let low = u64::try_from(bits & u128::from(u64::MAX)).unwrap_or(0);
        Self(low, u64::try_from(bits >> 64).unwrap_or(0))
    }

    /// From its two halves.
    pub(super) const fn of_halves(low: u64, high: u64) -> Self {
        Self(low, high)
    }

    /// The lower half.
    pub(super) fn low(self) -> u64 {
        self.0
    }

    /// The upper half.
    pub(super) fn high(self) -> u64 {
        self.1
    }

    /// One of `count` stripes.
    pub(super) fn stripe(self, count: usize) -> usize {
        usize::try_from(self.0 % count.max(1) as u64).unwrap_or(0)
    }
}

/// Where a record lies, and until when it holds.
#[derive(Debug, Clone)]
pub(super) struct Place {
    /// The file.
    pub(super) segment: Arc<Segment>,
    /// Where the record begins.
    pub(super) offset: u32,
    /// Its whole length, below 2 GiB.
    pub(super) length: u32,
    /// When its life ends.
    pub(super) deadline: WallTime,
}

impl Place {
    /// Whether both are the same record.
    pub(super) fn is(&self, other: &Self) -> bool {
        self.is_at(other.segment.id(), other.offset)
    }

    /// Whether the record lies here.
    pub(super) fn is_at(&self, segment: u32, offset: u32) -> bool {
        self.offset == offset && self.segment.id() == segment
    }

    /// Length for reading.
    pub(super) fn bytes(&self) -> usize {
        usize::try_from(self.length).unwrap_or(0)
    }
}
