//! An invalidation is final: nothing that was computed before it comes back, in any tier.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::Stand;
use larder::{CacheManager, Invalidated, KeyPattern, Ttl};
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// The ways to remove `user:7`, and nothing else that these tests store.
async fn remove(cache: &CacheManager, how: &str) -> Invalidated {
    match how {
        "key" => cache.delete("user:7").await,
        "keys" => cache.delete_many(["user:7", "user:8"]).await,
        "pattern" => cache.delete_pattern("user:*").await,
        "entity" => cache.delete_pattern(KeyPattern::for_user(7).unwrap()).await,
        "expire" => cache.expire("user:7").await,
        "all" => cache.clear().await,
        other => panic!("no way to remove is called {other}"),
    }
    .unwrap()
}

const WAYS: [&str; 6] = ["key", "keys", "pattern", "entity", "expire", "all"];

async fn assert_nowhere(stand: &Stand, how: &str) {
    let context = format!("{} {how}", stand.name);
    assert_eq!(stand.cache.get::<u64>("user:7").await.unwrap(), None, "{context}");
    assert!(!stand.cache.exists("user:7").await.unwrap(), "{context}");
    if let Some(backend) = &stand.backend {
        let key = larder::IntoKey::into_key("user:7", stand.cache.namespace()).unwrap();
        assert_eq!(backend.get(&key).await.unwrap(), None, "{context}");
    }
}

/// A load of `user:7` that has read its source (1) and waits to be let go.
async fn load_that_waits(cache: &CacheManager) -> (JoinHandle<u64>, Arc<Notify>) {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let load = tokio::spawn({
        let (cache, began, go) = (cache.clone(), Arc::clone(&began), Arc::clone(&go));
        async move {
            let loader = || async move {
                began.notify_one();
                go.notified().await;
                Ok::<_, String>(1_u64)
            };
            cache.get_or_load("user:7", loader).await.unwrap()
        }
    });
    began.notified().await;
    (load, go)
}

#[tokio::test]
async fn a_value_loaded_across_an_invalidation_is_handed_out_and_stored_nowhere() {
    for stand in common::all() {
        for how in WAYS {
            let (load, go) = load_that_waits(&stand.cache).await;
            let _ = remove(&stand.cache, how).await;
            let newer = stand.cache.get_or_load("user:7", || async { Ok::<_, String>(2_u64) }).await.unwrap();
            assert_eq!(
                newer, 2,
                "{} {how}: a reader after the invalidation joined the older load",
                stand.name
            );
            let _ = remove(&stand.cache, how).await;
            go.notify_one();
            assert_eq!(load.await.unwrap(), 1, "{} {how}", stand.name);
            assert_nowhere(&stand, how).await;
        }
    }
}

#[tokio::test]
async fn a_set_during_a_load_wins() {
    for stand in common::all() {
        let (load, go) = load_that_waits(&stand.cache).await;
        assert!(stand.cache.set("user:7", 2_u64, Ttl::secs(60)).await.unwrap().is_stored());
        go.notify_one();
        assert_eq!(load.await.unwrap(), 1);
        assert_eq!(stand.cache.get::<u64>("user:7").await.unwrap(), Some(2), "{}", stand.name);
    }
}

#[tokio::test]
async fn every_way_to_remove_counts_what_was_there() {
    for stand in common::all() {
        for how in WAYS {
            let _ = stand.cache.set("user:7", 1_u64, Ttl::secs(60)).await.unwrap();
            let removed = remove(&stand.cache, how).await;
            assert_eq!((removed.removed, removed.journalled), (1, false), "{} {how}", stand.name);
            assert_nowhere(&stand, how).await;
            assert_eq!(remove(&stand.cache, how).await.removed, 0, "{} {how}", stand.name);
        }
    }
}

/// A manager with nothing but a byte tier, whose values may answer for a minute after their life.
fn forgiving(stand: &Stand) -> CacheManager {
    let policy = larder::Policy::new().stale_if_error(Duration::from_secs(60));
    let builder = CacheManager::builder().primary(Arc::clone(stand.backend.as_ref().unwrap()));
    builder.policy(policy).build().unwrap()
}

