//! Which copies a set holds, and which of them gives way.

pub(super) const WAYS: usize = 4;
/// Every so many hits of a set the store is asked instead.
pub(super) const ASK_AGAIN: u8 = 64;
/// Every so many misses of a full set a copy may be replaced: copying costs as much as a hit.
const REPLACE_AFTER: u8 = 16;
const FREE: u32 = 0;
const ALL: u8 = (1 << WAYS) - 1;

/// What a set holds, in one glance.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Set {
    tags: [u32; WAYS],
    /// A bit for each way.
    used: u8,
    negative: u8,
    hits: u8,
    misses: u8,
}

impl Set {
    /// The way that may hold the key with this hash.
    #[inline]
    pub(super) fn way(&self, hash: u64) -> Option<usize> {
        self.way_of(tag_of(hash))
    }

    #[inline]
    fn way_of(&self, tag: u32) -> Option<usize> {
        // Written out, since four comparisons in a row cost less than a vector of them.
        let [first, second, third, fourth] = self.tags;
        match tag {
            tag if tag == first => Some(0),
            tag if tag == second => Some(1),
            tag if tag == third => Some(2),
            tag if tag == fourth => Some(3),
            _ => None,
        }
    }

    /// Whether the copy remembers that there is no value.
    #[inline]
    pub(super) fn is_negative(&self, way: usize) -> bool {
        self.negative & (1 << way) != 0
    }

    /// Notes a hit; whether it is one that the store is to see.
    #[inline]
    pub(super) fn is_seen(&mut self, way: usize) -> bool {
        self.used |= 1 << way;
        self.hits = self.hits.wrapping_add(1);
        self.hits.is_multiple_of(ASK_AGAIN)
    }

    /// Notes a miss; whether what is not here is to be kept. A copy that was used since the last round stays.
    #[inline]
    pub(super) fn misses(&mut self) -> bool {
        if self.way_of(FREE).is_some() {
            return true;
        }
        self.misses = self.misses.wrapping_add(1);
        if !self.misses.is_multiple_of(REPLACE_AFTER) {
            return false;
        }
        let replace = self.used != ALL;
        self.used = if replace { self.used } else { 0 };
        replace
    }

    /// A way for a key: its own, a free one, or that of a copy that was not used.
    pub(super) fn give_place(&mut self, hash: u64, negative: bool) -> usize {
        let tag = tag_of(hash);
        let unused = || usize::try_from(self.used.trailing_ones()).unwrap_or(0);
        let way = self.way_of(tag).or_else(|| self.way_of(FREE)).unwrap_or_else(unused).min(WAYS - 1);
        if let Some(place) = self.tags.get_mut(way) {
            *place = tag;
        }
        self.used |= 1 << way;
        self.negative = (self.negative & !(1 << way)) | (u8::from(negative) << way);
        way
    }
}

#[inline]
fn tag_of(hash: u64) -> u32 {
    u32::try_from(hash & 0x00FF_FFFF).unwrap_or(0) | 0x0100_0000
}
