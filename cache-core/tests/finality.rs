//! An invalidation is final, however it is interleaved with loads, promotions, outages and cancellations.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;

use cache_core::entry::Reason;
use cache_core::key::{CacheKey, SpaceName};
use cache_core::manager::{CacheManager, Written};
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
    assert!(!cache.health_now().on_fallback);
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
    assert_eq!(
        cache.get::<u64>("k").await.unwrap(),
        None,
        "the fallback's value is dropped, the older one too"
    );
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

#[tokio::test]
async fn an_invalidation_whose_caller_went_away_is_done_all_the_same() {
    for (verb, pattern) in [(Verb::Delete, false), (Verb::DeletePattern, true)] {
        let primary = faulty();
        let cache = over(&primary).build().unwrap();
        let _ = cache.set("user:7", 1_u64, Ttl::secs(60)).await.unwrap();
        let deleting = primary.hold_before(verb);
        let delete = tokio::spawn({
            let cache = cache.clone();
            async move {
                let _ =
                    if pattern { cache.delete_pattern("user:*").await } else { cache.delete("user:7").await };
            }
        });
        deleting.arrived().await;
        delete.abort();
        assert!(delete.await.unwrap_err().is_cancelled());
        deleting.release();
        assert_eq!(cache.get::<u64>("user:7").await.unwrap(), None, "{verb:?}");
    }
}

#[tokio::test]
async fn a_recovery_waits_for_the_landing_that_its_invalidation_did_not_wait_for() {
    let primary = faulty();
    let cache = over(&primary).build().unwrap();
    let writing = primary.hold_before(Verb::Set);
    let load = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_load("k", || async { Ok::<_, String>(1_u64) }).await.unwrap() }
    });
    writing.arrived().await;
    let mut delete = Box::pin(cache.delete("k"));
    tokio::select! {
        biased;
        _ = &mut delete => unreachable!("the landing holds the gate"),
        () = tokio::task::yield_now() => {}
    }
    drop(delete);
    let read = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get::<u64>("k").await.unwrap() }
    });
    tokio::task::yield_now().await;
    writing.release();
    assert_eq!((load.await.unwrap(), read.await.unwrap()), (1, None));
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
}

#[tokio::test]
async fn a_set_whose_caller_went_away_leaves_no_older_value() {
    for written in [false, true] {
        let primary = faulty();
        let cache = over(&primary).build().unwrap();
        let _ = over(&primary).build().unwrap().set("k", 1_u64, Ttl::secs(60)).await.unwrap();
        let writing = primary.hold_before(Verb::Set);
        let set = tokio::spawn({
            let cache = cache.clone();
            async move { cache.set("k", 2_u64, Ttl::secs(60)).await }
        });
        writing.arrived().await;
        let reading = primary.hold_after(Verb::Get);
        let read = tokio::spawn({
            let cache = cache.clone();
            async move { cache.get::<u64>("k").await.unwrap() }
        });
        reading.arrived().await;
        if written {
            let answering = primary.hold_after(Verb::Set);
            writing.release();
            answering.arrived().await;
        }
        set.abort();
        assert!(set.await.unwrap_err().is_cancelled());
        reading.release();
        let _ = read.await.unwrap();
        assert_ne!(cache.get::<u64>("k").await.unwrap(), Some(1), "written: {written}");
    }
}

#[tokio::test]
async fn what_was_on_its_way_to_the_fallback_does_not_outlive_the_outage() {
    let (primary, fallback) = (faulty(), faulty());
    let builder = CacheManager::builder().primary(Arc::clone(&primary)).fallback(Arc::clone(&fallback));
    let cache = builder.build().unwrap();
    primary.down(true);
    let writing = fallback.hold_before(Verb::Set);
    let set = tokio::spawn({
        let cache = cache.clone();
        async move { cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap() }
    });
    writing.arrived().await;
    primary.down(false);
    let read = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get::<u64>("other").await.unwrap() }
    });
    tokio::task::yield_now().await;
    writing.release();
    let _ = (set.await.unwrap(), read.await.unwrap());
    let _ = cache.set("k", 2_u64, Ttl::secs(60)).await.unwrap();
    primary.down(true);
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None, "an older value than the last set is served");
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_tells_the_primary_what_it_missed_within_a_second_and_counts_the_rest() {
    for answers in [true, false] {
        let primary = common::faulty();
        let cache = common::over(&primary).build().unwrap();
        for key in ["a", "b", "c"] {
            assert!(cache.set(key, 1_u64, Ttl::secs(60)).await.unwrap().is_stored());
        }
        primary.down(true);
        assert!(cache.delete("a").await.unwrap().journalled && cache.delete("b").await.unwrap().journalled);
        primary.down(false);
        let held = (!answers).then(|| primary.hold_before(Verb::DeleteMany));
        let began = tokio::time::Instant::now();
        assert_eq!(cache.shutdown().await, if answers { 0 } else { 2 });
        assert!(began.elapsed() <= std::time::Duration::from_millis(1_100), "{:?}", began.elapsed());
        drop(held);
        let other = common::over(&primary).build().unwrap();
        let left = other.get::<u64>("a").await.unwrap();
        assert_eq!((left.is_none(), other.get::<u64>("c").await.unwrap()), (answers, Some(1)));
    }
}

#[tokio::test]
async fn a_load_that_outlives_the_cache_being_on_touches_no_tier() {
    let primary = faulty();
    let cache = over(&primary).build().unwrap();
    let (load, go) = common::load_that_waits(&cache, "k", 1_u64).await;
    cache.shutdown().await;
    primary.forget_calls();
    go.notify_one();
    assert_eq!(load.await.unwrap(), 1);
    assert_eq!(primary.total_calls(), 0, "a load that ended after the shutdown used a tier");
}

/// A value whose encoding panics.
#[derive(serde::Deserialize)]
struct Explosive;

impl serde::Serialize for Explosive {
    fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
        std::panic::resume_unwind(Box::new("it cannot be encoded"))
    }
}

#[tokio::test]
async fn a_value_whose_encoding_panics_is_rejected_and_leaves_nothing_older() {
    let primary = faulty();
    let cache = over(&primary).build().unwrap();
    let _ = cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    let written = cache.set("k", Explosive, Ttl::secs(60)).await.unwrap();
    assert_eq!(written, Written::Rejected(Reason::Unencodable));
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
}

/// A number whose decoding panics when it is 1.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
struct Fragile(u64);

impl<'de> serde::Deserialize<'de> for Fragile {
    fn deserialize<D: serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        match u64::deserialize(from)? {
            1 => std::panic::resume_unwind(Box::new("it cannot be decoded")),
            number => Ok(Self(number)),
        }
    }
}

#[tokio::test]
async fn a_value_whose_decoding_panics_is_loaded_again() {
    let primary = faulty();
    let _ = over(&primary).build().unwrap().set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    let cache = over(&primary).build().unwrap();
    let load = cache.get_or_load("k", || async { Ok::<_, String>(Fragile(2)) }).await;
    assert_eq!(load.unwrap(), Fragile(2));
}
