//! The near store keeps its books.

use std::collections::HashMap;
use std::sync::{Arc, LazyLock, Weak};
use std::thread;

use cache_core::error::ErrorKind;
use cache_core::key::{CacheKey, Namespace, PartsProbe, SpaceName};
use cache_core::port::near::{HeldKind, NearEntry, NearMeta, NearStore, Times};
use cache_core::time::Tick;
use proptest::prelude::*;

use super::{Near, QuickNear};

static USERS: LazyLock<SpaceName> = LazyLock::new(|| SpaceName::named("user", 0));

fn key(id: u64) -> CacheKey {
    CacheKey::of_parts(&Namespace::default(), &USERS, &(id, ()))
}

fn entry(value: u64, weight: u32, fresh_until: Tick) -> NearEntry {
    NearEntry {
        validator: None,
        value: Arc::new(value),
        meta: NearMeta {
            fresh_until,
            times: Times::until(Tick(0), fresh_until),
            born: 0,
            cells: [0; 6],
            weight,
            negative: false,
            only_here: false,
            kind: HeldKind::of::<u64>(),
        },
    }
}

/// What is held, found as a hit finds it.
fn held(near: &QuickNear, id: u64) -> Option<u64> {
    let value = near.get(&PartsProbe::new(USERS.id(), &(id, ())), &mut |_| true)?;
    value.downcast_ref().copied()
}

fn insert(near: &QuickNear, key: &CacheKey, entry: NearEntry, now: Tick) {
    near.insert(key, entry, now, &mut |_| {});
}

fn put(near: &QuickNear, id: u64, weight: u32) {
    insert(near, &key(id), entry(id, weight, Tick::NEVER), Tick(0));
}

/// What the store holds, counted one by one.
fn counted(near: &QuickNear) -> (usize, u64) {
    let sums = std::cell::Cell::new((0, 0));
    let count = |_: &CacheKey, entry: &NearEntry| {
        let (len, weight) = sums.get();
        sums.set((len + 1, weight + u64::from(entry.meta.weight)));
        false
    };
    near.remove_where(&count, &mut drop);
    sums.get()
}

#[test]
fn an_entry_is_found_by_its_parts_and_only_by_them() {
    let near = Near::default().build().unwrap();
    put(&near, 7, 100);
    assert_eq!((held(&near, 7), held(&near, 8)), (Some(7), None));
    assert!(near.get(&PartsProbe::new(USERS.id(), &(7_u32, ())), &mut |_| true).is_none(), "another type");
    let posts = SpaceName::named("post", 0);
    assert!(
        near.get(&PartsProbe::new(posts.id(), &(7_u64, ())), &mut |_| true).is_none(),
        "another keyspace"
    );
    assert_eq!((near.len(), near.weight(), near.is_empty()), (1, 100, false));
    assert!(near.remove(&key(8)).is_none());
    assert!(near.remove(&key(7)).is_some() && near.is_empty() && near.weight() == 0);
}

#[test]
fn a_flood_stays_within_both_bounds() {
    let near = Near::mib(1).max_entries(10_000).build().unwrap();
    for (round, weight) in [(0, 10), (1, 1_000), (2, 100)] {
        for id in 0..350_000 {
            put(&near, round * 350_000 + id, weight);
            assert!(id % 256 != 0 || near.len() <= 10_000 && near.weight() <= 1 << 20, "{near:?}");
        }
        let possible = u64::min(10_000, (1 << 20) / u64::from(weight));
        assert!(near.len() as u64 > possible * 9 / 10, "{near:?} has room for {possible}");
        assert_eq!(counted(&near), (near.len(), near.weight()));
    }
}

#[test]
fn few_entries_are_as_many_as_were_asked_for() {
    for bound in [1, 2, 3, 7, 8, 10, 31, 100] {
        let near = Near::default().max_entries(bound).build().unwrap();
        (0..1_000).for_each(|id| put(&near, id, 100));
        assert_eq!(near.len() as u64, bound);
    }
}

