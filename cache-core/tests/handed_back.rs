//! A detached load whose task ends before its body: its caller goes on with it, where it stands.

#![allow(clippy::unwrap_used)]

mod common;

use std::future::Future;
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::task::{Context, Waker};

use cache_core::manager::{CacheManager, LoadError};
use cache_core::port::spawn::{Spawner, Task};
use tokio::runtime::{Builder, Runtime};
use tokio::sync::Notify;
use tokio::task::yield_now;

/// Takes tasks, and runs none.
#[derive(Debug)]
struct Drops;

impl Spawner for Drops {
    fn spawn(&self, task: Task) -> bool {
        drop(task);
        true
    }
}

fn runtime() -> Runtime {
    Builder::new_current_thread().enable_all().build().unwrap()
}

type Call = Pin<Box<dyn Future<Output = Result<u64, LoadError<String>>> + Send>>;

/// A detached load that counts how often it begins and waits to be let go.
fn ask(cache: &CacheManager, runs: &Arc<AtomicU32>, go: &Arc<Notify>) -> Call {
    let (runs, go) = (Arc::clone(runs), Arc::clone(go));
    let loader = move || async move {
        let run = runs.fetch_add(1, Ordering::SeqCst);
        go.notified().await;
        Ok(7 + u64::from(run))
    };
    cache.get_or_load("report", loader).detach().into_future()
}

/// Polls a call once, as a task of this runtime, and lets its load begin or not.
fn begin(runtime: &Runtime, call: &mut Call, load_begins: bool) {
    runtime.block_on(async {
        let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        if load_begins {
            yield_now().await;
        }
    });
}

#[tokio::test]
async fn a_spawner_that_drops_its_tasks_leaves_the_load_to_its_caller() {
    let primary = common::faulty();
    let cache = common::over(&primary).spawner(Drops).build().unwrap();
    let value = cache.get_or_load("report", || async { Ok::<_, String>(7_u64) }).detach().await;
    assert_eq!((value.unwrap(), cache.stats().loads, cache.stats().detached), (7, 1, 0));
    assert_eq!(common::over(&primary).build().unwrap().get::<u64>("report").await.unwrap(), Some(7));
}

#[test]
fn a_load_goes_on_in_its_caller_when_its_runtime_is_shut_down() {
    for begun in [false, true] {
        let cache = CacheManager::builder().near(common::near()).build().unwrap();
        let (runs, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let (first, second) = (runtime(), runtime());
        let mut call = ask(&cache, &runs, &go);
        begin(&first, &mut call, begun);
        assert_eq!((runs.load(Ordering::SeqCst), cache.stats().detached), (u32::from(begun), 1));
        first.shutdown_background();
        let mut follower = ask(&cache, &runs, &go);
        let answers = second.block_on(async {
            let mut call = pin!(call);
            tokio::select! {
                biased;
                _ = &mut call => unreachable!("nobody let it go on"),
                _ = &mut follower => unreachable!("it follows"),
                () = yield_now() => {}
            }
            go.notify_one();
            tokio::join!(call, follower)
        });
        assert_eq!((answers.0.unwrap(), answers.1.unwrap()), (7, 7), "begun: {begun}");
        let stats = cache.stats();
        assert_eq!((stats.loads, stats.coalesced, stats.stored, stats.loading), (1, 1, 1, 0));
        assert_eq!(runs.load(Ordering::SeqCst), 1, "its body runs once, and goes on where it was");
    }
}

#[test]
fn a_load_that_nobody_waits_for_ends_with_its_runtime() {
    let cache = CacheManager::builder().near(common::near()).build().unwrap();
    let (runs, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let (first, second) = (runtime(), runtime());
    let mut call = ask(&cache, &runs, &go);
    begin(&first, &mut call, true);
    drop(call);
    first.shutdown_background();
    assert_eq!((Arc::strong_count(&runs), cache.stats().loading, cache.stats().detached), (1, 0, 0));
    go.notify_one();
    assert_eq!(second.block_on(ask(&cache, &runs, &go)).unwrap(), 8, "its key is free");
}
