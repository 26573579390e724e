//! A front answers only what the store would.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, LazyLock, mpsc};
use std::thread;

use cache_core::key::{CacheKey, Namespace, NearProbe, PartsProbe, SpaceName};
use cache_core::port::near::{HeldKind, NearEntry, NearMeta, NearStore, Times};
use cache_core::time::Tick;

use super::super::{Near, QuickNear};
use super::{ASK_AGAIN, FRONTS};

static USERS: LazyLock<SpaceName> = LazyLock::new(|| SpaceName::named("user", 0));

fn key(id: u64) -> CacheKey {
    CacheKey::of_parts(&Namespace::default(), &USERS, &(id, ()))
}

fn insert(near: &QuickNear, id: u64, value: &Arc<u64>, fresh_until: Tick) {
    let meta = NearMeta {
        fresh_until,
        times: Times::until(Tick(0), fresh_until),
        born: 0,
        cells: [0; 6],
        weight: 100,
        negative: false,
        only_here: false,
        kind: HeldKind::of::<u64>(),
    };
    near.insert(&key(id), NearEntry { value: value.clone(), meta }, Tick(0), &mut |_| {});
}

fn get(near: &QuickNear, id: u64) -> Option<u64> {
    let value = near.get(&PartsProbe::new(USERS.id(), &(id, ())), &mut |_| true)?;
    value.downcast_ref().copied()
}

/// Whether this thread's front has a copy that it would give.
fn is_fronted(near: &QuickNear, id: u64) -> bool {
    let parts = (id, ());
    let probe = PartsProbe::new(USERS.id(), &parts);
    let hash = key(id).near().hash();
    matches!(near.fronts.find(hash, &probe, &mut |_| true), super::Fronted::Found(Some(_)))
}

#[test]
fn a_hit_leaves_a_copy_that_answers_the_next_ones() {
    let near = Near::default().build().unwrap();
    insert(&near, 7, &Arc::new(70), Tick::NEVER);
    assert!(!is_fronted(&near, 7));
    assert_eq!(get(&near, 7), Some(70));
    assert!(is_fronted(&near, 7));
    let asked = (0..64).filter(|_| !is_fronted(&near, 7)).count();
    assert_eq!(asked, 64 / usize::from(ASK_AGAIN), "the store goes on seeing what is used");
}

#[test]
fn what_has_left_the_store_is_not_found_even_while_somebody_holds_the_value() {
    let near = Arc::new(Near::default().max_entries(1).build().unwrap());
    let (asks, asked) = mpsc::channel::<u64>();
    let (answers, answered) = mpsc::channel();
    let reader = near.clone();
    let reader = thread::spawn(move || asked.iter().for_each(|id| answers.send(get(&reader, id)).unwrap()));
    let elsewhere = |id: u64| {
        asks.send(id).unwrap();
        answered.recv().unwrap()
    };
    let held = Arc::new(70);
    for leave in [
        (|near: &QuickNear, _: &Arc<u64>| drop(near.remove(&key(7)))) as fn(&QuickNear, &Arc<u64>),
        |near, _| near.remove_where(&|_, _| true, &mut drop),
        |near, held| insert(near, 8, held, Tick::NEVER),
        |near, held| near.insert(&key(9), near_entry(held), Tick(5), &mut |_| {}),
    ] {
        insert(&near, 7, &held, Tick(4));
        assert_eq!([elsewhere(7), elsewhere(7), get(&near, 7)], [Some(70); 3]);
        leave(&near, &held);
        assert_eq!((elsewhere(7), get(&near, 7)), (None, None));
        near.remove_where(&|_, _| true, &mut drop);
    }
    drop(asks);
    reader.join().unwrap();
}

fn near_entry(value: &Arc<u64>) -> NearEntry {
    let meta = NearMeta {
        fresh_until: Tick::NEVER,
        times: Times::until(Tick(0), Tick::NEVER),
        born: 0,
        cells: [0; 6],
        weight: 100,
        negative: false,
        only_here: false,
        kind: HeldKind::of::<u64>(),
    };
    NearEntry { value: value.clone(), meta }
}

#[test]
fn a_copy_keeps_no_value_alive() {
    let near = Near::default().build().unwrap();
    let value = Arc::new(70);
    insert(&near, 7, &value, Tick::NEVER);
    assert_eq!((get(&near, 7), get(&near, 7)), (Some(70), Some(70)));
    let weak = Arc::downgrade(&value);
    drop(value);
    assert!(weak.upgrade().is_some());
    near.remove(&key(7));
    assert!(weak.upgrade().is_none());
}

#[test]
fn a_replaced_value_is_seen_by_every_thread_at_once() {
    let near = Near::default().build().unwrap();
    let published = AtomicU64::new(0);
    insert(&near, 7, &Arc::new(0), Tick::NEVER);
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                while published.load(Ordering::SeqCst) < 20_000 {
                    let least = published.load(Ordering::SeqCst);
                    assert!(get(&near, 7).unwrap() >= least);
                }
            });
        }
        for version in 1..=20_000 {
            insert(&near, 7, &Arc::new(version), Tick::NEVER);
            published.store(version, Ordering::SeqCst);
        }
    });
}

#[test]
fn what_a_thread_asks_for_through_its_front_stays_in_the_store() {
    let near = Near::default().max_entries(1_000).build().unwrap();
    insert(&near, 7, &Arc::new(70), Tick::NEVER);
    for flood in 1_000..20_000 {
        insert(&near, flood, &Arc::new(0), Tick::NEVER);
        assert_eq!((0..4).filter_map(|_| get(&near, 7)).count(), 4, "{flood}");
    }
}

#[test]
fn the_front_of_a_store_that_is_gone_ends() {
    for _ in 0..10 {
        let near = Near::mib(1).build().unwrap();
        insert(&near, 7, &Arc::new(70), Tick::NEVER);
        assert_eq!(get(&near, 7), Some(70));
    }
    assert!(FRONTS.with_borrow(|fronts| fronts.len()) <= 1);
}

#[test]
fn keys_that_share_a_set_are_told_apart() {
    let near = Near::mib(1).build().unwrap();
    (0..5_000).for_each(|id| insert(&near, id, &Arc::new(id), Tick::NEVER));
    for round in 0..4 {
        for id in 0..5_000 {
            let found = get(&near, id);
            assert!(found.is_none_or(|found| found == id), "{round}: {id} {found:?}");
        }
    }
}

#[test]
fn no_more_threads_have_fronts_than_twice_those_that_run_at_once_and_all_are_answered() {
    let near = Near::mib(1).build().unwrap();
    insert(&near, 7, &Arc::new(70), Tick::NEVER);
    let most = 2 * thread::available_parallelism().unwrap().get();
    for _ in 0..2 {
        let (ready, go) = (Barrier::new(most + 3), Barrier::new(most + 3));
        let fronted = AtomicU64::new(0);
        thread::scope(|scope| {
            let reads = || {
                assert_eq!(get(&near, 7), Some(70));
                ready.wait();
                fronted.fetch_add(u64::from(is_fronted(&near, 7)), Ordering::SeqCst);
                assert_eq!(get(&near, 7), Some(70));
                go.wait();
            };
            let threads: Vec<_> = (0..most + 3).map(|_| scope.spawn(reads)).collect();
            // A join waits for what ends with a thread; the end of a scope does not.
            threads.into_iter().for_each(|thread| thread.join().unwrap());
        });
        assert_eq!(fronted.into_inner(), most as u64, "a thread that ends gives its seat back");
    }
}
