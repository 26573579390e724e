//! Each verb does what the port says.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_core::error::ErrorKind;
use cache_core::port::backend::{
    BackendKind, CacheBackend, DeleteOptions, Expiry, Remaining, SetCondition, SetOptions,
};
use tokio::time::Instant;

use crate::support::{
    Kind, backend, frame, key, living, on_both_servers, outsider, patient, patient_builder, server,
    server_with, shop,
};

on_both_servers! {
    a_frame_comes_back_byte_for_byte
    lives_below_a_second_are_exact
    a_set_can_keep_the_life_or_the_first_value
    one_of_a_hundred_callers_takes_the_value
    a_delete_can_spare_a_successor
    many_frames_keep_their_order
    many_sets_are_answered_one_by_one
    a_frame_that_is_too_large_removes_its_predecessor
    a_counter_begins_with_its_life_and_keeps_it
    a_counter_counts_exactly_and_says_when_it_cannot
    a_hundred_callers_count_to_a_hundred
    a_server_that_forgot_its_scripts_is_told_again
    a_foreign_type_is_a_refusal
    a_full_server_refuses_and_keeps_no_outdated_value
    a_replica_takes_no_writes
    the_older_protocol_is_spoken_too
    a_database_and_a_socket_can_be_named
}

async fn a_frame_comes_back_byte_for_byte(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let every_byte: Bytes = (0..=255).collect::<Vec<u8>>().into();
    for sent in [every_byte, Bytes::new(), Bytes::from(vec![7; 1 << 20])] {
        assert!(backend.set(&key("a"), sent.clone(), SetOptions::default()).await.unwrap());
        assert_eq!(backend.get(&key("a")).await.unwrap(), Some(sent));
    }
    assert!(backend.exists(&key("a")).await.unwrap());
    assert_eq!(backend.ttl(&key("a")).await.unwrap(), Remaining::Forever);
    assert!(backend.delete(&key("a"), DeleteOptions::default()).await.unwrap());
    assert!(!backend.delete(&key("a"), DeleteOptions::default()).await.unwrap());
    assert_eq!(backend.get(&key("a")).await.unwrap(), None);
    assert!(!backend.exists(&key("a")).await.unwrap());
    assert_eq!(backend.ttl(&key("a")).await.unwrap(), Remaining::Missing);
    let info = backend.info();
    assert_eq!((info.name, info.kind, info.capability.shared), ("redis", BackendKind::Redis, true));
}

async fn lives_below_a_second_are_exact(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let began = Instant::now();
    backend.set(&key("a"), frame("v"), living(Duration::from_millis(250))).await.unwrap();
    let Remaining::For(left) = backend.ttl(&key("a")).await.unwrap() else { panic!("no life") };
    assert!(left <= Duration::from_millis(250) && left + began.elapsed() >= Duration::from_millis(249));
    while backend.get(&key("a")).await.unwrap().is_some() {
        assert!(began.elapsed() < Duration::from_millis(500), "it outlived its life");
    }
    assert!(began.elapsed() >= Duration::from_millis(249), "it ended early");
    backend.set(&key("b"), frame("v"), living(Duration::from_nanos(1))).await.unwrap();
    backend.set(&key("c"), frame("v"), living(Duration::from_secs(u64::MAX))).await.unwrap();
    let Remaining::For(left) = backend.ttl(&key("c")).await.unwrap() else { panic!("no life") };
    assert!(left > Duration::from_secs(3_600 * 24 * 365 * 1_000));
}

