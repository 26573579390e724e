//! `#[cached(secure)]` on real ground: nothing of a value is in a store's bytes, in the near tier or in a log.

#![allow(clippy::unwrap_used, reason = "a broken stand is a failed test")]

mod common;

use std::collections::HashMap;
use std::error::Error;
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::{fmt, fs};

use common::patient_redis;
use larder::testkit::FaultyBackend;
use larder::testkit::server::RedisServer;
use larder::{
    CacheBackend, CacheManager, DiskBackend, ErrorKind, Keyring, MemoryBackend, Near, Policy, Ttl, cached,
};

const CANARY: &str = "c4nary in a coal mine";
const KEY: &str = "c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4c4a4";

fn loads() -> u64 {
    static LOADS: AtomicU64 = AtomicU64::new(0);
    LOADS.fetch_add(1, Ordering::Relaxed)
}

#[cached(secure, prefix = "token", cache = cache, skip(cache))]
async fn token(cache: &CacheManager, id: u64) -> Result<(String, u64), String> {
    Ok((format!("{CANARY} {id}"), loads()))
}

#[cached(secure(near), prefix = "near", cache = cache, skip(cache))]
async fn near_token(cache: &CacheManager, id: u64) -> (String, u64) {
    (format!("{CANARY} {id}"), loads())
}

#[cached(secure, prefix = "of", tenant = tenant, cache = cache, skip(cache))]
async fn of_tenant(cache: &CacheManager, tenant: &str, id: u64) -> (String, u64) {
    (format!("{CANARY} {tenant} {id}"), loads())
}

#[cached(secure, prefix = "strict", cache = cache, skip(cache))]
async fn strict_token(cache: &CacheManager, id: u64) -> Result<u64, Box<dyn Error + Send + Sync>> {
    Ok(id + loads())
}

#[cached(secure, prefix = "batch", batch = ids, cache = cache, skip(cache))]
async fn many_tokens(cache: &CacheManager, ids: &[u64]) -> Result<HashMap<u64, String>, String> {
    Ok(ids.iter().map(|id| (*id, format!("{CANARY} {id}"))).collect())
}

#[cached(prefix = "plain", cache = cache, skip(cache))]
async fn in_clear(cache: &CacheManager, id: u64) -> String {
    format!("{CANARY} {id}")
}

fn over(backend: Arc<dyn CacheBackend>) -> CacheManager {
    CacheManager::builder().near(Near::mib(1)).primary(backend).master_key(KEY).build().unwrap()
}

fn memory() -> Arc<dyn CacheBackend> {
    Arc::new(MemoryBackend::new())
}

fn holds_canary(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|window| window == b"c4nary")
}

/// Everything that a secure function and the verbs can leave behind.
async fn fill(cache: &CacheManager) {
    let first = token(cache, 7).await.unwrap();
    assert_eq!(token(cache, 7).await.unwrap(), first, "it was stored");
    assert_eq!(token_peek(cache, 7).await, Some(Ok(first.clone())));
    let refreshed = token_refresh(cache, 7).await.unwrap();
    assert_ne!(refreshed, first);
    assert_eq!(token(cache, 7).await.unwrap(), refreshed);
    let tenant = of_tenant(cache, "acme", 7).await;
    assert_eq!(of_tenant(cache, "acme", 7).await, tenant);
    // A direct call by the function's key is as secure as the function.
    let _ = cache.set(token_cache_key(cache, 8), (CANARY.to_owned(), 0), Ttl::secs(60)).await.unwrap();
    assert_eq!(token(cache, 8).await.unwrap(), (CANARY.to_owned(), 0));
    assert_eq!(cache.stats().near_entries, 0);
    assert_eq!(cache.stats().stored, 3);
}

#[tokio::test]
async fn redis_holds_nothing_in_clear() {
    for server in [RedisServer::start(), RedisServer::valkey()] {
        let client = redis::Client::open(server.url()).unwrap();
        let mut client = client.get_multiplexed_async_connection().await.unwrap();
        let cache = over(Arc::new(patient_redis(&server.url())));
        fill(&cache).await;
        in_clear(&cache, 7).await;
        let keys: Vec<String> = redis::cmd("KEYS").arg("*").query_async(&mut client).await.unwrap();
        assert_eq!(keys.len(), 4);
        let mut clear = Vec::new();
        for key in keys {
            let value: Vec<u8> = redis::cmd("GET").arg(&key).query_async(&mut client).await.unwrap();
            clear.extend(holds_canary(&value).then_some(key));
        }
        assert_eq!(clear, ["larder:d:plain:7"], "a value in clear is seen");
    }
}

