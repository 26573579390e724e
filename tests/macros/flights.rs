//! `single_flight = ".."`: who loads what many callers miss at once.

use std::sync::Arc;
use std::time::Duration;

use larder::testkit::MapBackend;
use larder::{CacheManager, cached};

use crate::fresh;

/// Two managers over one server.
fn two() -> [CacheManager; 2] {
    let server = Arc::new(MapBackend::shared());
    [0, 1].map(|_| CacheManager::builder().primary(Arc::clone(&server)).build().unwrap())
}

async fn slow() -> u64 {
    tokio::time::sleep(Duration::from_millis(50)).await;
    fresh()
}

#[cached(single_flight = "distributed", cache = cache, skip(cache))]
async fn one_of_all(cache: &CacheManager, id: u64) -> u64 {
    slow().await + id
}

#[cached(single_flight = "local", cache = cache, skip(cache))]
async fn one_of_each(cache: &CacheManager, id: u64) -> u64 {
    slow().await + id
}

#[cached(single_flight = "off", cache = cache, skip(cache))]
async fn every_caller(cache: &CacheManager, id: u64) -> u64 {
    slow().await + id
}

#[tokio::test(start_paused = true)]
async fn one_caller_of_all_processes_of_each_process_or_every_caller_loads() {
    let [a, b] = two();
    let (x, y, z) = tokio::join!(one_of_all(&a, 1), one_of_all(&a, 1), one_of_all(&b, 1));
    assert!(x == y && y == z);
    let (x, y, z) = tokio::join!(one_of_each(&a, 1), one_of_each(&a, 1), one_of_each(&b, 1));
    assert!(x == y && y != z);
    let (x, y, z) = tokio::join!(every_caller(&a, 1), every_caller(&a, 1), every_caller(&b, 1));
    assert!(x != y && y != z && x != z);
    assert_eq!((a.stats().loads, b.stats().loads), (4, 2));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_by_its_companion_is_not_stored_over_an_invalidation_by_another_process() {
    let [a, b] = two();
    one_of_each(&a, 2).await;
    let (_, removed) = tokio::join!(one_of_each_refresh(&a, 2), async {
        tokio::time::sleep(Duration::from_millis(10)).await;
        one_of_each_invalidate(&b, 2).await
    });
    assert_eq!(removed.unwrap().removed, 1);
    assert_eq!((one_of_each_peek(&a, 2).await, one_of_each_peek(&b, 2).await), (None, None));
    assert_eq!(a.stats().rejected, 1);
}
