use std::sync::{Arc, Barrier};
use std::thread;

use super::set::ASK_AGAIN;
use super::{FRONTS, Fronted, Fronts};
use crate::key::{NearKey, NearProbe};
use crate::port::near::{Bounds, Held, HeldKind, NearEntry, NearMeta, Times};
use crate::time::Tick;

fn fronts(bytes: u64) -> Fronts {
    Fronts::new(Bounds { entries: 1_000, bytes })
}

fn key(id: u64) -> NearKey {
    NearKey::direct(&format!("user:{id}"))
}

fn entry(value: &Arc<u64>, negative: bool) -> NearEntry {
    let meta = NearMeta {
        fresh_until: Tick(100),
        times: Times::until(Tick(0), Tick(100)),
        born: 7,
        cells: [0; 6],
        weight: 100,
        negative,
        only_here: false,
        kind: HeldKind::of::<u64>(),
    };
    NearEntry { value: Arc::clone(value) as Held, meta, validator: None }
}

fn keep(fronts: &Fronts, id: u64, value: &Arc<u64>) {
    let key = key(id);
    fronts.keep(key.hash(), key.name().clone(), &entry(value, false), 3);
}

/// What a front says at a time, when stamps have moved so often and a copy holds or not.
fn ask(fronts: &Fronts, id: u64, moves: u64, now: u64, holds: bool) -> Result<u64, &'static str> {
    let is_timely = |deadline: Tick| Tick(now) < deadline;
    match fronts.find(&key(id), moves, is_timely, |judged, sweeps| holds && (judged.born, sweeps) == (7, 3)) {
        Fronted::Found(held, negative) => {
            assert!(!negative);
            Ok(*held.downcast_ref::<u64>().unwrap())
        }
        Fronted::Ask => Err("ask"),
        Fronted::Keep => Err("keep"),
    }
}

#[test]
fn a_copy_answers_until_its_deadline_and_some_hits_are_passed_on() {
    let (fronts, value) = (fronts(1 << 20), Arc::new(70));
    assert_eq!(ask(&fronts, 7, 0, 0, true), Err("keep"), "nobody has copied it");
    keep(&fronts, 7, &value);
    assert_eq!(ask(&fronts, 7, 0, 99, true), Ok(70));
    assert_eq!(ask(&fronts, 7, 0, 100, true), Err("keep"), "expired means now >= deadline");
    let asked = (0..256).filter(|_| ask(&fronts, 7, 0, 0, true) == Err("ask")).count();
    assert_eq!(asked, 256 / usize::from(ASK_AGAIN), "the store goes on seeing what is used");
    assert_eq!(ask(&fronts, 8, 0, 0, true), Err("keep"));
}

#[test]
fn stamps_are_looked_at_when_one_has_moved_and_only_then() {
    let (fronts, value) = (fronts(1 << 20), Arc::new(70));
    keep(&fronts, 7, &value);
    assert_eq!(
        ask(&fronts, 7, 5, 0, false),
        Err("keep"),
        "a new copy is not believed before it has been looked at"
    );
    assert_eq!(ask(&fronts, 7, 5, 0, true), Ok(70));
    assert_eq!(ask(&fronts, 7, 5, 0, false), Ok(70), "nothing has moved");
    assert_eq!(ask(&fronts, 7, 6, 0, false), Err("keep"), "something has");
    assert_eq!(ask(&fronts, 7, 6, 0, true), Ok(70));
}

#[test]
fn what_a_copy_remembers_of_absence_is_told() {
    let (fronts, key, nothing) = (fronts(1 << 20), key(7), Arc::new(0));
    fronts.keep(key.hash(), key.name().clone(), &entry(&nothing, true), 0);
    assert!(matches!(fronts.find(&key, 0, |_| true, |_, _| true), Fronted::Found(_, true)));
    keep(&fronts, 7, &nothing);
    assert!(matches!(fronts.find(&key, 0, |_| true, |_, _| true), Fronted::Found(_, false)));
}

#[test]
fn a_copy_keeps_no_value_alive() {
    let (fronts, value) = (fronts(1 << 20), Arc::new(70));
    keep(&fronts, 7, &value);
    assert_eq!(ask(&fronts, 7, 0, 0, true), Ok(70));
    assert_eq!(Arc::strong_count(&value), 1);
    drop(value);
    assert_eq!(ask(&fronts, 7, 0, 0, true), Err("keep"));
}

#[test]
fn keys_that_share_a_set_are_told_apart_and_what_is_used_stays() {
    let fronts = fronts(1);
    let values: Vec<_> = (0..500).map(Arc::new).collect();
    for id in 0..4 {
        keep(&fronts, id, &values[usize::try_from(id).unwrap()]);
    }
    let mut kept = 0;
    for (id, value) in (4..500).zip(&values[4..]) {
        for used in 0..4 {
            assert!(ask(&fronts, used, 0, 0, true) != Err("keep"), "{used} was driven out by {id}");
        }
        if ask(&fronts, id, 0, 0, true) == Err("keep") {
            kept += 1;
            fronts.keep(key(id).hash(), key(id).name().clone(), &entry(value, false), 3);
            assert_eq!(ask(&fronts, id, 0, 0, true), Ok(id));
        }
    }
    assert_eq!(kept, 0, "one set of four, all of them in use");
    for id in 4..500 {
        assert!(ask(&fronts, id, 0, 0, true).is_err(), "{id}");
    }
}

#[test]
fn a_store_that_holds_nothing_has_no_front() {
    let fronts = Fronts::new(Bounds { entries: 0, bytes: 0 });
    keep(&fronts, 7, &Arc::new(70));
    assert_eq!(ask(&fronts, 7, 0, 0, true), Err("ask"));
}

#[test]
fn the_front_of_a_manager_that_is_gone_ends() {
    for _ in 0..10 {
        let fronts = fronts(1 << 20);
        keep(&fronts, 7, &Arc::new(70));
    }
    assert_eq!(FRONTS.with_borrow(|fronts| fronts.len()), 1);
}

#[test]
fn no_more_threads_have_fronts_than_twice_those_that_run_at_once() {
    let fronts = fronts(1 << 20);
    let value = Arc::new(70);
    let most = 2 * thread::available_parallelism().unwrap().get();
    for _ in 0..2 {
        let go = Barrier::new(most + 3);
        let fronted = thread::scope(|scope| {
            let reads = || {
                keep(&fronts, 7, &value);
                let answer = ask(&fronts, 7, 0, 0, true);
                go.wait();
                usize::from(answer == Ok(70))
            };
            let threads: Vec<_> = (0..most + 3).map(|_| scope.spawn(reads)).collect();
            // A join waits for what ends with a thread; the end of a scope does not.
            threads.into_iter().map(|thread| thread.join().unwrap()).sum::<usize>()
        });
        assert_eq!(fronted, most, "a thread that ends gives its seat back");
    }
}