#[test]
fn an_entry_takes_at_most_an_eighth_and_leaves_nothing_older() {
    let near = Near::bytes(80_000).max_entries(100).build().unwrap();
    put(&near, 7, 10_000);
    assert_eq!((held(&near, 7), near.weight()), (Some(7), 10_000));
    put(&near, 7, 10_001);
    assert_eq!((held(&near, 7), near.weight(), near.len()), (None, 0, 0));

    let sharded = Near::mib(64).build().unwrap();
    put(&sharded, 7, 8_000_000);
    assert_eq!(held(&sharded, 7), Some(7));
    insert(&near, &key(7), entry(7, u32::MAX, Tick(5)), Tick(0));
    assert!(near.is_empty() && near.deadlines.len() == 0);
}

#[test]
fn the_expired_are_given_back_without_being_read() {
    let near = Near::default().build().unwrap();
    for id in 0..100 {
        insert(&near, &key(id), entry(id, 100, Tick(1_000)), Tick(0));
    }
    insert(&near, &key(1_000), entry(0, 1, Tick::NEVER), Tick(999));
    assert_eq!((near.len(), near.weight()), (101, 10_001), "nothing has ended yet");
    for id in 1_001..1_026 {
        insert(&near, &key(id), entry(0, 1, Tick::NEVER), Tick(1_000));
    }
    assert_eq!((near.len(), near.weight(), near.deadlines.len()), (26, 26, 0));
}

#[test]
fn the_expired_go_before_the_living() {
    let near = Near::default().max_entries(100).build().unwrap();
    (0..60).for_each(|id| insert(&near, &key(id), entry(id, 1, Tick::NEVER), Tick(0)));
    (60..100).for_each(|id| insert(&near, &key(id), entry(id, 1, Tick(10)), Tick(0)));
    (100..140).for_each(|id| insert(&near, &key(id), entry(id, 1, Tick::NEVER), Tick(10)));
    let living = (0..60).chain(100..140).filter(|id| held(&near, *id).is_some());
    assert_eq!(living.count(), 100);
}

#[test]
fn an_overwrite_is_not_swept_by_the_older_deadline() {
    let near = Near::default().build().unwrap();
    for later in [Tick(2_000), Tick::NEVER] {
        insert(&near, &key(7), entry(1, 100, Tick(1_000)), Tick(0));
        insert(&near, &key(7), entry(2, 50, later), Tick(0));
        insert(&near, &key(8), entry(8, 1, Tick::NEVER), Tick(1_500));
        assert_eq!((held(&near, 7), near.weight()), (Some(2), 51));
    }
    insert(&near, &key(9), entry(1, 100, Tick(3_000)), Tick(0));
    insert(&near, &key(9), entry(2, 100, Tick(3_000)), Tick(0));
    assert_eq!(near.deadlines.len(), 1, "one deadline");
    insert(&near, &key(8), entry(8, 1, Tick::NEVER), Tick(3_000));
    assert_eq!((held(&near, 9), near.deadlines.len()), (None, 0));
}

#[test]
fn as_many_deadlines_are_listed_as_entries_are_held() {
    let near = Near::default().max_entries(1_000).build().unwrap();
    for round in 0..60_000_u64 {
        let deadline = Tick((1 << 40) + ((round * 7_919 % 64) << 27));
        insert(&near, &key(round % 2_500), entry(round, 100, deadline), Tick(round));
        assert_eq!(near.deadlines.len(), near.len());
    }
    near.remove_where(&|_, entry| (entry.meta.fresh_until.0 >> 27) & 1 != 0, &mut drop);
    assert_eq!((near.deadlines.len(), counted(&near)), (near.len(), (near.len(), near.weight())));
    let held = near.len();
    assert!(held > 100);
    for id in 0..=held as u64 / 8 + 2 {
        insert(&near, &key((1 << 40) | (id % 2)), entry(id, 1, Tick::NEVER), Tick(1 << 50));
    }
    assert_eq!((near.len(), near.deadlines.len()), (2, 0), "eight per insert, until none is left");
}

#[test]
fn replacing_is_atomic_for_readers() {
    let near = Near::default().build().unwrap();
    put(&near, 7, 100);
    thread::scope(|scope| {
        let writer = scope.spawn(|| (0..20_000).for_each(|_| put(&near, 7, 100)));
        while !writer.is_finished() {
            assert_eq!(held(&near, 7), Some(7));
        }
    });
    assert_eq!((near.len(), near.weight()), (1, 100));
}

