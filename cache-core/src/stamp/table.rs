//! The generation counter and the cells. Compiled twice: for use, and for the model checker.

use super::sync::{AtomicU64, Ordering};

/// A fixed table of "last bump" generations.
///
/// Every write is a read-modify-write and every read acquires, so that a reader that saw the end of an
/// invalidation (through any lock, channel or socket) sees its bump.
#[derive(Debug)]
pub(super) struct Table {
    generation: AtomicU64,
    moves: Alone,
    cells: Box<[AtomicU64]>,
}

/// On a line of its own: every hit reads it.
#[derive(Debug)]
#[repr(align(128))]
struct Alone(AtomicU64);

impl Table {
    /// This many cells, at generation 0.
    pub(super) fn new(cells: usize) -> Self {
        Self {
            generation: AtomicU64::new(0),
            moves: Alone(AtomicU64::new(0)),
            cells: (0..cells).map(|_| AtomicU64::new(0)).collect(),
        }
    }

    /// The generation now.
    #[inline]
    pub(super) fn generation(&self) -> u64 {
        self.generation.load(Ordering::Acquire)
    }

    /// Begins a new generation.
    pub(super) fn next_generation(&self) -> u64 {
        self.generation.fetch_add(1, Ordering::AcqRel) + 1
    }

    /// Moves a cell to a new generation, for an invalidation. Never backwards, whoever comes last.
    ///
    /// A renewal that has taken a later number in this very moment, and has looked at this cell before it was moved, would
    /// survive: so who sees that the generation went on moves once more. (Whoever takes a number after that look finds
    /// the cell moved.)
    pub(super) fn bump(&self, cell: u16) {
        let (_, generation) = self.step(cell);
        // Read by writing, so that whoever takes a number afterwards sees the cell, whatever the memory model.
        if self.generation.fetch_add(0, Ordering::AcqRel) != generation {
            self.step(cell);
        }
        self.moved();
    }

    /// Moves a cell for a value that takes the place of an older one. The generation that it is born under; `None` when
    /// this cell or one of the others was moved since `born`, also in this very moment.
    pub(super) fn renew(&self, own: u16, others: impl IntoIterator<Item = u16>, born: u64) -> Option<u64> {
        let (before, generation) = self.step(own);
        self.moved();
        let untouched = before <= born && others.into_iter().all(|cell| self.last_bump(cell) <= born);
        untouched.then_some(generation)
    }

    /// The cell's generation before, and now.
    fn step(&self, cell: u16) -> (u64, u64) {
        let generation = self.next_generation();
        let before =
            self.cells.get(usize::from(cell)).map(|cell| cell.fetch_max(generation, Ordering::AcqRel));
        (before.unwrap_or(u64::MAX), generation)
    }

    /// How often anything has moved. Who sees this number unchanged has not missed the end of any move: what it found
    /// valid still is.
    #[inline]
    pub(super) fn moves(&self) -> u64 {
        self.moves.0.load(Ordering::Acquire)
    }

    /// Something has moved, and can be seen.
    pub(super) fn moved(&self) {
        self.moves.0.fetch_add(1, Ordering::AcqRel);
    }

    /// The generation of a cell's last bump. A cell outside the table always counts as just bumped.
    #[inline]
    pub(super) fn last_bump(&self, cell: u16) -> u64 {
        self.cells.get(usize::from(cell)).map_or(u64::MAX, |cell| cell.load(Ordering::Acquire))
    }
}
