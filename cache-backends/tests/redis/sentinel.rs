//! Sentinels: the primary is found through them, also after a failover, and a leftover of one is not used.

use std::time::Duration;

use cache_backends::redis::RedisBackend;
use cache_core::error::ErrorKind;
use cache_core::port::backend::{CacheBackend, SetOptions};
use tokio::time::{Instant, sleep};

use crate::impostor::FalseSentinel;
use crate::servers::sentinel::SentinelServers;
use crate::support::{Kind, frame, key, patient_builder, server, timed, until};

const SLACK: Duration = Duration::from_millis(300);
/// Noticed after half a second, elected, found after half a second more; on a machine with other work.
const FAILOVER: Duration = Duration::from_secs(15);

fn fill() -> SetOptions {
    SetOptions::default()
}

/// Writes and reads until a write succeeds again; how long that took, and the slowest call.
async fn outage(backend: &RedisBackend) -> (Duration, Duration) {
    let (began, mut slowest) = (Instant::now(), Duration::ZERO);
    loop {
        let (answer, took) = timed(backend.set(&key("a"), frame("new"), fill())).await;
        slowest = slowest.max(took);
        if answer.is_ok() {
            return (began.elapsed(), slowest);
        }
        slowest = slowest.max(timed(backend.get(&key("a"))).await.1);
        assert!(began.elapsed() < FAILOVER, "the new primary is not found: {answer:?}");
        sleep(Duration::from_millis(5)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_dies_is_followed_within_deadlines() {
    let mut servers = SentinelServers::start(Kind::Redis);
    let backend = RedisBackend::new(servers.url()).unwrap();
    backend.connect().await.unwrap();
    backend.set(&key("a"), frame("old"), fill()).await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("old")));
    servers.servers[0].kill();
    until(SLACK, || !backend.is_available()).await;
    let (outage, slowest) = outage(&backend).await;
    let mut failovers = servers.failovers();
    eprintln!("writes went on after {outage:?}, the slowest call took {slowest:?}");
    assert!(slowest < Duration::from_millis(250) + SLACK, "{slowest:?}");
    until(Duration::from_secs(2), || backend.is_available()).await;
    finds_new(&backend, &servers, &mut failovers).await;
    // The old primary comes back empty, and says of itself that it is one until the sentinels correct it.
    servers.servers[0].restart();
    for _ in 0..50 {
        finds_new(&backend, &servers, &mut failovers).await;
        sleep(Duration::from_millis(10)).await;
    }
}

/// What was written is found, unless the sentinels of a starved machine have changed their mind since: the next primary need
/// not have what the last one took.
async fn finds_new(backend: &RedisBackend, servers: &SentinelServers, failovers: &mut u64) {
    let found = backend.get(&key("a")).await;
    if !matches!(&found, Ok(Some(found)) if *found == frame("new")) {
        let began = Instant::now();
        while servers.failovers() <= *failovers {
            assert!(began.elapsed() < FAILOVER, "{found:?} without another failover");
            sleep(Duration::from_millis(50)).await;
        }
        *failovers = servers.failovers();
        outage(backend).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_that_was_frozen_gets_no_writes_when_it_wakes() {
    let servers = SentinelServers::start(Kind::Redis);
    let backend = RedisBackend::new(servers.url()).unwrap();
    backend.set(&key("a"), frame("old"), fill()).await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("old")));
    // A sentinel that hangs delays nothing.
    servers.sentinels[0].pause();
    servers.servers[0].pause();
    let (_, slowest) = outage(&backend).await;
    assert!(slowest < Duration::from_millis(250) + SLACK, "{slowest:?}");
    until(Duration::from_secs(2), || backend.is_available()).await;
    servers.servers[0].resume();
    for round in 0..20 {
        let value = frame(&round.to_string());
        backend.set(&key("a"), value.clone(), fill()).await.unwrap();
        assert_eq!(backend.get(&key("a")).await.unwrap(), Some(value));
    }
    let held: Vec<Option<String>> = (1..3)
        .map(|server| redis::cmd("GET").arg(key("a").as_str()).query(&mut servers.outsider(server)).unwrap())
        .collect();
    assert!(held.contains(&Some("19".to_owned())), "the writes went elsewhere: {held:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_that_breaks_no_connection_is_noticed() {
    let servers = SentinelServers::start(Kind::Redis);
    let backend = RedisBackend::new(servers.url()).unwrap();
    backend.set(&key("a"), frame("old"), fill()).await.unwrap();
    backend.get(&key("a")).await.unwrap();
    let mut sentinel = redis::Client::open(servers.sentinels[1].url()).unwrap().get_connection().unwrap();
    redis::cmd("SENTINEL").arg("FAILOVER").arg("main").exec(&mut sentinel).unwrap();
    let began = Instant::now();
    for round in 0.. {
        assert!(began.elapsed() < FAILOVER, "the writes go elsewhere");
        let value = round.to_string();
        let written = backend.set(&key("a"), frame(&value), fill()).await.is_ok();
        let promoted = (1..3).find(|server| is_primary(&mut servers.outsider(*server)));
        if let Some(server) = promoted.filter(|_| written) {
            let held: String =
                redis::cmd("GET").arg(key("a").as_str()).query(&mut servers.outsider(server)).unwrap();
            if held == value {
                return;
            }
        }
        sleep(Duration::from_millis(20)).await;
    }
}

fn is_primary(server: &mut redis::Connection) -> bool {
    let role: Vec<redis::Value> = redis::cmd("ROLE").query(server).unwrap();
    role[0] == redis::Value::BulkString(b"master".to_vec())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sentinels_that_know_nothing_or_are_away_are_named() {
    let mut servers = SentinelServers::start(Kind::Redis);
    let unknown = patient_builder(&servers.url().replace("/main", "/other")).build().unwrap();
    let error = unknown.connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("knows no master of that name"), "{error}");
    let url = servers.url();
    servers.sentinels.clear();
    let error = patient_builder(&url).build().unwrap().connect().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("none of the sentinels of main at redis://127.0.0.1:"), "{error}");
}

/// The old primary lives on, cut off from the sentinels, and takes every write: nothing breaks.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_switch_is_noticed_unless_it_is_an_older_one() {
    let (old, new) = (server(Kind::Redis), server(Kind::Redis));
    let sentinel = FalseSentinel::naming(old.port(), 7);
    let backend = patient_builder(sentinel.url()).build().unwrap();
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
    sentinel.names(new.port(), 8);
    let began = Instant::now();
    while backend.get(&key("a")).await.unwrap().is_some() {
        assert!(began.elapsed() < Duration::from_secs(10), "the new primary is not used");
        sleep(Duration::from_millis(20)).await;
    }
    sentinel.names(old.port(), 7);
    sleep(Duration::from_millis(2_500)).await;
    assert_eq!(backend.get(&key("a")).await.unwrap(), None, "an older failover is believed");
}
