//! The verbs of a manager, over every kind of tier.
#![allow(clippy::indexing_slicing, clippy::panic, clippy::unwrap_used)]

mod common;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use larder::testkit::{ManualTime, Recorded, RecordingRecorder};
use larder::{
    CacheManager, Clock, ErrorKind, FailMode, IntoKey, MemoryBackend, Near, NullBackend, Reason, Remaining,
    SetOptions, Ttl, Written, build_cache_key,
};
use serde::{Deserialize, Serialize};

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct User {
    name: String,
    logins: BTreeMap<String, u64>,
}

fn ann() -> User {
    User { name: "Ann".to_owned(), logins: BTreeMap::from([("web".to_owned(), 3)]) }
}

#[tokio::test]
async fn a_value_comes_back_as_itself_and_as_an_arc() {
    for stand in common::all() {
        let cache = &stand.cache;
        assert_eq!(
            cache.set("user:7", ann(), Ttl::Default).await.unwrap(),
            Written::Stored,
            "{}",
            stand.name
        );
        assert_eq!(cache.get::<User>("user:7").await.unwrap(), Some(ann()), "{}", stand.name);
        assert_eq!(cache.get::<Arc<User>>("user:7").await.unwrap(), Some(Arc::new(ann())), "{}", stand.name);
        assert_eq!(cache.get::<User>("user:8").await.unwrap(), None, "{}", stand.name);
        let key = build_cache_key("user", &(7_u64,)).unwrap();
        assert_eq!(cache.get::<User>(&key).await.unwrap(), Some(ann()), "{}", stand.name);
    }
}

#[tokio::test]
async fn values_that_look_like_nothing_are_hits() {
    for stand in common::all() {
        let cache = &stand.cache;
        let _ = cache.set("none", None::<u8>, Ttl::Default).await.unwrap();
        let _ = cache.set("empty", String::new(), Ttl::Default).await.unwrap();
        let _ = cache.set("zero", 0_u64, Ttl::Default).await.unwrap();
        let _ = cache.set("false", false, Ttl::Default).await.unwrap();
        let _ = cache.set("unit", (), Ttl::Default).await.unwrap();
        let _ = cache.set("list", Vec::<u8>::new(), Ttl::Default).await.unwrap();
        assert_eq!(cache.get::<Option<u8>>("none").await.unwrap(), Some(None), "{}", stand.name);
        assert_eq!(cache.get::<String>("empty").await.unwrap(), Some(String::new()), "{}", stand.name);
        assert_eq!(cache.get::<u64>("zero").await.unwrap(), Some(0), "{}", stand.name);
        assert_eq!(cache.get::<bool>("false").await.unwrap(), Some(false), "{}", stand.name);
        assert_eq!(cache.get::<()>("unit").await.unwrap(), Some(()), "{}", stand.name);
        assert_eq!(cache.get::<Vec<u8>>("list").await.unwrap(), Some(Vec::new()), "{}", stand.name);
        assert_eq!(cache.stats().hits(), 6, "{}", stand.name);
    }
}

#[tokio::test]
async fn a_second_process_finds_what_the_first_stored() {
    for stand in common::with_byte_tiers() {
        let _ = stand.cache.set("user:7", ann(), Ttl::secs(60)).await.unwrap();
        let backend = stand.backend.clone().unwrap();
        let other =
            CacheManager::builder().namespace("test").near(Near::mib(1)).primary(backend).build().unwrap();
        assert_eq!(other.get::<User>("user:7").await.unwrap(), Some(ann()), "{}", stand.name);
        assert_eq!(other.get::<User>("user:7").await.unwrap(), Some(ann()), "{}", stand.name);
        assert_eq!((other.stats().far_hits, other.stats().near_hits), (1, 1), "{}", stand.name);
        match other.ttl("user:7").await.unwrap() {
            Remaining::For(left) => {
                assert!(left <= Duration::from_secs(60) && left > Duration::from_secs(40))
            }
            other => panic!("{}: {other:?}", stand.name),
        }
    }
}

#[tokio::test]
async fn a_key_read_as_another_type_names_both() {
    let stand = common::near_only();
    let _ = stand.cache.set("user:7", ann(), Ttl::Default).await.unwrap();
    let error = stand.cache.get::<u64>("user:7").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TypeMismatch);
    let text = error.to_string();
    assert!(text.contains("User") && text.contains("u64") && !text.contains("user:7"), "{text}");
}

