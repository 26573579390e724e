//! Gets that come together are read together, and nobody pays for somebody else.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_backends::redis::RedisBackend;
use cache_core::error::ErrorKind;
use cache_core::port::backend::{CacheBackend, SetOptions};
use cache_core::testkit::server::RedisServer;
use tokio::task::JoinSet;
use tokio::time::sleep;

use crate::support::{
    Kind, backend, frame, key, on_both_servers, outsider, patient, patient_builder, server, server_with,
    timed, until,
};

on_both_servers! {
    a_single_get_is_sent_as_it_is
    gets_that_come_together_share_round_trips
    large_frames_are_not_gathered
    a_key_that_is_forbidden_does_not_take_the_others_with_it
    a_get_that_is_given_up_strands_nobody
    a_get_ends_at_its_own_deadline
    a_large_write_does_not_hold_up_small_reads
}

/// How often the server was sent a command.
fn calls(server: &RedisServer, command: &str) -> u64 {
    let stats: String = redis::cmd("INFO").arg("commandstats").query(&mut outsider(server)).unwrap();
    let line = stats.lines().find_map(|line| line.strip_prefix(&format!("cmdstat_{command}:calls=")));
    line.map_or(0, |line| line.split(',').next().unwrap().parse().unwrap())
}

async fn a_single_get_is_sent_as_it_is(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    for i in 0..10 {
        assert_eq!(backend.get(&key(&format!("k:{i}"))).await.unwrap(), None);
    }
    assert_eq!((calls(&server, "get"), calls(&server, "mget")), (10, 0));
}

async fn fill(backend: &RedisBackend, count: usize, bytes: usize) {
    for i in 0..count {
        let value = Bytes::from(vec![u8::try_from(i).unwrap(); bytes]);
        backend.set(&key(&format!("k:{i}")), value, SetOptions::default()).await.unwrap();
    }
}

/// Every caller reads a key of its own; all at once.
async fn read_all(backend: &Arc<RedisBackend>, count: usize, bytes: usize) {
    let mut callers = JoinSet::new();
    for i in 0..count {
        let backend = Arc::clone(backend);
        callers.spawn(async move {
            let held = backend.get(&key(&format!("k:{i}"))).await.unwrap().unwrap();
            assert_eq!(held, vec![u8::try_from(i).unwrap(); bytes]);
        });
    }
    callers.join_all().await;
}

async fn gets_that_come_together_share_round_trips(kind: Kind) {
    let server = server(kind);
    let backend = Arc::new(backend(&server));
    fill(&backend, 200, 100).await;
    for _ in 0..10 {
        read_all(&backend, 200, 100).await;
    }
    let trips = calls(&server, "get") + calls(&server, "mget");
    assert!((20..=400).contains(&trips), "2,000 gets took {trips} round trips");
}

async fn large_frames_are_not_gathered(kind: Kind) {
    let server = server(kind);
    let backend = Arc::new(backend(&server));
    fill(&backend, 8, 1 << 20).await;
    for _ in 0..12 {
        backend.get(&key("k:0")).await.unwrap();
    }
    let before = calls(&server, "mget");
    read_all(&backend, 8, 1 << 20).await;
    assert_eq!(calls(&server, "mget"), before, "a megabyte is a batch of its own");
}

async fn a_key_that_is_forbidden_does_not_take_the_others_with_it(kind: Kind) {
    let rules = ["--user", "app", "on", ">c4n4ry", "~shop:*", "+@all", "--user", "tenant", "on"];
    let more = [">c4n4ry", "~shop:d:mine:*", "+@all"];
    let server = server_with(kind, &[&rules[..], &more[..]].concat());
    let url = |user: &str| server.url().replace("//", &format!("//{user}:c4n4ry@"));
    patient(&url("app")).set(&key("mine:1"), frame("v"), SetOptions::default()).await.unwrap();
    let tenant = Arc::new(patient(&url("tenant")));
    let mut callers = JoinSet::new();
    for i in 0..40 {
        let tenant = Arc::clone(&tenant);
        callers.spawn(async move {
            if i % 2 == 0 {
                assert_eq!(tenant.get(&key("mine:1")).await.unwrap(), Some(frame("v")));
            } else {
                assert_eq!(tenant.get(&key("theirs:1")).await.unwrap_err().kind(), ErrorKind::Refused);
            }
        });
    }
    callers.join_all().await;
    assert!(tenant.is_available());
}

async fn a_get_that_is_given_up_strands_nobody(kind: Kind) {
    let server = server(kind);
    let backend = Arc::new(backend(&server));
    fill(&backend, 100, 10).await;
    for pause in 0..20 {
        let mut given_up = JoinSet::new();
        for i in 0..100 {
            let backend = Arc::clone(&backend);
            given_up.spawn(async move { backend.get(&key(&format!("k:{i}"))).await.unwrap() });
        }
        sleep(Duration::from_micros(pause * 50)).await;
        given_up.abort_all();
        read_all(&backend, 100, 10).await;
    }
}

async fn a_get_ends_at_its_own_deadline(kind: Kind) {
    let server = server(kind);
    let backend = Arc::new(RedisBackend::new(server.url()).unwrap());
    backend.get(&key("a")).await.unwrap();
    server.pause();
    let mut callers = JoinSet::new();
    for i in 0..400 {
        let backend = Arc::clone(&backend);
        callers.spawn(async move { timed(backend.get(&key(&format!("k:{i}")))).await });
    }
    for (answer, took) in callers.join_all().await {
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Timeout);
        assert!(took < Duration::from_millis(400), "{took:?}");
    }
    server.resume();
    until(Duration::from_millis(1_200), || backend.is_available()).await;
    read_nothing(&backend).await;
}

/// Nothing of what was given up is in the way.
async fn read_nothing(backend: &RedisBackend) {
    let (answer, took) = timed(backend.get(&key("a"))).await;
    assert_eq!(answer.unwrap(), None);
    assert!(took < Duration::from_millis(100), "{took:?}");
}

/// Over one connection the reads would wait until the bytes in front of them have been sent and stored.
async fn a_large_write_does_not_hold_up_small_reads(kind: Kind) {
    let server = server(kind);
    let backend = Arc::new(patient_builder(&server.url()).max_entry_bytes(64 << 20).build().unwrap());
    backend.set(&key("small"), frame("v"), SetOptions::default()).await.unwrap();
    backend.get(&key("small")).await.unwrap();
    redis::cmd("CLIENT").arg(&["PAUSE", "1000", "WRITE"]).exec(&mut outsider(&server)).unwrap();
    let large = Bytes::from(vec![7; 32 << 20]);
    let write = tokio::spawn({
        let backend = Arc::clone(&backend);
        async move { backend.set(&key("large"), large, SetOptions::default()).await }
    });
    sleep(Duration::from_millis(100)).await;
    for _ in 0..20 {
        let (answer, took) = timed(backend.get(&key("small"))).await;
        assert_eq!(answer.unwrap(), Some(frame("v")));
        assert!(took < Duration::from_millis(400), "{took:?}");
    }
    assert!(!write.is_finished(), "the write was over before the reads: this shows nothing");
    assert!(write.await.unwrap().unwrap());
}
