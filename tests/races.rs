//! Interleavings that go wrong one time in a million, held still: a primary stops a call where it hurts most.
#![allow(clippy::unwrap_used)]

use std::sync::Arc;
use std::time::Duration;

use larder::testkit::{FaultyBackend, MapBackend, Verb};
use larder::{CacheManager, Near, Ttl};

/// A primary that can be stopped, and a manager over it with a near tier.
fn stand() -> (Arc<FaultyBackend>, CacheManager) {
    let primary = FaultyBackend::new(Arc::new(MapBackend::new()));
    let cache = manager(&primary, Near::mib(1));
    (primary, cache)
}

/// Another process: the same primary, a near tier of its own.
fn manager(primary: &Arc<FaultyBackend>, near: Near) -> CacheManager {
    CacheManager::builder().near(near).primary(Arc::clone(primary)).jitter(0.0).build().unwrap()
}

#[tokio::test]
async fn a_read_between_the_stamp_and_the_far_delete_does_not_bring_the_old_value_back() {
    let (primary, cache) = stand();
    let _ = manager(&primary, Near::mib(1)).set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    let hold = primary.hold_before(Verb::Delete);
    let delete = tokio::spawn({
        let cache = cache.clone();
        async move { cache.delete("k").await.unwrap() }
    });
    hold.arrived().await;
    assert_eq!(cache.get::<u64>("k").await.unwrap(), Some(1), "the far tier still holds it");
    hold.release();
    assert_eq!(delete.await.unwrap().removed, 1);
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
}

#[tokio::test]
async fn a_far_read_that_an_invalidation_overtakes_is_not_promoted() {
    let (primary, cache) = stand();
    let _ = manager(&primary, Near::mib(1)).set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    let hold = primary.hold_after(Verb::Get);
    let read = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get::<u64>("k").await.unwrap() }
    });
    hold.arrived().await;
    let _ = cache.delete_pattern("k*").await.unwrap();
    hold.release();
    let _ = read.await.unwrap();
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
}

#[tokio::test]
async fn an_invalidation_waits_for_a_landing_that_has_looked_at_its_stamp() {
    let (primary, cache) = stand();
    let hold = primary.hold_before(Verb::Set);
    let load = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_load("k", || async { Ok::<_, String>(1_u64) }).await.unwrap() }
    });
    hold.arrived().await;
    let delete = tokio::spawn({
        let cache = cache.clone();
        async move { cache.delete("k").await.unwrap() }
    });
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(primary.calls(Verb::Delete), 0, "the delete would be overtaken by the write");
    hold.release();
    assert_eq!((load.await.unwrap(), delete.await.unwrap().removed), (1, 1));
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
    assert_eq!(manager(&primary, Near::mib(1)).get::<u64>("k").await.unwrap(), None);
}

#[tokio::test]
async fn two_sets_leave_one_winner_in_every_tier() {
    let (primary, cache) = stand();
    let hold = primary.hold_after(Verb::Set);
    let set = |value: u64| {
        let cache = cache.clone();
        tokio::spawn(async move { cache.set("k", value, Ttl::secs(60)).await.unwrap() })
    };
    let first = set(1);
    hold.arrived().await;
    let second = set(2);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert_eq!(primary.calls(Verb::Set), 1, "the second would pass the first between the tiers");
    hold.release();
    assert!(first.await.unwrap().is_stored() && second.await.unwrap().is_stored());
    let near = cache.get::<u64>("k").await.unwrap();
    assert_eq!((near, manager(&primary, Near::mib(1)).get::<u64>("k").await.unwrap()), (Some(2), Some(2)));
}

#[tokio::test]
async fn a_read_between_the_stamp_and_the_far_write_of_a_set_does_not_bring_the_old_value_back() {
    let (primary, cache) = stand();
    let _ = manager(&primary, Near::mib(1)).set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    let hold = primary.hold_before(Verb::Set);
    let set = tokio::spawn({
        let cache = cache.clone();
        async move { cache.set("k", 2_u64, Ttl::secs(60)).await.unwrap() }
    });
    hold.arrived().await;
    let read = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get::<u64>("k").await.unwrap() }
    });
    while primary.calls(Verb::Get) == 0 {
        tokio::task::yield_now().await;
    }
    hold.release();
    assert!(set.await.unwrap().is_stored());
    let _ = read.await.unwrap();
    assert_eq!(cache.get::<u64>("k").await.unwrap(), Some(2));
}

#[tokio::test]
async fn a_set_dropped_half_way_leaves_no_older_value() {
    let (primary, cache) = stand();
    let _ = cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    let hold = primary.hold_after(Verb::Set);
    let set = tokio::spawn({
        let cache = cache.clone();
        async move { cache.set("k", 2_u64, Ttl::secs(60)).await.unwrap() }
    });
    hold.arrived().await;
    set.abort();
    assert!(set.await.unwrap_err().is_cancelled());
    hold.release();
    for _ in 0..100 {
        assert_ne!(cache.get::<u64>("k").await.unwrap(), Some(1));
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_reader_after_an_invalidation_starts_a_load_of_its_own() {
    let (_, cache) = stand();
    let began = Arc::new(tokio::sync::Notify::new());
    let older = tokio::spawn({
        let (cache, began) = (cache.clone(), Arc::clone(&began));
        let never = || async move {
            began.notify_one();
            std::future::pending::<Result<u64, String>>().await
        };
        async move { cache.get_or_load("k", never).await }
    });
    began.notified().await;
    let _ = cache.delete("k").await.unwrap();
    let newer = cache.get_or_load("k", || async { Ok::<_, String>(2_u64) });
    let newer = tokio::time::timeout(Duration::from_secs(5), newer.into_future()).await;
    assert_eq!(newer.expect("it joined the older load").unwrap(), 2);
    older.abort();
}