#[tokio::test]
async fn what_was_expired_answers_in_place_of_an_error_from_every_byte_tier_and_what_was_deleted_does_not() {
    for stand in common::with_byte_tiers() {
        let broken = || async { Err::<u64, _>("broken") };
        for (keeps, larger) in [(true, 0), (false, 0), (true, 100_000)] {
            let value = "v".repeat(1 + larger);
            let _ = forgiving(&stand).set("user:7", value.clone(), Ttl::secs(60)).await.unwrap();
            let ended = if keeps {
                forgiving(&stand).expire("user:7").await.unwrap()
            } else {
                forgiving(&stand).delete("user:7").await.unwrap()
            };
            assert_eq!((ended.removed, ended.journalled), (1, false), "{}", stand.name);
            let reader = forgiving(&stand);
            assert_eq!(reader.get::<String>("user:7").await.unwrap(), None, "{}", stand.name);
            let answer =
                reader.get_or_load("user:7", || async { Err::<String, _>("broken") }).with_status().await;
            match answer {
                Ok((found, status)) => {
                    assert!(keeps && found == value && status.is_stale(), "{}", stand.name)
                }
                Err(error) => assert!(!keeps && error.loader().is_some(), "{} {error}", stand.name),
            }
            let _ = reader.delete("user:7").await.unwrap();
            assert!(reader.get_or_load("user:7", broken).await.is_err(), "{}", stand.name);
        }
    }
}

#[tokio::test]
async fn a_pattern_removes_exactly_fifteen_hundred_and_no_sibling() {
    for stand in common::all() {
        for id in 0..1_500_u64 {
            let _ = stand.cache.set(format!("list:{id}"), id, Ttl::secs(600)).await.unwrap();
        }
        for sibling in ["list-other:1", "lists:1", "list", "other:list:1"] {
            let _ = stand.cache.set(sibling, 7_u64, Ttl::secs(600)).await.unwrap();
        }
        let removed = stand.cache.delete_pattern("list:*").await.unwrap();
        assert_eq!(removed.removed, 1_500, "{}", stand.name);
        for sibling in ["list-other:1", "lists:1", "list", "other:list:1"] {
            assert_eq!(stand.cache.get::<u64>(sibling).await.unwrap(), Some(7), "{} {sibling}", stand.name);
        }
        assert_eq!(stand.cache.get::<u64>("list:1").await.unwrap(), None, "{}", stand.name);
    }
}

#[tokio::test]
async fn user_text_in_a_pattern_is_literal() {
    for stand in common::all() {
        for id in ["*", "a", "b", "[a-z]", "?", "{x}"] {
            let _ = stand.cache.set(format!("user:{id}:profile"), 1_u64, Ttl::secs(60)).await.unwrap();
        }
        let pattern = format!("user:{}:*", KeyPattern::escape("*"));
        assert_eq!(stand.cache.delete_pattern(&pattern).await.unwrap().removed, 1, "{}", stand.name);
        assert_eq!(stand.cache.get::<u64>("user:a:profile").await.unwrap(), Some(1), "{}", stand.name);
    }
}

#[tokio::test]
async fn clear_stays_in_its_namespace() {
    for stand in common::with_byte_tiers() {
        let neighbour = CacheManager::builder()
            .namespace("neighbour")
            .primary(stand.backend.clone().unwrap())
            .default_ttl(Duration::from_secs(60))
            .build()
            .unwrap();
        let _ = neighbour.set("user:7", 7_u64, Ttl::Default).await.unwrap();
        let _ = stand.cache.set("user:7", 1_u64, Ttl::Default).await.unwrap();
        assert_eq!(stand.cache.clear().await.unwrap().removed, 1, "{}", stand.name);
        assert_eq!(neighbour.get::<u64>("user:7").await.unwrap(), Some(7), "{}", stand.name);
    }
}
