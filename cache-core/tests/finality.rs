//! An invalidation is final, however it is interleaved with loads, promotions, outages and cancellations.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use cache_core::key::{CacheKey, SpaceName};
use cache_core::manager::CacheManager;
use cache_core::testkit::Verb;
use cache_core::time::Ttl;
use common::{faulty, near, over};
use tokio::sync::Notify;

/// The key of a cached function whose text a person can write as `user:7`.
fn of_function(cache: &CacheManager) -> CacheKey {
    CacheKey::of_parts(cache.namespace(), &SpaceName::named("user", 0), &(&7_u64, ()))
}

#[tokio::test]
async fn an_invalidation_by_text_reaches_the_load_of_a_function() {
    for _ in 0..8 {
        let cache = CacheManager::builder().near(near()).build().unwrap();
        let key = of_function(&cache);
        let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let load = tokio::spawn({
            let (cache, key, began, go) = (cache.clone(), key.clone(), Arc::clone(&began), Arc::clone(&go));
            async move {
                let loader = || async move {
                    began.notify_one();
                    go.notified().await;
                    Ok::<_, String>(1_u64)
                };
                cache.get_or_load(key, loader).await.unwrap()
            }
        });
        began.notified().await;
        let _ = cache.delete("user:7").await.unwrap();
        assert_eq!(cache.stats().loading, 0, "a reader could still join the older load");
        go.notify_one();
        assert_eq!(load.await.unwrap(), 1);
    }
}

#[tokio::test]
async fn an_invalidation_by_text_waits_for_the_landing_of_a_function() {
    for _ in 0..8 {
        let primary = faulty();
        let cache = over(&primary).build().unwrap();
        let key = of_function(&cache);
        let writing = primary.hold_before(Verb::Set);
        let load = tokio::spawn({
            let (cache, key) = (cache.clone(), key.clone());
            async move { cache.get_or_load(key, || async { Ok::<_, String>(1_u64) }).await.unwrap() }
        });
        writing.arrived().await;
        let delete = tokio::spawn({
            let cache = cache.clone();
            async move { cache.delete("user:7").await.unwrap() }
        });
        tokio::task::yield_now().await;
        writing.release();
        let _ = (load.await.unwrap(), delete.await.unwrap());
        assert_eq!(cache.get::<u64>("user:7").await.unwrap(), None, "the landing outlived the invalidation");
    }
}

#[tokio::test]
async fn an_invalidation_that_saw_the_fallback_is_not_lost_when_the_primary_comes_back_meanwhile() {
    let (primary, fallback) = (faulty(), faulty());
    let cache = over(&primary).fallback(Arc::clone(&fallback)).build().unwrap();
    let _ = cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    primary.down(true);
    let deleting = fallback.hold_before(Verb::Delete);
    let delete = tokio::spawn({
        let cache = cache.clone();
        async move { cache.delete("k").await.unwrap() }
    });
    deleting.arrived().await;
    primary.down(false);
    let _ = cache.get::<u64>("other").await.unwrap();
    assert!(!cache.health().on_fallback);
    deleting.release();
    let _ = delete.await.unwrap();
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
}

#[tokio::test]
async fn a_value_set_during_an_outage_is_not_followed_by_an_older_one() {
    let (primary, fallback) = (faulty(), faulty());
    let builder = CacheManager::builder().primary(Arc::clone(&primary)).fallback(Arc::clone(&fallback));
    let cache = builder.build().unwrap();
    let _ = cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    primary.down(true);
    let _ = cache.set("k", 2_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(cache.get::<u64>("k").await.unwrap(), Some(2));
    primary.down(false);
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None, "the fallback's value is dropped, the older one too");
}

#[tokio::test]
async fn a_copy_promoted_while_a_pattern_is_deleted_goes_too() {
    let primary = faulty();
    let cache = over(&primary).build().unwrap();
    let other = over(&primary).build().unwrap();
    let _ = other.set("user:7", 1_u64, Ttl::secs(60)).await.unwrap();
    let deleting = primary.hold_before(Verb::DeletePattern);
    let delete = tokio::spawn({
        let cache = cache.clone();
        async move { cache.delete_pattern("user:*").await.unwrap() }
    });
    deleting.arrived().await;
    assert_eq!(cache.get::<u64>("user:7").await.unwrap(), Some(1), "not deleted yet");
    deleting.release();
    assert_eq!(delete.await.unwrap().removed, 1);
    assert_eq!(cache.get::<u64>("user:7").await.unwrap(), None);
}