#[tokio::test]
async fn the_files_of_a_disk_hold_nothing_in_clear() {
    let directory = tempfile::tempdir().unwrap();
    let cache = over(Arc::new(DiskBackend::open(directory.path().join("secure")).unwrap()));
    fill(&cache).await;
    cache.shutdown().await;
    let plain = over(Arc::new(DiskBackend::open(directory.path().join("plain")).unwrap()));
    in_clear(&plain, 7).await;
    plain.shutdown().await;
    let found = |name: &str| files(&directory.path().join(name)).iter().any(|bytes| holds_canary(bytes));
    assert_eq!((found("secure"), found("plain")), (false, true));
    // What was sealed before the restart opens after it.
    let again = over(Arc::new(DiskBackend::open(directory.path().join("secure")).unwrap()));
    assert_eq!(token(&again, 8).await.unwrap(), (CANARY.to_owned(), 0));
}

fn files(directory: &Path) -> Vec<Vec<u8>> {
    let entries = fs::read_dir(directory).unwrap().map(|entry| entry.unwrap().path());
    entries
        .flat_map(|path| if path.is_dir() { files(&path) } else { vec![fs::read(path).unwrap()] })
        .collect()
}

#[tokio::test]
async fn a_fallback_holds_nothing_in_clear_either() {
    let (primary, fallback) = (FaultyBackend::new(memory()), memory());
    let cache = CacheManager::builder()
        .primary(Arc::clone(&primary))
        .fallback(Arc::clone(&fallback))
        .master_key(KEY)
        .build()
        .unwrap();
    primary.down(true);
    let stored = token(&cache, 7).await.unwrap();
    assert_eq!(token(&cache, 7).await.unwrap(), stored);
    let frame = fallback.get(&token_cache_key(&cache, 7)).await.unwrap().unwrap();
    assert!(!holds_canary(&frame));
}

#[tokio::test]
async fn live_values_are_near_where_the_function_says_so() {
    let cache = over(memory());
    let value = near_token(&cache, 7).await;
    assert_eq!((near_token(&cache, 7).await, cache.stats().near_hits), (value, 1));
}

#[tokio::test]
async fn a_tenants_entry_opens_in_no_other_place() {
    let backend = memory();
    let cache = over(Arc::clone(&backend));
    let acme = of_tenant(&cache, "acme", 7).await;
    let [own, other] = ["acme", "evil"].map(|tenant| of_tenant_cache_key(&cache, tenant, 7));
    assert_eq!(own.tenant(), Some("acme"));
    let mut frame = backend.get(&own).await.unwrap().unwrap().to_vec();
    // Whoever moves it can write the other key's fingerprint into it.
    frame.splice(18..34, other.fingerprint().to_le_bytes());
    backend.set(&other, frame.into(), larder::SetOptions::default()).await.unwrap();
    let evil = of_tenant(&cache, "evil", 7).await;
    assert_eq!((evil.0.as_str(), evil.1 > acme.1), ("c4nary in a coal mine evil 7", true));
    assert_eq!(of_tenant(&cache, "acme", 7).await, acme);
}

#[tokio::test]
async fn a_function_without_a_key_loads_and_leaves_nothing_anywhere() {
    let (backend, log) = (memory(), Log::default());
    let _here = tracing::subscriber::set_default(log.clone());
    let keyless = CacheManager::builder().near(Near::mib(1)).primary(Arc::clone(&backend)).build().unwrap();
    let keyed = over(Arc::clone(&backend));
    let stored = token(&keyed, 7).await.unwrap();
    let first = token(&keyless, 7).await.unwrap();
    assert_ne!(token(&keyless, 7).await.unwrap(), first, "nothing is served");
    assert_ne!(near_token(&keyless, 7).await, near_token(&keyless, 7).await);
    assert_eq!(keyless.stats().near_entries, 0);
    // Nor is what others can read taken from them.
    assert_eq!(token(&keyed, 7).await.unwrap(), stored);
    // Who asks by hand is told.
    let error = keyless.get::<(String, u64)>(token_cache_key(&keyless, 7)).await.unwrap_err();
    assert!(error.to_string().contains("CACHE_MASTER_KEY"), "{error}");
    assert!(keyless.set(token_cache_key(&keyless, 7), (String::new(), 0), Ttl::Default).await.is_err());
    // Removing needs no key.
    assert_eq!(token_invalidate(&keyless, 7).await.unwrap().removed, 1);
}

/// What is secure fails closed: where the function's error can be made of ours, trouble of a tier is one.
#[tokio::test]
async fn a_function_that_can_say_so_fails_closed_and_another_loads() {
    let backend = FaultyBackend::new(memory());
    let cache = over(backend.clone());
    let value = strict_token(&cache, 7).await.unwrap();
    assert_eq!(strict_token(&cache, 7).await.unwrap(), value);
    backend.down(true);
    assert_eq!(kind(strict_token(&cache, 7).await.unwrap_err().as_ref()), Some(ErrorKind::Unavailable));
    assert!(token(&cache, 7).await.is_ok());
    assert_eq!(many_tokens(&cache, &[7]).await.unwrap().len(), 1);
    backend.down(false);
    assert_eq!(strict_token(&cache, 7).await.unwrap(), value);
    let keyless = CacheManager::builder().primary(memory()).build().unwrap();
    assert_eq!(kind(strict_token(&keyless, 7).await.unwrap_err().as_ref()), Some(ErrorKind::Config));
}