async fn a_set_can_keep_the_life_or_the_first_value(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let if_absent = SetOptions::default().when(SetCondition::IfAbsent);
    assert!(backend.set(&key("a"), frame("1"), if_absent.expiring(Expiry::Never)).await.unwrap());
    assert!(!backend.set(&key("a"), frame("2"), if_absent).await.unwrap());
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("1")));
    backend.set(&key("a"), frame("3"), living(Duration::from_secs(60))).await.unwrap();
    backend.set(&key("a"), frame("4"), SetOptions::default().expiring(Expiry::Keep)).await.unwrap();
    let Remaining::For(left) = backend.ttl(&key("a")).await.unwrap() else { panic!("no life") };
    assert!(left > Duration::from_secs(50));
    backend.set(&key("a"), frame("5"), SetOptions::default()).await.unwrap();
    assert_eq!(backend.ttl(&key("a")).await.unwrap(), Remaining::Forever);
}

async fn one_of_a_hundred_callers_takes_the_value(kind: Kind) {
    let server = server(kind);
    let backend = Arc::new(backend(&server));
    backend.set(&key("code"), frame("v"), SetOptions::default()).await.unwrap();
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let backend = Arc::clone(&backend);
            tokio::spawn(async move { backend.get_and_delete(&key("code")).await.unwrap() })
        })
        .collect();
    let mut taken = Vec::new();
    for caller in callers {
        taken.extend(caller.await.unwrap());
    }
    assert_eq!(taken, [frame("v")]);
}

async fn a_delete_can_spare_a_successor(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let if_damaged = || DeleteOptions::if_unchanged(frame("damaged"));
    backend.set(&key("a"), frame("good"), SetOptions::default()).await.unwrap();
    assert!(!backend.delete(&key("a"), if_damaged()).await.unwrap());
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("good")));
    backend.set(&key("a"), frame("damaged"), SetOptions::default()).await.unwrap();
    assert!(backend.delete(&key("a"), if_damaged()).await.unwrap());
    assert!(!backend.delete(&key("a"), if_damaged()).await.unwrap());
    assert_eq!(backend.get(&key("a")).await.unwrap(), None);
}

async fn many_frames_keep_their_order(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let keys: Vec<_> = (0..600).map(|i| key(&format!("k:{i}"))).collect();
    let entries = keys.iter().step_by(2).map(|key| {
        let value = Bytes::copy_from_slice(key.as_str().as_bytes());
        (key.clone(), value, SetOptions::default())
    });
    assert_eq!(backend.set_many(entries.collect()).await.unwrap(), vec![true; 300]);
    let found = backend.get_many(&keys).await.unwrap();
    for (i, (key, found)) in keys.iter().zip(&found).enumerate() {
        let held = (i % 2 == 0).then(|| Bytes::copy_from_slice(key.as_str().as_bytes()));
        assert_eq!(*found, held, "{i}");
    }
    assert_eq!(found.len(), 600);
    assert_eq!(backend.delete_many(&keys).await.unwrap(), 300);
    assert_eq!(backend.delete_many(&keys).await.unwrap(), 0);
    assert_eq!(backend.get_many(&[]).await.unwrap(), Vec::<Option<Bytes>>::new());
    assert_eq!(backend.set_many(Vec::new()).await.unwrap(), Vec::<bool>::new());
    assert_eq!(backend.delete_many(&[]).await.unwrap(), 0);
}

async fn many_sets_are_answered_one_by_one(kind: Kind) {
    let server = server(kind);
    let backend = patient_builder(&server.url()).max_entry_bytes(8).build().unwrap();
    let if_absent = SetOptions::default().when(SetCondition::IfAbsent);
    for name in ["a", "b", "c"] {
        backend.set(&key(name), frame("old"), SetOptions::default()).await.unwrap();
    }
    let entries = vec![
        (key("a"), frame("new"), if_absent),
        (key("d"), frame("new"), if_absent),
        (key("c"), frame("new"), living(Duration::from_secs(60))),
    ];
    assert_eq!(backend.set_many(entries).await.unwrap(), [false, true, true]);
    assert!(matches!(backend.ttl(&key("c")).await.unwrap(), Remaining::For(_)));
    let entries = vec![
        (key("a"), frame("too large"), SetOptions::default()),
        (key("b"), frame("too large"), if_absent),
        (key("c"), frame("last"), SetOptions::default()),
    ];
    assert_eq!(backend.set_many(entries).await.unwrap_err().kind(), ErrorKind::TooLarge);
    let held = backend.get_many(&[key("a"), key("b"), key("c"), key("d")]).await.unwrap();
    assert_eq!(held, [None, Some(frame("old")), Some(frame("last")), Some(frame("new"))]);
}

