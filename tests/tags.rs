//! Tags over every kind of tier, and between two processes' worth of managers over one real server.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use larder::testkit::server::RedisServer;
use larder::{CacheManager, Near, Ttl};
use tokio::time::sleep;

/// How long the managers of the shared server trust a near copy.
const BOUND: Duration = Duration::from_millis(400);

#[tokio::test]
async fn a_tag_takes_its_entries_from_every_tier() {
    for stand in common::all() {
        let cache = &stand.cache;
        for key in ["user:1", "user:2", "page:1"] {
            let tags: &[&str] = if key == "page:1" { &["pages"] } else { &["users", "pages"] };
            let _ = cache.set_tagged(key, 1_u64, Ttl::secs(60), tags).await.unwrap();
        }
        let done = cache.invalidate_tags(["users"]).await.unwrap();
        assert_eq!((done.removed, done.journalled), (0, false), "{}", stand.name);
        for (key, now) in [("user:1", None), ("user:2", None), ("page:1", Some(1))] {
            assert_eq!(cache.get::<u64>(key).await.unwrap(), now, "{} {key}", stand.name);
            assert_eq!(cache.exists(key).await.unwrap(), now.is_some(), "{} {key}", stand.name);
        }
        assert_eq!(cache.clear().await.unwrap().removed, 1, "{}: found dead, two were removed", stand.name);
    }
}

#[tokio::test]
async fn a_load_under_way_when_its_tag_is_invalidated_is_stored_nowhere() {
    for stand in common::all() {
        let cache = &stand.cache;
        let load = || async {
            let _ = cache.invalidate_tags(["users"]).await.unwrap();
            Ok::<_, String>(1_u64)
        };
        assert_eq!(cache.get_or_load("user:1", load).tags(["users"]).await.unwrap(), 1);
        assert_eq!(cache.get::<u64>("user:1").await.unwrap(), None, "{}", stand.name);
        assert!(!cache.exists("user:1").await.unwrap(), "{}", stand.name);
    }
}

fn process(server: &RedisServer) -> CacheManager {
    let redis = common::patient_redis(&server.url());
    let builder = CacheManager::builder().namespace("shop").near(Near::mib(8)).jitter(0.0);
    builder.primary(redis).near_ttl(BOUND).build().unwrap()
}

async fn read(cache: &CacheManager, key: &str, source: &AtomicU64) -> u64 {
    let load = || async { Ok::<_, String>(source.load(Ordering::SeqCst)) };
    cache.get_or_load(key, load).tags(["users"]).await.unwrap()
}

#[tokio::test]
async fn another_process_sees_it_within_the_bound_on_a_real_server() {
    for server in [RedisServer::start(), RedisServer::valkey()] {
        let (one, other) = (process(&server), process(&server));
        let source = AtomicU64::new(0);
        for version in 1..=3 {
            for key in ["user:1", "user:2"] {
                assert_eq!(read(&one, key, &source).await, version - 1);
                assert_eq!(read(&other, key, &source).await, version - 1);
            }
            source.store(version, Ordering::SeqCst);
            let _ = one.invalidate_tags(["users"]).await.unwrap();
            assert_eq!(read(&one, "user:1", &source).await, version);
            sleep(BOUND).await;
            assert_eq!(read(&other, "user:1", &source).await, version, "what the first has loaded");
            assert_eq!(read(&other, "user:2", &source).await, version, "what nobody has loaded since");
        }
    }
}

#[tokio::test]
async fn a_fill_that_was_overtaken_from_another_process_is_found_by_none() {
    let server = RedisServer::start();
    let (one, other) = (process(&server), process(&server));
    let source = Arc::new(AtomicU64::new(0));
    let load = || async {
        let value = source.load(Ordering::SeqCst);
        source.store(value + 1, Ordering::SeqCst);
        let _ = other.invalidate_tags(["users"]).await.unwrap();
        Ok::<_, String>(value)
    };
    assert_eq!(one.get_or_load("user:1", load).tags(["users"]).await.unwrap(), 0);
    assert_eq!(other.get::<u64>("user:1").await.unwrap(), None);
    sleep(BOUND).await;
    assert_eq!(read(&one, "user:1", &source).await, 1);
}