fn kind(error: &(dyn Error + Send + Sync + 'static)) -> Option<ErrorKind> {
    error.downcast_ref::<larder::Error>().map(larder::Error::kind)
}

#[tokio::test]
async fn a_batch_is_sealed_key_by_key() {
    let backend = memory();
    let cache = over(Arc::clone(&backend));
    for _ in 0..2 {
        assert_eq!(many_tokens(&cache, &[7, 8]).await.unwrap().len(), 2);
    }
    assert_eq!(cache.stats().opened_by_key, [2, 0, 0, 0], "the second time out of the byte tier");
    for id in [7, 8] {
        let frame = backend.get(&many_tokens_cache_key(&cache, id)).await.unwrap().unwrap();
        assert!(!holds_canary(&frame));
    }
    let keyless = CacheManager::builder().primary(Arc::clone(&backend)).build().unwrap();
    assert_eq!(many_tokens(&keyless, &[7, 8]).await.unwrap().len(), 2);
}

#[tokio::test]
async fn rotating_under_load_is_no_error_and_no_miss() {
    let backend = memory();
    let of = |current: &str, previous: &[&str]| {
        let ring = Keyring::new(current.repeat(32)).unwrap();
        let ring = ring.with_previous(previous.iter().map(|pair| pair.repeat(32))).unwrap();
        CacheManager::builder().primary(Arc::clone(&backend)).keyring(ring).build().unwrap()
    };
    let mut values = Vec::new();
    // Each process is told of the next key before any writes with it.
    let steps: [(&str, &[&str]); 5] =
        [("a1", &[]), ("a1", &["b2"]), ("b2", &["a1"]), ("b2", &["a1", "c3"]), ("c3", &["b2", "a1"])];
    for (current, previous) in steps {
        let cache = of(current, previous);
        let id = values.len() as u64;
        values.push(token(&cache, id).await.unwrap());
        for (id, value) in values.iter().enumerate() {
            assert_eq!(&token(&cache, id as u64).await.unwrap(), value);
        }
    }
}

#[test]
fn no_log_error_or_debug_shows_a_secret() {
    let log = Log::default();
    let _here = tracing::subscriber::set_default(log.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut shown = String::new();
    let config = larder::Config::from_vars(|name| match name {
        "CACHE_URL" => Some("memory://".to_owned()),
        "CACHE_MASTER_KEY" => Some(KEY.to_owned()),
        "CACHE_PREVIOUS_MASTER_KEYS" => Some("c5".repeat(32)),
        _ => None,
    })
    .unwrap();
    shown += &format!("{config:?}");
    let cache = config.manager().unwrap();
    runtime.block_on(async {
        fill(&cache).await;
        shown += &format!("{cache:?} {:?} {}", cache.stats(), cache.stats());
        let explained = cache.explain(token_cache_key(&cache, 7)).await.unwrap();
        shown += &format!("{explained} {explained:?}");
        let wrong = cache.get::<u64>(token_cache_key(&cache, 7)).await;
        shown += &format!("{wrong:?}");
        let refused = cache.increment(token_cache_key(&cache, 7), 1, Ttl::Default).await.unwrap_err();
        shown += &format!("{refused} {refused:?}");
        cache.shutdown().await;
    });
    let refused = CacheManager::builder().policy(Policy::secure()).master_key(&KEY[1..]);
    shown += &format!("{refused:?}");
    let error = refused.build().unwrap_err();
    shown += &format!("{error} {error:?}");
    shown += &log.0.lock().unwrap().join("\n");
    for secret in ["c4a4", "c5c5", "196, 164", "197, 197", "c4nary"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

/// All that is logged here.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl tracing::Subscriber for Log {
    fn enabled(&self, _: &tracing::Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &tracing::span::Attributes<'_>) -> tracing::Id {
        tracing::Id::from_u64(1)
    }
    fn record(&self, _: &tracing::Id, _: &tracing::span::Record<'_>) {}
    fn record_follows_from(&self, _: &tracing::Id, _: &tracing::Id) {}
    fn event(&self, event: &tracing::Event<'_>) {
        struct Line(String);
        impl tracing::field::Visit for Line {
            fn record_debug(&mut self, field: &tracing::field::Field, value: &dyn fmt::Debug) {
                self.0 += &format!("{field}={value:?} ");
            }
        }
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &tracing::Id) {}
    fn exit(&self, _: &tracing::Id) {}
}
