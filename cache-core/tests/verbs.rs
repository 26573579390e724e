//! Verbs with one winner, answers that do not promise too much, and requests that are all counted.

#![allow(clippy::unwrap_used)]

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use cache_core::entry::Reason;
use cache_core::error::ErrorKind;
use cache_core::manager::{CacheManager, LoadError, Written};
use cache_core::policy::FailMode;
use cache_core::port::backend::{NullBackend, Remaining};
use cache_core::time::Ttl;
use common::{faulty, near, over};

fn near_only() -> CacheManager {
    CacheManager::builder().near(near()).jitter(0.0).build().unwrap()
}

#[tokio::test]
async fn taking_a_value_as_another_type_is_an_error_that_takes_nothing() {
    let cache = near_only();
    let _ = cache.set("code", 7_u64, Ttl::secs(60)).await.unwrap();
    let error = cache.get_and_delete::<String>("code").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
    assert_eq!(cache.get_and_delete::<Arc<u64>>("code").await.unwrap(), Some(Arc::new(7)));
    assert_eq!(cache.get_and_delete::<u64>("code").await.unwrap(), None);
}

#[tokio::test]
async fn a_load_that_began_before_an_increment_does_not_undo_it() {
    let cache = near_only();
    let (load, go) = common::load_that_waits(&cache, "visits", 0_i64).await;
    assert_eq!(cache.increment("visits", 1, Ttl::secs(60)).await.unwrap(), 1);
    go.notify_one();
    assert_eq!(load.await.unwrap(), 0);
    assert_eq!(cache.increment("visits", 1, Ttl::secs(60)).await.unwrap(), 2);
}

#[tokio::test]
async fn adding_twice_has_one_winner_while_the_primary_is_away_too() {
    let primary = faulty();
    let cache = over(&primary).build().unwrap();
    primary.down(true);
    let first = cache.add("job", 1_u64, Ttl::secs(60)).await.unwrap();
    let second = cache.add("job", 2_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!((first, second), (true, false));
    assert_eq!(cache.get::<u64>("job").await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_ttl_of_zero_is_an_error_of_a_load_too() {
    let cache = near_only();
    let load = cache.get_or_load("k", || async { Ok::<_, String>(1_u64) }).ttl(Duration::ZERO).await;
    assert!(matches!(load, Err(LoadError::Cache(error)) if error.kind() == ErrorKind::Ttl));
}

#[tokio::test]
async fn a_value_that_no_tier_took_is_not_said_to_be_stored() {
    let primary = faulty();
    let cache = CacheManager::builder().primary(Arc::clone(&primary)).build().unwrap();
    primary.down(true);
    let written = cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(written, Written::Rejected(Reason::TierError));
    assert!(!cache.add("k", 1_u64, Ttl::secs(60)).await.unwrap());
}

/// With a near tier alone, and over a byte tier.
fn both() -> [CacheManager; 2] {
    [near_only(), over(&faulty()).build().unwrap()]
}

#[tokio::test]
async fn remembered_absence_is_nothing_that_is_there() {
    for cache in both() {
        for key in ["exists", "add", "count"] {
            let nothing = |_| async { Ok::<_, String>(HashMap::<&str, u64>::new()) };
            let lookup = cache.get_or_load_many([key], nothing).negative_ttl(Duration::from_secs(30));
            assert_eq!(lookup.await.unwrap().into_values().unwrap(), [None]);
        }
        assert!(!cache.exists("exists").await.unwrap());
        assert_eq!(cache.ttl("exists").await.unwrap(), Remaining::Missing);
        assert!(cache.add("add", 1_u64, Ttl::secs(60)).await.unwrap());
        assert!(!cache.add("add", 2_u64, Ttl::secs(60)).await.unwrap());
        assert_eq!(cache.get::<u64>("add").await.unwrap(), Some(1));
        assert_eq!(cache.increment("count", 2, Ttl::secs(60)).await.unwrap(), 2);
        assert_eq!(cache.increment("count", 2, Ttl::secs(60)).await.unwrap(), 4);
    }
}

#[tokio::test]
async fn a_null_manager_accepts_and_drops() {
    let cache = CacheManager::builder().primary(NullBackend).build().unwrap();
    assert_eq!(cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap(), Written::Stored);
    assert!(cache.add("k", 1_u64, Ttl::secs(60)).await.unwrap());
    assert_eq!(cache.increment("n", 2, Ttl::secs(60)).await.unwrap(), 2);
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
    assert!(!cache.exists("k").await.unwrap());
    assert_eq!(cache.delete("k").await.unwrap().removed, 0);
    assert_eq!(cache.delete_pattern("k*").await.unwrap().removed, 0);
    assert_eq!(cache.clear().await.unwrap().removed, 0);
    assert_eq!(cache.get_and_delete::<u64>("k").await.unwrap(), None);
}

#[tokio::test]
async fn a_body_runs_once_though_no_tier_takes_its_value() {
    for down in [true, false] {
        let primary = faulty();
        primary.down(down);
        primary.fail_writes(!down);
        let cache = CacheManager::builder().primary(primary.clone()).build().unwrap();
        let runs = std::sync::atomic::AtomicU64::new(0);
        let load = || async { Ok::<_, String>(runs.fetch_add(1, std::sync::atomic::Ordering::SeqCst)) };
        assert_eq!(cache.get_or_load("k", load).await.unwrap(), 0);
        assert_eq!((runs.load(std::sync::atomic::Ordering::SeqCst), cache.stats().loads), (1, 1));
        assert_eq!(cache.get_or_load("k", load).await.unwrap(), 1, "nothing was stored");
    }
}

#[tokio::test]
async fn a_request_that_fails_is_counted() {
    let primary = faulty();
    let cache = over(&primary).fail_mode(FailMode::Closed).build().unwrap();
    let _ = cache.set("number", 1_u64, Ttl::secs(60)).await.unwrap();
    assert!(cache.get::<String>("number").await.is_err());
    primary.down(true);
    assert!(cache.get::<u64>("k").await.is_err());
    assert!(cache.get_or_load("k", || async { Ok::<_, String>(1_u64) }).await.is_err());
    let stats = cache.stats();
    assert_eq!((stats.requests(), stats.misses, stats.loads), (3, 3, 0));
}

#[tokio::test]
async fn statistics_are_kept_by_keyspace_and_begin_again() {
    let cache = CacheManager::builder().near(near()).build().unwrap();
    let _ = cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    for key in ["k", "k", "none"] {
        let _ = cache.get::<u64>(key).await.unwrap();
    }
    let stats = cache.stats();
    assert_eq!((stats.requests(), stats.near_hits, stats.misses, stats.near_entries), (3, 2, 1, 1));
    assert_eq!(stats.keyspaces, [(String::new(), stats.total)]);
    cache.reset_stats();
    assert_eq!((cache.stats().requests(), cache.stats().near_entries), (0, 1));
    let _ = cache.get::<u64>("k").await.unwrap();
    assert_eq!((cache.stats().requests(), cache.stats().near_hits), (1, 1));
}
