//! Stamps: how an invalidation reaches what is being loaded at that very moment.
//!
//! Promise: a value whose load began before an invalidation is never served or stored after it, in this
//! process. A manager owns one [`Stamps`]: a generation counter and a fixed table of cells ([`table`], model
//! checked), a short memory of patterns ([`patterns`]), and the gate that orders landings with far deletes
//! ([`gate`]). The order of an invalidation is: bump, pass the gate, delete in the far tiers, bump again; the
//! second bump catches a load that began between the first one and the far delete and read the old far value.

mod gate;
mod patterns;
mod table;

#[cfg(test)]
mod model;
#[cfg(test)]
mod tests;

mod sync {
    pub(super) use std::sync::atomic::{AtomicU64, Ordering};
}

pub(crate) use gate::{Gate, Shared};

use crate::key::{CacheKey, KeyPattern, Namespace, SpaceId, TagId};
use patterns::PatternLog;
use sync::{AtomicU64, Ordering};
use table::Table;

/// The cells of one entry besides that of its namespace: its key's, its keyspace's, and those of its tags.
///
/// A slot that no tag needs repeats the key's cell, and so do all behind it. An entry of more tags than there are
/// slots has the cell of all tags in the last one.
pub(crate) type Cells = [u16; 6];

/// The generations of a manager.
#[derive(Debug)]
pub(crate) struct Stamps {
    table: Table,
    patterns: PatternLog,
    sweeps: AtomicU64,
    namespace: u16,
}

