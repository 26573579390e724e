//! Loads that go on by themselves: they own their data, are bounded in number and in time, and end with the manager.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::{Builder, CacheManager, LoadError};
use cache_core::port::spawn::NoSpawner;
use tokio::sync::{Notify, oneshot};
use tokio::task::yield_now;

const SECOND: Duration = Duration::from_secs(1);

fn builder() -> Builder {
    CacheManager::builder().near(common::near()).jitter(0.0)
}

/// Asks for a key with a detached load that waits to be let go, and gives up as soon as it runs.
async fn give_up_on(cache: &CacheManager, key: &'static str) -> (Arc<Notify>, oneshot::Receiver<()>) {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let (dropped, is_dropped) = oneshot::channel();
    let call = tokio::spawn({
        let (cache, began, go) = (cache.clone(), Arc::clone(&began), Arc::clone(&go));
        async move {
            let loader = move || async move {
                let _dropped = dropped;
                began.notify_one();
                go.notified().await;
                Ok::<_, String>(7_u64)
            };
            cache.get_or_load(key, loader).detach().await
        }
    });
    began.notified().await;
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    (go, is_dropped)
}

async fn until(what: impl Fn() -> bool) {
    for _ in 0..10_000 {
        if what() {
            return;
        }
        yield_now().await;
    }
    assert!(what(), "it never comes");
}

#[tokio::test]
async fn a_caller_who_gives_up_never_wastes_a_detached_load() {
    let cache = builder().build().unwrap();
    let (go, _dropped) = give_up_on(&cache, "report").await;
    assert_eq!((cache.stats().detached, cache.stats().loading, cache.stats().abandoned), (1, 1, 1));
    go.notify_one();
    until(|| cache.stats().detached == 0).await;
    assert_eq!(cache.get::<u64>("report").await.unwrap(), Some(7));
    assert_eq!((cache.stats().loads, cache.stats().stored, cache.stats().loading), (1, 1, 0));
}

#[tokio::test]
async fn who_asks_meanwhile_joins_the_detached_load() {
    let cache = builder().build().unwrap();
    let (go, _dropped) = give_up_on(&cache, "report").await;
    let follower = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_load("report", || async { Err::<u64, _>("a second load") }).await }
    });
    yield_now().await;
    go.notify_one();
    assert_eq!(follower.await.unwrap().unwrap(), 7);
    assert_eq!((cache.stats().loads, cache.stats().coalesced), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_detached_load_is_ended_at_max_load_time_and_frees_its_key() {
    let cache = builder().build().unwrap();
    let (began, dropped) = (Arc::new(Notify::new()), Arc::new(()));
    let call = tokio::spawn({
        let (cache, began, held) = (cache.clone(), Arc::clone(&began), Arc::clone(&dropped));
        async move {
            let loader = move || async move {
                let _held = held;
                began.notify_one();
                std::future::pending::<Result<u64, String>>().await
            };
            cache.get_or_load("report", loader).max_load_time(SECOND).detach().await
        }
    });
    began.notified().await;
    call.abort();
    tokio::time::sleep(SECOND * 2).await;
    assert_eq!((cache.stats().detached, cache.stats().loading, Arc::strong_count(&dropped)), (0, 0, 1));
    assert_eq!(cache.get_or_load("report", || async { Ok::<_, String>(2_u64) }).await.unwrap(), 2);
}

#[tokio::test]
async fn detached_loads_are_bounded_in_number() {
    let cache = builder().max_detached_loads(2).build().unwrap();
    let (first, _a) = give_up_on(&cache, "one").await;
    let (_second, _b) = give_up_on(&cache, "two").await;
    let refused = cache.get_or_load("three", || async { Ok::<_, String>(3_u64) }).detach().await.unwrap_err();
    let LoadError::Cache(error) = refused else { panic!("a loader ran") };
    assert_eq!(error.kind(), ErrorKind::Overloaded);
    assert!(
        error.to_string().contains("2 detached loads") && error.to_string().contains("max_detached_loads")
    );
    assert_eq!((cache.stats().loads, cache.stats().loading), (2, 2), "the refused one keeps no key");
    first.notify_one();
    until(|| cache.stats().detached == 1).await;
    let three = cache.get_or_load("three", || async { Ok::<_, String>(3_u64) }).detach().await;
    assert_eq!(three.unwrap(), 3);
}

#[tokio::test]
async fn a_detached_load_that_nobody_waits_for_ends_with_the_manager() {
    let cache = builder().build().unwrap();
    let (_go, dropped) = give_up_on(&cache, "report").await;
    drop(cache);
    dropped.await.unwrap_err();
}

#[tokio::test]
async fn a_detached_load_that_nobody_waits_for_ends_at_shutdown_and_one_that_is_waited_for_does_not() {
    let cache = builder().build().unwrap();
    let (_go, dropped) = give_up_on(&cache, "forsaken").await;
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let call = tokio::spawn({
        let (cache, began, go) = (cache.clone(), Arc::clone(&began), Arc::clone(&go));
        async move {
            let loader = move || async move {
                began.notify_one();
                go.notified().await;
                Ok::<_, String>(7_u64)
            };
            cache.get_or_load("awaited", loader).detach().await
        }
    });
    began.notified().await;
    cache.shutdown().await;
    dropped.await.unwrap_err();
    go.notify_one();
    assert_eq!(call.await.unwrap().unwrap(), 7);
    assert_eq!(cache.stats().stored, 0);
}

#[tokio::test]
async fn with_nothing_to_run_it_on_a_detached_load_stays_with_its_caller() {
    let cache = builder().spawner(NoSpawner).build().unwrap();
    let value = cache.get_or_load("report", || async { Ok::<_, String>(7_u64) }).detach().await;
    assert_eq!((value.unwrap(), cache.stats().loads, cache.stats().detached), (7, 1, 0));
    assert_eq!(cache.get::<u64>("report").await.unwrap(), Some(7));
}

#[tokio::test]
async fn a_detached_load_that_panics_panics_in_its_caller_and_hands_over() {
    let cache = builder().build().unwrap();
    let runs = Arc::new(AtomicU32::new(0));
    let calls: Vec<_> = (0..3)
        .map(|_| {
            let (cache, runs) = (cache.clone(), Arc::clone(&runs));
            tokio::spawn(async move {
                let loader = move || async move {
                    yield_now().await;
                    assert_ne!(runs.fetch_add(1, Ordering::SeqCst), 0, "the first load panics on purpose");
                    Ok::<_, String>(7_u64)
                };
                cache.get_or_load("report", loader).detach().await.unwrap()
            })
        })
        .collect();
    let mut panics = 0;
    for call in calls {
        match call.await {
            Ok(value) => assert_eq!(value, 7),
            Err(error) => panics += u32::from(error.is_panic()),
        }
    }
    assert_eq!((panics, runs.load(Ordering::SeqCst), cache.stats().detached), (1, 2, 0));
}

#[tokio::test]
async fn a_detached_load_that_asks_for_its_own_key_does_not_wait_for_itself() {
    let cache = builder().build().unwrap();
    let inner = cache.clone();
    let loader = move || async move {
        let again = {
            let cache = inner.clone();
            move || async move {
                cache
                    .get_or_load("outer", || async { Ok::<_, String>(1_u64) })
                    .await
                    .map_err(|e| e.to_string())
            }
        };
        inner.get_or_load("inner", again).detach().await.map_err(|error| error.to_string())
    };
    assert_eq!(cache.get_or_load("outer", loader).await.unwrap(), 1);
    assert_eq!(cache.stats().loads, 3);
}
