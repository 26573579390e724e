//! The flight table under loom: every interleaving of those who lead, follow, leave, forget and take over.
//!
//! A follower that is never woken is a dead-lock here, and loom says so. Each model is as small as shows the race: loom tries
//! its schedules one by one, and their number grows with every step.

mod sync {
    pub(super) use loom::sync::atomic::{AtomicU64, Ordering};
    pub(super) use loom::sync::{Mutex, MutexGuard};

    /// What loom has none of: told once, and seen by whoever sees that it was told.
    #[derive(Debug)]
    pub(super) struct OnceLock<T> {
        is_told: loom::sync::atomic::AtomicBool,
        value: std::sync::OnceLock<T>,
    }

    impl<T> OnceLock<T> {
        pub(super) fn new() -> Self {
            Self { is_told: loom::sync::atomic::AtomicBool::new(false), value: std::sync::OnceLock::new() }
        }

        pub(super) fn get(&self) -> Option<&T> {
            if self.is_told.load(Ordering::Acquire) { self.value.get() } else { None }
        }

        pub(super) fn set(&self, value: T) -> Result<(), T> {
            self.value.set(value)?;
            self.is_told.store(true, Ordering::Release);
            Ok(())
        }
    }
}

#[path = "cell.rs"]
#[allow(dead_code, clippy::duplicate_mod, reason = "compiled a second time, with the model's own atomics")]
mod cell;
#[path = "table.rs"]
#[allow(dead_code, clippy::duplicate_mod, reason = "compiled a second time, with the model's own atomics")]
mod table;

use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Wake, Waker};

use loom::sync::Notify;
use loom::sync::atomic::{AtomicU64, Ordering};
use loom::thread;

use crate::key::{CacheKey, Namespace};
use table::{Flights, Follow, Lead, Seat};

type Table = Arc<Flights<u64>>;

fn key() -> CacheKey {
    CacheKey::direct(&Namespace::default(), "user:7").unwrap()
}

fn table() -> Table {
    Arc::new(Flights::default())
}

fn lead(flights: &Table) -> Lead<u64> {
    match flights.seat(&key()) {
        Seat::Lead(lead) => lead,
        Seat::Follow(_) => panic!("somebody else leads"),
    }
}

fn follow(flights: &Table) -> Follow<u64> {
    match flights.seat(&key()) {
        Seat::Lead(_) => panic!("nobody leads"),
        Seat::Follow(follow) => follow,
    }
}

/// A thread that sleeps until it is woken.
struct Sleeper(Notify);

impl Wake for Sleeper {
    fn wake(self: Arc<Self>) {
        self.0.notify();
    }
}

/// Waits on this thread.
fn outcome_of(mut follow: Follow<u64>) -> Option<u64> {
    let sleeper = Arc::new(Sleeper(Notify::new()));
    let waker = Waker::from(Arc::clone(&sleeper));
    let mut outcome = pin!(async move { follow.outcome().await.copied() });
    loop {
        match outcome.as_mut().poll(&mut Context::from_waker(&waker)) {
            Poll::Ready(outcome) => return outcome,
            Poll::Pending => sleeper.0.wait(),
        }
    }
}

/// Waits a moment, and goes away.
fn give_up(mut follow: Follow<u64>) {
    let mut outcome = pin!(follow.outcome());
    let _ = outcome.as_mut().poll(&mut Context::from_waker(Waker::noop()));
}

/// Asks until there is an answer, as a caller does; whoever leads counts itself in.
fn ask(flights: &Table, leading: &AtomicU64) -> u64 {
    loop {
        match flights.seat(&key()) {
            Seat::Lead(lead) => {
                assert_eq!(leading.fetch_add(1, Ordering::AcqRel), 0, "two lead at a time");
                lead.tell(8);
                leading.fetch_sub(1, Ordering::AcqRel);
                return 8;
            }
            Seat::Follow(follow) => {
                if let Some(outcome) = outcome_of(follow) {
                    return outcome;
                }
            }
        }
    }
}

/// Every schedule in which threads are stopped in the middle three times at most, where all of them are too many.
fn most_schedules(run: impl Fn() + Send + Sync + 'static) {
    let mut schedules = loom::model::Builder::new();
    schedules.preemption_bound = Some(3);
    schedules.check(run);
}

#[test]
fn whoever_follows_is_told_whenever_that_happens() {
    loom::model(|| {
        let flights = table();
        let leader = lead(&flights);
        let follower = follow(&flights);
        let waiting = thread::spawn(move || outcome_of(follower));
        leader.tell(7);
        drop(leader);
        assert_eq!((waiting.join().unwrap(), flights.len()), (Some(7), 0));
    });
}

#[test]
fn a_vacated_flight_wakes_all_and_one_of_them_leads() {
    most_schedules(|| {
        let (flights, leading) = (table(), Arc::new(AtomicU64::new(0)));
        let leader = lead(&flights);
        let asker = thread::spawn({
            let (flights, leading) = (Arc::clone(&flights), Arc::clone(&leading));
            move || ask(&flights, &leading)
        });
        drop(leader);
        assert_eq!((ask(&flights, &leading), asker.join().unwrap(), flights.len()), (8, 8, 0));
    });
}

#[test]
fn who_leaves_takes_no_one_elses_outcome_along() {
    most_schedules(|| {
        let flights = table();
        let leader = lead(&flights);
        let (stays, leaves) = (follow(&flights), follow(&flights));
        let staying = thread::spawn(move || outcome_of(stays));
        let leaving = thread::spawn(move || give_up(leaves));
        leader.tell(7);
        drop(leader);
        assert_eq!(staying.join().unwrap(), Some(7));
        leaving.join().unwrap();
        assert_eq!(flights.len(), 0);
    });
}

#[test]
fn when_the_last_one_has_left_nothing_is_left_and_the_key_is_free() {
    loom::model(|| {
        let flights = table();
        let leader = lead(&flights);
        let leaves = follow(&flights);
        let leaving = thread::spawn(move || give_up(leaves));
        drop(leader);
        leaving.join().unwrap();
        assert_eq!(flights.len(), 0);
        drop(lead(&flights));
    });
}

/// Who comes after an invalidation never gets what began before it, whatever its leader does meanwhile, and the end of
/// the overtaken flight does not end the one that has begun since.
#[test]
fn nobody_joins_what_an_invalidation_made_the_table_forget() {
    loom::model(|| {
        let flights = table();
        let overtaken = lead(&flights);
        let ending = thread::spawn(move || overtaken.tell(1));
        flights.forget(&key());
        let fresh = lead(&flights);
        let joined = follow(&flights);
        ending.join().unwrap();
        assert_eq!(flights.len(), 1, "the overtaken one has taken the fresh one out of the table");
        fresh.tell(2);
        drop(fresh);
        assert_eq!((outcome_of(joined), flights.len()), (Some(2), 0));
    });
}

/// A flight may become one of a group by whoever joins it; from then on an invalidation of the group finds it.
#[test]
fn who_joins_with_a_tag_is_found_by_the_invalidation_of_it() {
    loom::model(|| {
        let flights = table();
        let _leader = flights.seat_of(&key(), 0b01);
        let joining = thread::spawn({
            let flights = Arc::clone(&flights);
            move || drop(flights.seat_of(&key(), 0b10))
        });
        flights.forget_labelled(0b100);
        joining.join().unwrap();
        assert!(flights.is_loading(&key()), "another group");
        flights.forget_labelled(0b10);
        assert!(!flights.is_loading(&key()));
    });
}
