//! Who is woken, and how often.

use std::future::poll_fn;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Wake, Waker};

use super::cell::{Cell, Waiter};
use crate::key::{CacheKey, Namespace};

fn cell() -> Arc<Cell<u32>> {
    Arc::new(Cell::new(CacheKey::direct(&Namespace::default(), "user:7").unwrap(), 0))
}

#[derive(Default)]
struct Woken(AtomicUsize);

impl Wake for Woken {
    fn wake(self: Arc<Self>) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }
}

#[test]
fn whoever_waits_is_woken_once_and_who_left_is_not() {
    let (cell, woken) = (cell(), Arc::new(Woken::default()));
    let waker = Waker::from(Arc::clone(&woken));
    let context = Context::from_waker(&waker);
    let mut waiters: Vec<_> = (0..4).map(|_| Waiter::new(Arc::clone(&cell))).collect();
    for waiter in &mut waiters {
        assert!(waiter.poll(&context).is_pending() && waiter.poll(&context).is_pending());
    }
    drop(waiters.remove(1));
    let mut late = Waiter::new(Arc::clone(&cell));
    assert!(late.poll(&context).is_pending());
    assert_eq!(cell.places(), 4, "the place of who left is used again");
    drop(late);
    cell.tell(7);
    cell.tell(8);
    assert_eq!(woken.0.load(Ordering::SeqCst), 3);
    assert!(waiters.iter_mut().all(|waiter| waiter.poll(&context).is_ready()));
    assert!(waiters.iter().all(|waiter| waiter.outcome() == Some(&7)));
}

#[test]
fn nobody_sleeps_through_the_outcome() {
    for _ in 0..200 {
        let cell = cell();
        let mut waiters: Vec<_> = (0..3).map(|_| Waiter::new(Arc::clone(&cell))).collect();
        std::thread::scope(|scope| {
            for waiter in &mut waiters {
                scope.spawn(|| {
                    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
                    runtime.block_on(poll_fn(|context| waiter.poll(context)));
                });
            }
            scope.spawn(|| cell.tell(1));
        });
        assert!(waiters.iter().all(|waiter| waiter.outcome() == Some(&1)));
    }
}