#[tokio::test]
async fn an_oversized_set_leaves_no_older_value() {
    for stand in common::with_byte_tiers() {
        let _ = stand.cache.set("big", vec![1_u8; 10], Ttl::Default).await.unwrap();
        let written = stand.cache.set("big", vec![200_u8; 3 << 20], Ttl::Default).await.unwrap();
        assert_eq!(written, Written::Rejected(Reason::TooLarge), "{}", stand.name);
        assert_eq!(stand.cache.get::<Vec<u8>>("big").await.unwrap(), None, "{}", stand.name);
        assert!(!stand.cache.exists("big").await.unwrap(), "{}", stand.name);
    }
}

#[tokio::test]
async fn a_damaged_entry_is_a_miss_with_a_reason_and_is_removed() {
    for stand in common::with_byte_tiers() {
        let backend = stand.backend.clone().unwrap();
        let recorder = Arc::new(RecordingRecorder::new());
        let builder =
            CacheManager::builder().namespace("test").primary(backend.clone()).recorder(recorder.clone());
        let cache = builder.build().unwrap();
        let key = "user:7".into_key(cache.namespace()).unwrap();
        let _ = cache.set("user:7", ann(), Ttl::secs(60)).await.unwrap();
        let mut frame = backend.get(&key).await.unwrap().unwrap().to_vec();
        *frame.last_mut().unwrap() ^= 1;
        assert!(backend.set(&key, frame.into(), SetOptions::default()).await.unwrap());
        assert_eq!(cache.get::<User>("user:7").await.unwrap(), None, "{}", stand.name);
        let damaged = |event: &Recorded| matches!(event, Recorded::Missed { reason: Reason::Checksum, .. });
        assert_eq!(recorder.count(damaged), 1, "{}", stand.name);
        assert_eq!(backend.get(&key).await.unwrap(), None, "{}", stand.name);
    }
}

#[tokio::test]
async fn one_of_a_hundred_takes_the_value() {
    for stand in common::all() {
        for round in 0..5 {
            let _ = stand.cache.set("code", ann(), Ttl::secs(60)).await.unwrap();
            let takers = (0..100).map(|_| {
                let cache = stand.cache.clone();
                tokio::spawn(async move { cache.get_and_delete::<User>("code").await.unwrap() })
            });
            let mut taken = 0;
            for taker in takers.collect::<Vec<_>>() {
                taken += u32::from(taker.await.unwrap().is_some());
            }
            assert_eq!(taken, 1, "{} round {round}", stand.name);
            assert_eq!(stand.cache.get::<User>("code").await.unwrap(), None, "{}", stand.name);
        }
    }
}

#[tokio::test]
async fn add_keeps_the_first_value() {
    for stand in common::all() {
        let adders = (0..20_u64).map(|id| {
            let cache = stand.cache.clone();
            tokio::spawn(async move { cache.add("job", id, Ttl::secs(60)).await.unwrap().then_some(id) })
        });
        let mut winners = Vec::new();
        for adder in adders.collect::<Vec<_>>() {
            winners.extend(adder.await.unwrap());
        }
        assert_eq!(winners.len(), 1, "{}", stand.name);
        assert_eq!(stand.cache.get::<u64>("job").await.unwrap(), Some(winners[0]), "{}", stand.name);
        let _ = stand.cache.delete("job").await.unwrap();
        assert!(stand.cache.add("job", 99_u64, Ttl::secs(60)).await.unwrap(), "{}", stand.name);
    }
}

#[tokio::test]
async fn counters_count_every_caller_and_keep_their_end() {
    for stand in common::all() {
        let callers = (0..100).map(|_| {
            let cache = stand.cache.clone();
            tokio::spawn(async move { cache.increment("hits", 2, Ttl::secs(600)).await.unwrap() })
        });
        let mut seen = Vec::new();
        for caller in callers.collect::<Vec<_>>() {
            seen.push(caller.await.unwrap());
        }
        seen.sort_unstable();
        assert_eq!(seen, (1..=100).map(|n| n * 2).collect::<Vec<i64>>(), "{}", stand.name);
        assert_eq!(stand.cache.get::<i64>("hits").await.unwrap(), Some(200), "{}", stand.name);
        assert_eq!(stand.cache.increment("hits", -50, Ttl::secs(1)).await.unwrap(), 150, "{}", stand.name);
        match stand.cache.ttl("hits").await.unwrap() {
            Remaining::For(left) => assert!(left > Duration::from_secs(500), "{} {left:?}", stand.name),
            other => panic!("{}: {other:?}", stand.name),
        }
        let _ = stand.cache.set("user", ann(), Ttl::Default).await.unwrap();
        let error = stand.cache.increment("user", 1, Ttl::Default).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotACounter, "{}", stand.name);
    }
}