async fn a_frame_that_is_too_large_removes_its_predecessor(kind: Kind) {
    let server = server(kind);
    let backend = patient_builder(&server.url()).max_entry_bytes(8).build().unwrap();
    assert!(backend.set(&key("a"), frame("12345678"), SetOptions::default()).await.unwrap());
    let error = backend.set(&key("a"), frame("123456789"), SetOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    let text = "set: the entry has 9 bytes, the redis tier takes 8; store less, or raise max_entry_bytes";
    assert_eq!(error.to_string(), text);
    assert_eq!(backend.get(&key("a")).await.unwrap(), None);
}

async fn a_counter_begins_with_its_life_and_keeps_it(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let (long, short) =
        (Expiry::After(Duration::from_secs(600)), Expiry::After(Duration::from_millis(1_500)));
    assert_eq!(backend.increment(&key("n"), 5, long).await.unwrap(), 5);
    assert_eq!(backend.increment(&key("n"), -7, short).await.unwrap(), -2);
    let Remaining::For(left) = backend.ttl(&key("n")).await.unwrap() else { panic!("no life") };
    assert!(left > Duration::from_secs(590));
    assert_eq!(backend.get(&key("n")).await.unwrap(), Some(frame("-2")));
    for expiry in [Expiry::Never, Expiry::Keep] {
        assert_eq!(backend.increment(&key("m"), 1, expiry).await.unwrap(), 1);
        assert_eq!(backend.ttl(&key("m")).await.unwrap(), Remaining::Forever);
        backend.delete(&key("m"), DeleteOptions::default()).await.unwrap();
    }
}

async fn a_counter_counts_exactly_and_says_when_it_cannot(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let odd = (1_i64 << 53) + 1;
    assert_eq!(backend.increment(&key("n"), odd, Expiry::Never).await.unwrap(), odd);
    assert_eq!(backend.increment(&key("n"), i64::MAX - odd, Expiry::Never).await.unwrap(), i64::MAX);
    let error = backend.increment(&key("n"), 1, Expiry::Never).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotACounter);
    assert_eq!(backend.increment(&key("low"), i64::MIN, Expiry::Never).await.unwrap(), i64::MIN);
    backend.set(&key("text"), frame("frame"), SetOptions::default()).await.unwrap();
    let error = backend.increment(&key("text"), 1, Expiry::Never).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::NotACounter);
    assert_eq!(backend.get(&key("text")).await.unwrap(), Some(frame("frame")));
}

async fn a_hundred_callers_count_to_a_hundred(kind: Kind) {
    let server = server(kind);
    let backend = Arc::new(backend(&server));
    let callers: Vec<_> = (0..100)
        .map(|_| {
            let backend = Arc::clone(&backend);
            tokio::spawn(async move { backend.increment(&key("n"), 1, Expiry::Never).await.unwrap() })
        })
        .collect();
    let mut values = Vec::new();
    for caller in callers {
        values.push(caller.await.unwrap());
    }
    values.sort_unstable();
    assert_eq!(values, (1..=100).collect::<Vec<i64>>());
}

async fn a_server_that_forgot_its_scripts_is_told_again(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    assert_eq!(backend.increment(&key("n"), 1, Expiry::Never).await.unwrap(), 1);
    redis::cmd("SCRIPT").arg("FLUSH").exec(&mut outsider(&server)).unwrap();
    assert_eq!(backend.increment(&key("n"), 1, Expiry::Never).await.unwrap(), 2);
}

