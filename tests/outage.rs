//! A server dies and comes back while it is used: no call fails, none waits beyond its deadline, hits resume.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use larder::testkit::server::RedisServer;
use larder::testkit::{Fault, FaultyBackend, MapBackend, Proxy, Recorded, RecordingRecorder};
use larder::{CacheManager, DiskBackend, ErrorKind, FailMode, MemoryBackend, Near, RedisBackend, Ttl};

/// The longest that one call of an open manager may take: two deadlines of 250 ms (a read, then a write) and slack
/// for a busy test machine.
const LONGEST: Duration = Duration::from_secs(2);

async fn timed<T>(call: impl Future<Output = T>) -> T {
    let began = Instant::now();
    let answer = call.await;
    assert!(began.elapsed() < LONGEST, "a call took {:?}", began.elapsed());
    answer
}

/// Asks until a value of the server is found again; every answer on the way is right and in time.
async fn until_found(cache: &CacheManager, key: &str, value: u64) {
    let began = Instant::now();
    while timed(cache.get::<u64>(key)).await.unwrap() != Some(value) {
        assert!(began.elapsed() < Duration::from_secs(20), "hits never resumed");
        let _ = timed(cache.set(key, value, Ttl::secs(60))).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_killed_and_started_again_costs_nobody_an_error() {
    for mut server in [RedisServer::start(), RedisServer::valkey()] {
        let backend = Arc::new(RedisBackend::new(server.url()).unwrap());
        let cache = CacheManager::builder().primary(backend.clone()).namespace("outage").build().unwrap();
        until_found(&cache, "k", 1).await;
        server.kill();
        for round in 0..20_u64 {
            let load = cache.get_or_load(format!("load:{round}"), || async { Ok::<_, String>(7_u64) });
            assert_eq!(timed(load.into_future()).await.unwrap(), 7);
            assert!(timed(cache.get::<u64>("k")).await.is_ok());
            let _ = timed(cache.set("k", 2_u64, Ttl::secs(60))).await.unwrap();
            let deleted = timed(cache.delete("gone")).await.unwrap();
            assert!(deleted.journalled, "the primary is down, so the work is journalled");
            assert_eq!(timed(cache.get_and_delete::<u64>("k")).await.unwrap(), None);
        }
        server.restart();
        until_found(&cache, "k", 3).await;
        assert!(!cache.health_now().journal_pending);
        assert_eq!(cache.stats().load_failures, 0);
    }
}

#[tokio::test]
async fn a_service_starts_while_its_server_is_away() {
    let mut server = RedisServer::start();
    server.kill();
    let cache = larder::connect(&server.url()).unwrap();
    timed(cache.connect()).await;
    let load = cache.get_or_load("k", || async { Ok::<_, String>(7_u64) });
    assert_eq!(timed(load.into_future()).await.unwrap(), 7);
    assert_eq!(
        timed(cache.get::<u64>("k")).await.unwrap(),
        Some(7),
        "the near tier or the fallback holds it"
    );
    server.restart();
    let began = Instant::now();
    while cache.health_now().on_fallback {
        assert!(began.elapsed() < Duration::from_secs(20), "the primary was never used again");
        let _ = timed(cache.set("k", 8_u64, Ttl::secs(60))).await.unwrap();
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let _ = timed(cache.set("k", 9_u64, Ttl::secs(60))).await.unwrap();
    let other = larder::connect(&server.url()).unwrap();
    until_found(&other, "k", 9).await;
    assert_eq!(other.stats().loads, 0);
}

/// A primary that a test switches off, over a store that survives it.
fn flaky() -> (Arc<FaultyBackend>, Arc<RecordingRecorder>, CacheManager) {
    let primary = FaultyBackend::new(Arc::new(MapBackend::new()));
    let recorder = Arc::new(RecordingRecorder::new());
    let builder = CacheManager::builder().primary(primary.clone()).fallback(MemoryBackend::new());
    let cache = builder.recorder(recorder.clone()).jitter(0.0).build().unwrap();
    (primary, recorder, cache)
}

#[tokio::test]
async fn what_was_invalidated_during_an_outage_is_never_served_afterwards() {
    let (primary, recorder, cache) = flaky();
    for key in ["by:key", "by:pattern", "kept"] {
        let _ = cache.set(key, 1_u64, Ttl::secs(60)).await.unwrap();
    }
    primary.down(true);
    assert!(cache.delete("by:key").await.unwrap().journalled);
    assert!(cache.delete_pattern("by:p*").await.unwrap().journalled);
    let _ = cache.set("new", 2_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(cache.get::<u64>("new").await.unwrap(), Some(2), "the fallback serves");
    assert!(cache.health_now().on_fallback);
    primary.down(false);
    assert_eq!(cache.get::<u64>("by:key").await.unwrap(), None);
    assert_eq!(cache.get::<u64>("by:pattern").await.unwrap(), None);
    assert_eq!(cache.get::<u64>("kept").await.unwrap(), Some(1));
    assert_eq!(cache.get::<u64>("new").await.unwrap(), None);
    assert!(!cache.health_now().on_fallback && !cache.health_now().journal_pending);
    primary.down(true);
    assert_eq!(cache.get::<u64>("new").await.unwrap(), None, "what the fallback held was dropped");
    primary.down(false);
    assert_eq!(cache.get::<u64>("kept").await.unwrap(), Some(1));
    let switches = recorder.count(|event| matches!(event, Recorded::Switched { .. }));
    assert_eq!(switches, 4, "one event per transition");
    assert_eq!(
        recorder.count(|event| *event == Recorded::Recovered { applied: 3 }),
        1,
        "two removals, and a key that was set meanwhile"
    );
}

#[tokio::test]
async fn a_write_that_failed_leaves_no_older_value_behind() {
    let (primary, _, cache) = flaky();
    let _ = cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    primary.lose_answers(true);
    let _ = cache.set("k", 2_u64, Ttl::secs(60)).await.unwrap();
    primary.lose_answers(false);
    primary.fail_writes(true);
    let _ = cache.set("k", 3_u64, Ttl::secs(60)).await.unwrap();
    assert_ne!(cache.get::<u64>("k").await.unwrap(), Some(1));
    primary.fail_writes(false);
    // What refused is told again after a moment; until then the fallback serves what was set last.
    let began = Instant::now();
    while let Some(held) = cache.get::<u64>("k").await.unwrap() {
        assert_eq!(held, 3, "nothing older is ever served");
        assert!(began.elapsed() < Duration::from_secs(20), "the journal removes what may be older");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}

#[tokio::test]
async fn who_fails_closed_is_told() {
    let primary = FaultyBackend::new(Arc::new(MapBackend::new()));
    let builder = CacheManager::builder().near(Near::mib(1)).primary(primary.clone());
    let cache = builder.fail_mode(FailMode::Closed).build().unwrap();
    let _ = cache.set("code", 1_u64, Ttl::secs(60)).await.unwrap();
    primary.down(true);
    let kinds = [
        cache.get::<u64>("other").await.unwrap_err().kind(),
        cache.set("code", 2_u64, Ttl::secs(60)).await.unwrap_err().kind(),
        cache.get_and_delete::<u64>("code").await.unwrap_err().kind(),
        cache.delete("code").await.unwrap_err().kind(),
    ];
    assert_eq!(kinds, [ErrorKind::Unavailable; 4]);
    let loaded = cache.get_or_load("fresh", || async { Ok::<_, String>(1_u64) }).await;
    assert!(matches!(loaded, Err(larder::LoadError::Cache(error)) if error.kind() == ErrorKind::Unavailable));
    primary.down(false);
    assert_eq!(cache.get_and_delete::<u64>("code").await.unwrap(), None, "the journalled delete came first");
}

#[tokio::test]
async fn what_a_fallback_kept_over_a_restart_is_not_served() {
    let directory = tempfile::tempdir().unwrap();
    let primary = FaultyBackend::new(Arc::new(MapBackend::new()));
    let manager = || {
        let fallback = DiskBackend::open(directory.path()).unwrap();
        CacheManager::builder().primary(Arc::clone(&primary)).fallback(fallback).build().unwrap()
    };
    primary.down(true);
    let before = manager();
    let _ = before.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(before.get::<u64>("k").await.unwrap(), Some(1));
    before.shutdown().await;
    drop(before);
    primary.down(false);
    let after = manager();
    let _ = after.set("k", 2_u64, Ttl::secs(60)).await.unwrap();
    primary.down(true);
    assert_eq!(after.get::<u64>("k").await.unwrap(), None, "the value of an earlier outage came back");
    let _ = after.set("k", 3_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(after.get::<u64>("k").await.unwrap(), Some(3), "the fallback does not serve");
}

/// What `larder::connect` puts around Redis: callers do not pay a deadline each while a server is too slow.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_server_that_answers_too_late_soon_costs_nothing_and_is_found_again() {
    let server = RedisServer::start();
    let proxy = Proxy::before(server.port()).await;
    let cache = larder::connect(&proxy.url()).unwrap();
    until_found(&cache, "k", 1).await;
    proxy.set(Fault::Delay(Duration::from_millis(120))).await;
    let (began, mut late, mut calls) = (Instant::now(), 0, 0);
    while began.elapsed() < Duration::from_secs(4) {
        let call = Instant::now();
        assert!(cache.get::<u64>(&format!("cold:{calls}")).await.is_ok());
        (late, calls) = (late + u32::from(call.elapsed() > Duration::from_millis(50)), calls + 1);
        tokio::time::sleep(Duration::from_millis(2)).await;
    }
    eprintln!("{late} of {calls} calls were late");
    assert!(late <= 8, "{late} of {calls} calls were late");
    proxy.set(Fault::None).await;
    until_on_primary(&cache).await;
    until_found(&cache, "k", 2).await;
}

async fn until_on_primary(cache: &CacheManager) {
    let began = Instant::now();
    while cache.health_now().on_fallback {
        assert!(began.elapsed() < Duration::from_secs(5), "the primary never serves again");
        assert!(timed(cache.get::<u64>("any")).await.is_ok());
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_burst_of_thousands_is_not_shed_by_what_connect_makes() {
    const KEYS: u64 = 5_000;
    let server = RedisServer::start();
    let patient = [("CACHE_URL", server.url()), ("CACHE_REDIS_TIMEOUT_MS", "5000".to_owned())];
    let held = |name: &str| patient.iter().find(|(known, _)| *known == name).map(|(_, held)| held.clone());
    let cache = larder::Config::from_vars(held).unwrap().manager().unwrap();
    let writes = (0..KEYS)
        .map(|n| (n, cache.clone()))
        .map(|(n, cache)| async move { cache.set(&format!("k:{n}"), n, Ttl::secs(600)).await.unwrap() });
    let written = writes.map(tokio::spawn).collect::<Vec<_>>();
    for write in written {
        assert_eq!(write.await.unwrap(), larder::Written::Stored);
    }
    let others = larder::Config::from_vars(held).unwrap().manager().unwrap();
    let reads = (0..KEYS)
        .map(|n| (n, others.clone()))
        .map(|(n, cache)| async move { cache.get::<u64>(&format!("k:{n}")).await.unwrap() == Some(n) });
    let reads = reads.map(tokio::spawn).collect::<Vec<_>>();
    for read in reads {
        assert!(read.await.unwrap(), "a read was shed");
    }
}