#[tokio::test]
async fn lives_are_exact_and_never_is_never() {
    let time = Arc::new(ManualTime::new());
    let builder = CacheManager::builder().near(Near::mib(1)).jitter(0.0).clock(Clock::source(time.clone()));
    let cache = builder.default_ttl(Duration::from_secs(10)).build().unwrap();
    let _ = cache.set("short", 1_u8, Duration::from_millis(250)).await.unwrap();
    let _ = cache.set("default", 1_u8, Ttl::Default).await.unwrap();
    let _ = cache.set("never", 1_u8, Ttl::Never).await.unwrap();
    time.advance(Duration::from_millis(249));
    assert!(cache.exists("short").await.unwrap());
    time.advance(Duration::from_millis(1));
    assert!(!cache.exists("short").await.unwrap());
    assert_eq!(cache.ttl("default").await.unwrap(), Remaining::For(Duration::from_millis(9_750)));
    time.advance(Duration::from_millis(9_750));
    assert_eq!(cache.get::<u8>("default").await.unwrap(), None);
    time.advance(Duration::from_secs(1 << 30));
    assert_eq!(cache.get::<u8>("never").await.unwrap(), Some(1));
    assert_eq!(cache.ttl("never").await.unwrap(), Remaining::Forever);
    assert_eq!(cache.set("zero", 1_u8, Duration::ZERO).await.unwrap_err().kind(), ErrorKind::Ttl);
}

#[tokio::test]
async fn a_promoted_copy_keeps_the_life_that_is_left() {
    let time = Arc::new(ManualTime::new());
    let backend = Arc::new(MemoryBackend::new());
    let manager = || {
        let clock = Clock::source(time.clone());
        CacheManager::builder()
            .near(Near::mib(1))
            .primary(backend.clone())
            .jitter(0.0)
            .clock(clock)
            .build()
            .unwrap()
    };
    let (writer, reader) = (manager(), manager());
    let _ = writer.set("k", 1_u8, Ttl::secs(10)).await.unwrap();
    time.advance(Duration::from_secs(9));
    assert_eq!(reader.get::<u8>("k").await.unwrap(), Some(1));
    time.advance(Duration::from_secs(1));
    assert_eq!(reader.get::<u8>("k").await.unwrap(), None);
}

#[tokio::test]
async fn a_disabled_cache_runs_every_loader_and_touches_nothing() {
    for stand in common::all() {
        let cache = &stand.cache;
        let _ = cache.set("k", 1_u64, Ttl::Default).await.unwrap();
        cache.set_enabled(false);
        for expected in 0..3_u64 {
            let loaded = cache.get_or_load("k", || async { Ok::<_, String>(expected) }).await.unwrap();
            assert_eq!(loaded, expected, "{}", stand.name);
        }
        assert_eq!(cache.get::<u64>("k").await.unwrap(), None, "{}", stand.name);
        assert_eq!(cache.set("k", 9_u64, Ttl::Default).await.unwrap(), Written::Rejected(Reason::Disabled));
        assert_eq!(cache.increment("n", 5, Ttl::Default).await.unwrap(), 5, "{}", stand.name);
        assert_eq!(cache.get_and_delete::<u64>("k").await.unwrap(), None, "{}", stand.name);
        cache.set_enabled(true);
        assert_eq!(
            cache.get::<u64>("k").await.unwrap(),
            None,
            "{}: it may be older than a change",
            stand.name
        );
    }
}

#[test]
fn a_builder_reports_all_problems_at_once() {
    let error = CacheManager::builder()
        .namespace("")
        .default_ttl(Duration::ZERO)
        .jitter(1.5)
        .max_entry_bytes(0)
        .fail_mode(FailMode::Closed)
        .primary(NullBackend)
        .near(Near::bytes(0))
        .build()
        .unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    let text = error.to_string();
    for part in [
        "(6)",
        "namespace holds \"\"",
        "default_ttl",
        "jitter holds 1.5",
        "max_entry_bytes holds 0",
        "null backend",
        "max_bytes holds 0",
    ] {
        assert!(text.contains(part), "{part} is missing in {text}");
    }
    assert!(CacheManager::builder().build().is_err());
}
