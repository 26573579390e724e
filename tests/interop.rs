//! `#[cached(interop = "cachekit")]`: the entries of functions are those that services of other languages read and write.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, reason = "a broken stand is a failed test")]

use std::collections::HashSet;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::testkit::server::RedisServer;
use larder::testkit::{Recorded, RecordingRecorder};
use larder::{CacheManager, Near, Reason, RedisBackend, cached, invalidate_cache};
use redis::{Client, Commands, Connection};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    age: u8,
}

const ALICE: &[u8] = b"\x82\xa4name\xa5alice\xa3age\x1e";
const KEY_OF_42: &str = "users:get_user:61598716255080080f6456eb065c2e51badfaa4320b0efe97469c29cffee8875";

static LOADS: AtomicU64 = AtomicU64::new(0);

#[cached(interop = "cachekit", namespace = "users", operation = "get_user", ttl = "90s", cache = cache, skip(cache))]
async fn user(cache: &CacheManager, id: u64) -> User {
    LOADS.fetch_add(id, Ordering::Relaxed);
    User { name: "alice".into(), age: 30 }
}

#[invalidate_cache(user(cache, id))]
async fn rename(cache: &CacheManager, id: u64) {}

#[invalidate_cache(all(user), cache = cache)]
async fn rename_all(cache: &CacheManager) {}

struct Stand {
    _server: RedisServer,
    raw: Connection,
    cache: CacheManager,
}

impl Stand {
    async fn new() -> Self {
        let server = RedisServer::start();
        let raw = Client::open(server.url()).unwrap().get_connection().unwrap();
        let backend = RedisBackend::new(server.url()).unwrap();
        let cache = CacheManager::builder().near(Near::mib(1)).primary(backend).jitter(0.0).build().unwrap();
        cache.connect().await;
        Self { _server: server, raw, cache }
    }

    fn keys(&mut self) -> Vec<String> {
        self.raw.keys("*").unwrap()
    }
}

/// The bytes are those of the protocol's own vectors: what another client would write, and finds.
#[tokio::test]
async fn a_function_writes_what_other_services_read() {
    let mut stand = Stand::new().await;
    assert_eq!(user(&stand.cache, 42).await.age, 30);
    assert_eq!(stand.keys(), [KEY_OF_42]);
    let bytes: Vec<u8> = stand.raw.get(KEY_OF_42).unwrap();
    assert_eq!(bytes, ALICE);
    let left: i64 = stand.raw.pttl(KEY_OF_42).unwrap();
    assert!((80_000..=90_000).contains(&left), "{left} ms");
    assert_eq!(user_cache_key(&stand.cache, 42).as_str(), KEY_OF_42);

    rename(&stand.cache, 42).await;
    assert!(stand.keys().is_empty());
    user(&stand.cache, 42).await;
    user(&stand.cache, 43).await;
    let _: () = stand.raw.set("users:get_users:1", "of somebody else").unwrap();
    rename_all(&stand.cache).await;
    assert_eq!(stand.keys(), ["users:get_users:1"]);
}

#[tokio::test]
async fn a_function_reads_what_other_services_wrote_as_long_as_it_lives() {
    let mut stand = Stand::new().await;
    // As the Python SDK (cachekit 0.24.1) left it in a Redis.
    let bob = b"\x82\xa3age\x29\xa4name\xa3bob";
    let _: () = stand.raw.pset_ex(KEY_OF_42, bob, 400).unwrap();
    assert_eq!(user(&stand.cache, 42).await, User { name: "bob".into(), age: 41 });
    assert_eq!(user_peek(&stand.cache, 42).await.unwrap().name, "bob");
    tokio::time::sleep(std::time::Duration::from_millis(450)).await;
    assert_eq!(user(&stand.cache, 42).await.name, "alice", "a near copy outlived its entry");
}

#[cached(interop = "cachekit", namespace = "t", operation = "op", cache = cache, skip(cache))]
async fn of_floats(cache: &CacheManager, value: f64, ids: larder::cachekit::Set<HashSet<u8>>) -> u64 {
    let _key = (value, ids);
    LOADS.fetch_add(1, Ordering::Relaxed)
}

fn near() -> (CacheManager, std::sync::Arc<RecordingRecorder>) {
    let events = std::sync::Arc::new(RecordingRecorder::new());
    let cache = CacheManager::builder().near(Near::mib(1)).recorder(std::sync::Arc::clone(&events)).build();
    (cache.unwrap(), events)
}

fn ids(ids: impl IntoIterator<Item = u8>) -> larder::cachekit::Set<HashSet<u8>> {
    larder::cachekit::Set(ids.into_iter().collect())
}

#[tokio::test]
async fn equal_arguments_are_one_entry_and_one_without_a_form_is_none() {
    let (cache, events) = near();
    let first = of_floats(&cache, 0.0, ids([1, 2, 3])).await;
    assert_eq!(of_floats(&cache, -0.0, ids([3, 2, 1])).await, first);
    assert_ne!(of_floats(&cache, 0.5, ids([1, 2, 3])).await, first);

    let nan = of_floats(&cache, f64::NAN, ids([])).await;
    assert_ne!(of_floats(&cache, f64::NAN, ids([])).await, nan);
    let reason = Recorded::Missed { tier: "all", reason: Reason::NoKey };
    assert_eq!(events.count(|event| *event == reason), 2);
    assert_eq!(of_floats_peek(&cache, f64::NAN, ids([])).await, None);
    let (_, status) = of_floats_with_status(&cache, f64::INFINITY, ids([])).await;
    assert_eq!(status.reason, Some(Reason::NoKey));
    let refused = cache.get::<u64>(of_floats_cache_key(&cache, f64::NAN, ids([]))).await.unwrap_err();
    assert!(refused.to_string().contains("arguments that have no form in it"), "{refused}");
}
