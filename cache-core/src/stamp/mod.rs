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

mod sync {
    pub(super) use std::sync::atomic::{AtomicU64, Ordering};
}

pub(crate) use gate::Gate;

use crate::key::{CacheKey, KeyPattern, Namespace, SpaceId};
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

    /// The cells of a key. Two keys may share one: that costs a miss, never a stale hit.
    #[must_use]
    pub(crate) fn cells(&self, key: &CacheKey) -> Cells {
        let own = key_cell(key);
        [own, space_cell(key.near().space()), own, own, own, own]
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
            Scope::Pattern(pattern) => self.patterns.remember(self.table.next_generation(), pattern),
        }
    }
}

const CELLS: usize = 65_536;

fn key_cell(key: &CacheKey) -> u16 {
    let fingerprint = key.fingerprint().to_le_bytes();
    let low = fingerprint.first_chunk().map_or(0, |low| u64::from_le_bytes(*low));
    mix(low, 1)
}

fn space_cell(space: SpaceId) -> u16 {
    mix(space.0, 2)
}

/// Spreads a number over the table.
fn mix(value: u64, kind: u64) -> u16 {
    let mixed = (value ^ kind.rotate_left(56)).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    u16::try_from(mixed >> 48).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> CacheKey {
        CacheKey::direct(&Namespace::default(), text).unwrap()
    }

    #[test]
    fn an_invalidation_overtakes_what_was_born_before_it() {
        let stamps = Stamps::new(&Namespace::default());
        let (seven, eight) = (key("user:7"), key("user:8"));
        for scope in [Scope::Key(&seven), Scope::Everything, Scope::Space(SpaceId::DIRECT)] {
            let born = stamps.born();
            assert!(stamps.may_land(&seven, &stamps.cells(&seven), born));
            stamps.bump(scope);
            assert!(!stamps.may_land(&seven, &stamps.cells(&seven), born));
            assert!(stamps.may_land(&seven, &stamps.cells(&seven), stamps.born()));
            assert_eq!(stamps.may_land(&eight, &stamps.cells(&eight), born), matches!(scope, Scope::Key(_)));
        }
    }

    #[test]
    fn a_renewal_overtakes_what_is_held_unless_somebody_else_did_since() {
        let stamps = Stamps::new(&Namespace::default());
        let seven = key("user:7");
        let (cells, born) = (stamps.cells(&seven), stamps.born());
        let renewed = stamps.renew(&seven, &cells, born).unwrap();
        assert!(!stamps.valid(&cells, born) && stamps.valid(&cells, renewed));
        assert_eq!(stamps.renew(&seven, &cells, born), None, "an older load does not renew over a newer one");
        for scope in [Scope::Key(&seven), Scope::Space(SpaceId::DIRECT), Scope::Everything] {
            let born = stamps.born();
            stamps.bump(scope);
            assert_eq!(stamps.renew(&seven, &cells, born), None, "{scope:?}");
        }
        let born = stamps.born();
        let pattern = KeyPattern::parse("user:*").unwrap().within(&Namespace::default());
        stamps.bump(Scope::Pattern(&pattern));
        assert_eq!(stamps.renew(&seven, &cells, born), None);
    }

    #[test]
    fn a_pattern_overtakes_exactly_what_it_matches() {
        let stamps = Stamps::new(&Namespace::default());
        let born = stamps.born();
        let pattern = KeyPattern::parse("user:*").unwrap().within(&Namespace::default());
        stamps.bump(Scope::Pattern(&pattern));
        let (user, list) = (key("user:7"), key("list:7"));
        assert!(!stamps.may_land(&user, &stamps.cells(&user), born));
        assert!(stamps.may_land(&list, &stamps.cells(&list), born));
        assert!(stamps.may_land(&user, &stamps.cells(&user), stamps.born()));
    }
}