/// What an invalidation is about.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Scope<'a> {
    /// One entry.
    Key(&'a CacheKey),
    /// Some entries.
    Keys(&'a [CacheKey]),
    /// Every entry of a keyspace.
    Space(SpaceId),
    /// Every entry that a pattern matches.
    Pattern(&'a KeyPattern),
    /// Every entry of one of these tags.
    Tags(&'a [TagId]),
    /// Every entry of the manager.
    Everything,
}

impl Stamps {
    /// All cells at generation 0.
    #[must_use]
    pub(crate) fn new(namespace: &Namespace) -> Self {
        let namespace = mix(namespace.as_str().len() as u64, 3);
        Self {
            table: Table::new(CELLS),
            patterns: PatternLog::default(),
            sweeps: AtomicU64::new(0),
            namespace,
        }
    }

    /// The generation now. A load reads it before it reads anything else.
    #[inline]
    #[must_use]
    pub(crate) fn born(&self) -> u64 {
        self.table.generation()
    }

    /// The cells of a key with these tags. Two keys or tags may share one: that costs a miss, never a stale hit.
    #[must_use]
    pub(crate) fn cells(&self, key: &CacheKey, tags: &[TagId]) -> Cells {
        let (key, space) = (key_cell(key), space_cell(key.near().space()));
        let mut tags = tags.iter().map(|tag| tag_cell(*tag)).filter(|cell| *cell != key);
        let mut next = || tags.next().unwrap_or(key);
        let (first, second, third, last) = (next(), next(), next(), next());
        let more = tags.next().is_some();
        [key, space, first, second, third, if more { SOME_TAG } else { last }]
    }

    /// Whether what has these cells is overtaken by every invalidation of these tags.
    #[must_use]
    pub(crate) fn cover(&self, cells: &Cells, tags: &[TagId]) -> bool {
        tags.is_empty()
            || cells.iter().skip(2).any(|cell| *cell == SOME_TAG)
            || tags.iter().all(|tag| cells.contains(&tag_cell(*tag)))
    }

    /// The cell of a tag.
    pub(crate) fn tag_cell(&self, tag: TagId) -> u16 {
        tag_cell(tag)
    }

    /// Whether neither this tag nor the whole namespace was invalidated since `born`.
    pub(crate) fn tag_holds(&self, tag: TagId, born: u64) -> bool {
        let cell = if tag == TagId::ANY { SOME_TAG } else { tag_cell(tag) };
        self.table.last_bump(cell) <= born && self.table.last_bump(self.namespace) <= born
    }

    /// A generation that is newer than all before.
    pub(crate) fn next(&self) -> u64 {
        self.table.next_generation()
    }

    /// How often anything has moved: while that does not change, what was found valid still is.
    #[inline]
    #[must_use]
    pub(crate) fn moves(&self) -> u64 {
        self.table.moves()
    }

    /// How often entries that no cell covers have been removed by hand. Who copies one looks before.
    #[must_use]
    pub(crate) fn sweeps(&self) -> u64 {
        self.sweeps.load(Ordering::Acquire)
    }

    /// Entries that no cell covers have been removed by hand: copies of them are not believed any more.
    pub(crate) fn swept(&self) {
        self.sweeps.fetch_add(1, Ordering::AcqRel);
        self.table.moved();
    }

    /// Whether nothing that concerns these cells was invalidated since `born`. What a hit asks.
    #[inline]
    #[must_use]
    pub(crate) fn valid(&self, cells: &Cells, born: u64) -> bool {
        let untouched = |cell: u16| self.table.last_bump(cell) <= born;
        let [key, space, first, rest @ ..] = *cells;
        untouched(key)
            && untouched(space)
            && untouched(self.namespace)
            && (first == key || (untouched(first) && rest.iter().all(|tag| untouched(*tag))))
    }

    /// Whether none of the tags was invalidated since `born`, whatever else was.
    #[must_use]
    pub(crate) fn tags_hold(&self, cells: &Cells, born: u64) -> bool {
        let [key, _, tags @ ..] = cells;
        tags.iter().all(|tag| tag == key || self.table.last_bump(*tag) <= born)
    }

    /// [`Stamps::valid`], and no pattern matched the key since: what a landing asks.
    #[must_use]
    pub(crate) fn may_land(&self, key: &CacheKey, cells: &Cells, born: u64) -> bool {
        self.valid(cells, born) && !self.patterns.matched_since(key, born)
    }

    /// Overtakes what is held of a key, for a value that takes its place: whoever read the older one does not keep
    /// it. The generation that the new one is born under; `None` when the key was invalidated since `born`.
    pub(crate) fn renew(&self, key: &CacheKey, cells: &Cells, born: u64) -> Option<u64> {
        if !self.may_land(key, cells, born) {
            return None;
        }
        let own = key_cell(key);
        let others = cells.iter().chain([&self.namespace]).filter(|cell| **cell != own);
        self.table.renew(own, others.copied(), born)
    }

    /// Marks everything in scope that was born before now as overtaken.
    pub(crate) fn bump(&self, scope: Scope<'_>) {
        match scope {
            Scope::Key(key) => {
                self.table.bump(key_cell(key));
            }
            Scope::Keys(keys) => keys.iter().for_each(|key| {
                self.table.bump(key_cell(key));
            }),
            Scope::Space(space) => {
                self.table.bump(space_cell(space));
            }
            Scope::Everything => {
                self.table.bump(self.namespace);
            }
            Scope::Tags(tags) => {
                self.table.bump(SOME_TAG);
                tags.iter().for_each(|tag| {
                    self.table.bump(tag_cell(*tag));
                });
            }
            Scope::Pattern(pattern) => self.patterns.remember(self.table.next_generation(), pattern),
        }
    }
}

const CELLS: usize = 65_536;
/// Moves with every tag.
const SOME_TAG: u16 = 0;

fn key_cell(key: &CacheKey) -> u16 {
    let fingerprint = key.fingerprint().to_le_bytes();
    let low = fingerprint.first_chunk().map_or(0, |low| u64::from_le_bytes(*low));
    mix(low, 1)
}

fn space_cell(space: SpaceId) -> u16 {
    mix(space.0, 2)
}

fn tag_cell(tag: TagId) -> u16 {
    mix(tag.0, 4)
}

/// Spreads a number over the table.
fn mix(value: u64, kind: u64) -> u16 {
    let mixed = (value ^ kind.rotate_left(56)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    u16::try_from(mixed >> 48).unwrap_or(0)
}
