//! The stamp table under loom: every interleaving, and every reordering that the memory model allows.

mod sync {
    pub(super) use loom::sync::atomic::{AtomicU64, Ordering};
}

#[path = "table.rs"]
#[allow(
    dead_code,
    clippy::duplicate_mod,
    reason = "the model compiles the table a second time, with its own atomics"
)]
mod table;

use loom::sync::Arc;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use table::Table;

const CELL: u16 = 0;
const OLD: u64 = 1;
const NEW: u64 = 2;

/// A source, a far tier that holds its old value, and the stamp table between them.
struct World {
    source: AtomicU64,
    far: AtomicU64,
    table: Table,
}

impl World {
    fn new() -> Self {
        Self { source: AtomicU64::new(OLD), far: AtomicU64::new(OLD), table: Table::new(1) }
    }

    /// Loads through the far tier (0 is empty) or from the source; what is kept is the value with its birth.
    fn load(&self) -> (u64, u64) {
        let born = self.table.generation();
        let far = self.far.load(Ordering::Acquire);
        (if far == 0 { self.source.load(Ordering::Acquire) } else { far }, born)
    }

    /// Changes the source, then invalidates: bump, far delete, and a second bump unless it is left out.
    fn change(&self, second_bump: bool) {
        self.source.store(NEW, Ordering::Release);
        self.table.bump(CELL);
        self.far.store(0, Ordering::Release);
        if second_bump {
            self.table.bump(CELL);
        }
    }

    fn serves(&self, (value, born): (u64, u64)) -> Option<u64> {
        (self.table.last_bump(CELL) <= born).then_some(value)
    }
}

fn race(second_bump: bool) {
    loom::model(move || {
        let world = Arc::new(World::new());
        let loader = thread::spawn({
            let world = Arc::clone(&world);
            move || world.load()
        });
        world.change(second_bump);
        let entry = loader.join().unwrap();
        assert_ne!(world.serves(entry), Some(OLD), "an old value is served after the invalidation");
    });
}

#[test]
fn a_load_that_overlaps_an_invalidation_never_outlives_it() {
    race(true);
}

#[test]
#[should_panic(expected = "an old value is served after the invalidation")]
fn without_the_second_bump_the_model_finds_the_stale_value() {
    race(false);
}

/// A refresh that lands by a renewal while an invalidation goes on. Unchecked, it takes whatever generation it gets.
fn renewal(cells: usize, invalidated: u16, checked: bool) {
    loom::model(move || {
        let world = Arc::new(World { table: Table::new(cells), ..World::new() });
        let refresh = thread::spawn({
            let world = Arc::clone(&world);
            move || {
                let (value, born) = world.load();
                let others = (CELL + 1..u16::try_from(cells).unwrap()).collect::<Vec<_>>();
                let renewed = if checked {
                    world.table.renew(CELL, others, born)
                } else {
                    Some({
                        world.table.bump(CELL);
                        world.table.last_bump(CELL)
                    })
                };
                renewed.map(|born| (value, born))
            }
        });
        world.source.store(NEW, Ordering::Release);
        world.table.bump(invalidated);
        world.far.store(0, Ordering::Release);
        world.table.bump(invalidated);
        let entry = refresh.join().unwrap();
        let valid = |born| (0..cells).all(|cell| world.table.last_bump(u16::try_from(cell).unwrap()) <= born);
        let served = entry.filter(|(_, born)| valid(*born)).map(|(value, _)| value);
        assert_ne!(served, Some(OLD), "an old value is served after the invalidation");
    });
}

#[test]
fn a_renewal_never_survives_an_invalidation_of_its_key() {
    renewal(1, CELL, true);
}

#[test]
fn a_renewal_never_survives_an_invalidation_of_its_keyspace() {
    renewal(2, CELL + 1, true);
}

#[test]
#[should_panic(expected = "an old value is served after the invalidation")]
fn a_renewal_that_does_not_look_again_is_found_by_the_model() {
    renewal(1, CELL, false);
}

/// What a front does: it looks at a cell again only when something has moved since it found it valid.
#[test]
fn who_skips_cells_while_nothing_has_moved_never_misses_an_invalidation() {
    loom::model(|| {
        let table = Arc::new(Table::new(1));
        let ended = Arc::new(AtomicU64::new(0));
        let other = thread::spawn({
            let (table, ended) = (Arc::clone(&table), Arc::clone(&ended));
            move || {
                table.bump(CELL);
                ended.store(1, Ordering::Release);
            }
        });
        let seen = table.moves();
        let was_valid = table.last_bump(CELL) == 0;
        let has_ended = ended.load(Ordering::Acquire) == 1;
        let is_served = was_valid && table.moves() == seen;
        assert!(!(has_ended && is_served), "an old value is served after the invalidation");
        other.join().unwrap();
        assert!(!was_valid || table.moves() != seen);
    });
}

#[test]
fn two_invalidations_never_move_a_cell_backwards() {
    loom::model(|| {
        let table = Arc::new(Table::new(1));
        let other = thread::spawn({
            let table = Arc::clone(&table);
            move || table.bump(CELL)
        });
        let born = table.generation();
        table.bump(CELL);
        assert!(table.last_bump(CELL) > born);
        other.join().unwrap();
        assert_eq!(table.last_bump(CELL), table.generation());
    });
}