async fn a_foreign_type_is_a_refusal(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    redis::cmd("RPUSH").arg(key("list").as_str()).arg("x").exec(&mut outsider(&server)).unwrap();
    let error = backend.get(&key("list")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    let text = format!(
        "get: {} holds something under the key that is no string; keep others out of the namespace",
        server.url()
    );
    assert_eq!(error.to_string(), text);
    let damaged = DeleteOptions::if_unchanged(frame("x"));
    assert_eq!(backend.delete(&key("list"), damaged).await.unwrap_err().kind(), ErrorKind::Refused);
    assert_eq!(backend.get_many(&[key("list")]).await.unwrap(), [None]);
    assert!(backend.exists(&key("list")).await.unwrap());
    assert!(backend.is_available(), "a refusal is an answer");
}

async fn a_full_server_refuses_and_keeps_no_outdated_value(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let keys = [key("a"), key("b"), key("c")];
    for key in &keys {
        backend.set(key, frame("old"), SetOptions::default()).await.unwrap();
    }
    redis::cmd("CONFIG").arg("SET").arg("maxmemory").arg(1).exec(&mut outsider(&server)).unwrap();
    let error = backend.set(&keys[0], frame("new"), SetOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("is out of memory; raise its maxmemory"), "{error}");
    let many = vec![(keys[1].clone(), frame("new"), SetOptions::default())];
    assert_eq!(backend.set_many(many).await.unwrap_err().kind(), ErrorKind::Refused);
    let counted = backend.increment(&key("n"), 1, Expiry::Never).await.unwrap_err();
    assert_eq!(counted.kind(), ErrorKind::Refused);
    assert_eq!(backend.get_many(&keys).await.unwrap(), [None, None, Some(frame("old"))]);
}

async fn a_replica_takes_no_writes(kind: Kind) {
    let primary = server(kind);
    let port = primary.port().to_string();
    let replica = server_with(kind, &["--replicaof", "127.0.0.1", &port]);
    let backend = backend(&replica);
    let error = backend.set(&key("a"), frame("v"), SetOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("is a replica that takes no writes; point the URL"), "{error}");
}

async fn the_older_protocol_is_spoken_too(kind: Kind) {
    let server = server(kind);
    let backend = patient(&format!("{}?protocol=resp2", server.url()));
    let if_absent = SetOptions::default().when(SetCondition::IfAbsent);
    assert!(backend.set(&key("a"), frame("v"), if_absent).await.unwrap());
    assert!(!backend.set(&key("a"), frame("w"), if_absent).await.unwrap());
    assert_eq!(backend.get_many(&[key("a"), key("b")]).await.unwrap(), [Some(frame("v")), None]);
    assert_eq!(backend.get_and_delete(&key("a")).await.unwrap(), Some(frame("v")));
    assert_eq!(backend.get_and_delete(&key("a")).await.unwrap(), None);
    assert_eq!(backend.increment(&key("n"), 3, Expiry::Never).await.unwrap(), 3);
    assert_eq!(backend.clear(&shop()).await.unwrap(), 1);
}

async fn a_database_and_a_socket_can_be_named(kind: Kind) {
    let home = tempfile::tempdir().unwrap();
    let socket = home.path().join("server.sock");
    let server = server_with(kind, &["--unixsocket", socket.to_str().unwrap()]);
    let by_socket = patient(&format!("unix://{}?db=3", socket.display()));
    by_socket.set(&key("a"), frame("v"), SetOptions::default()).await.unwrap();
    let third = patient(&format!("{}/3", server.url()));
    assert_eq!(third.get(&key("a")).await.unwrap(), Some(frame("v")));
    assert_eq!(backend(&server).get(&key("a")).await.unwrap(), None);
    let error = patient(&format!("{}/99", server.url())).get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("/99 has no database of that number"), "{error}");
}