#[test]
fn many_threads_leave_the_books_right() {
    let near = Near::mib(1).max_entries(500).build().unwrap();
    thread::scope(|scope| {
        for thread in 0..4_u64 {
            let near = &near;
            scope.spawn(move || {
                for step in 0..10_000_u64 {
                    let id = (step * 7 + thread * 13) % 900;
                    match step % 11 {
                        0 => drop(near.remove(&key(id))),
                        1..=5 => insert(near, &key(id), entry(id, 50, Tick(step + 1 + id)), Tick(step)),
                        _ => assert!(held(near, id).is_none_or(|value| value == id)),
                    }
                }
                near.remove_where(&|_, entry| entry.meta.fresh_until.0 % 3 == 0, &mut drop);
            });
        }
    });
    assert_eq!(counted(&near), (near.len(), near.weight()));
    assert_eq!(near.deadlines.len(), near.len());
}

/// Uses the store when it is dropped, as a user's value may.
struct Visitor(Weak<QuickNear>);

impl Drop for Visitor {
    fn drop(&mut self) {
        if let Some(near) = self.0.upgrade() {
            near.remove(&key(1));
            put(&near, 1, 1);
        }
    }
}

#[test]
fn values_are_dropped_outside_all_locks() {
    let near = Arc::new(Near::default().max_entries(4).build().unwrap());
    let visitor = || NearEntry { value: Arc::new(Visitor(Arc::downgrade(&near))), ..entry(0, 1, Tick(9)) };
    for id in 10..30 {
        insert(&near, &key(id), visitor(), Tick(0));
    }
    insert(&near, &key(30), visitor(), Tick(0));
    insert(&near, &key(30), visitor(), Tick(0));
    insert(&near, &key(31), visitor(), Tick(9));
    near.remove_where(&|_, _| true, &mut drop);
    insert(&near, &key(32), visitor(), Tick(0));
    drop(near.remove(&key(32)));
    assert_eq!(counted(&near), (near.len(), near.weight()));
}

#[test]
fn a_wrong_bound_is_named() {
    for (near, named) in [
        (Near::bytes(0), "near.max_bytes holds 0"),
        (Near::mib(u64::MAX), "near.max_bytes holds 18446744073709551615"),
        (Near::default().max_entries(0), "near.max_entries holds 0"),
    ] {
        let error = near.build().unwrap_err();
        assert!(error.kind() == ErrorKind::Config && error.to_string().starts_with(named), "{error}");
    }
    assert_eq!(Near::default(), Near::mib(64).max_entries(100_000));
}

#[derive(Debug, Clone)]
enum Step {
    Insert(u64, u32, u64),
    Remove(u64),
    RetainBelow(u32),
}

fn steps() -> impl Strategy<Value = Vec<Step>> {
    let step = prop_oneof![
        6 => (0..40_u64, 1..1_000_u32, 500..1_000_u64).prop_map(|(id, weight, end)| Step::Insert(id, weight, end)),
        3 => (0..40_u64).prop_map(Step::Remove),
        1 => (0..1_000_u32).prop_map(Step::RetainBelow),
    ];
    proptest::collection::vec(step, 0..200)
}

proptest! {
    #[test]
    fn without_pressure_the_store_is_a_map(steps in steps()) {
        let near = Near::default().build().unwrap();
        let mut model = HashMap::new();
        for step in steps {
            match step {
                Step::Insert(id, weight, end) => {
                    insert(&near, &key(id), entry(id, weight, Tick(end)), Tick(0));
                    model.insert(id, weight);
                }
                Step::Remove(id) => prop_assert_eq!(near.remove(&key(id)).is_some(), model.remove(&id).is_some()),
                Step::RetainBelow(bound) => {
                    near.remove_where(&|_, entry| entry.meta.weight >= bound, &mut drop);
                    model.retain(|_, weight| *weight < bound);
                }
            }
            prop_assert_eq!(near.len(), model.len());
            prop_assert_eq!(near.weight(), model.values().map(|weight| u64::from(*weight)).sum::<u64>());
            prop_assert_eq!(near.deadlines.len(), model.len());
        }
        for id in 0..40 {
            prop_assert_eq!(held(&near, id).is_some(), model.contains_key(&id));
        }
    }
}
