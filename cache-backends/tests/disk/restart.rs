//! Closing and opening.

use std::time::Duration;

use bytes::Bytes;
use cache_backends::DiskBackend;
use cache_core::error::ErrorKind;
use cache_core::manager::{CacheManager, Cached, Previous};
use cache_core::port::backend::{BackendKind, CacheBackend, DeleteOptions, Remaining};

use crate::support::{Hands, files, for_ever, key, millis, nth, put, version_of};

#[tokio::test]
async fn entries_survive_a_restart_and_removed_ones_do_not() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    for round in 0..4_u64 {
        let backend = DiskBackend::builder(&dir).max_bytes(16 << 20).open().unwrap();
        assert!(backend.info().capability.persistent && backend.info().kind == BackendKind::Disk);
        for n in 0..2_000 {
            let expected = if round == 0 || n % 3 == 0 { None } else { Some(round - 1) };
            assert_eq!(version_of(&backend, n).await, expected, "round {round}, entry {n}");
        }
        for n in 0..2_000 {
            put(&backend, n, round, if n % 100 == 1 { 30_000 } else { 200 }).await;
        }
        for n in (0..2_000).step_by(3) {
            assert!(backend.delete(&nth(n), DeleteOptions::default()).await.unwrap());
        }
        if round % 2 == 0 {
            backend.disconnect().await.unwrap();
        } else {
            drop(backend);
        }
    }
    let backend = DiskBackend::builder(&dir).max_bytes(16 << 20).open().unwrap();
    assert_eq!(backend.usage().unwrap().entries, 2_000 - 667);
}

#[tokio::test]
async fn a_life_goes_on_across_a_restart() {
    let (home, hands) = (tempfile::tempdir().unwrap(), Hands::new());
    let open = || DiskBackend::builder(home.path().join("d")).clock(hands.clock()).open().unwrap();
    let backend = open();
    backend.set(&key("short"), Bytes::from_static(b"s"), millis(1_000)).await.unwrap();
    backend.set(&key("long"), Bytes::from_static(b"l"), millis(5_000)).await.unwrap();
    drop(backend);
    hands.advance(1_000);
    let backend = open();
    assert_eq!(backend.get(&key("short")).await.unwrap(), None);
    assert_eq!(backend.ttl(&key("long")).await.unwrap(), Remaining::For(Duration::from_millis(4_000)));
}

#[tokio::test]
async fn calls_after_disconnect_fail_until_connect() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::open(home.path().join("d")).unwrap();
    put(&backend, 1, 1, 100).await;
    assert!(backend.is_available());
    backend.disconnect().await.unwrap();
    backend.disconnect().await.unwrap();
    assert!(!backend.is_available() && backend.usage().is_none());
    let error = backend.get(&nth(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert_eq!(error.to_string(), "the disk backend is disconnected; call connect()");
    assert_eq!(
        backend.set(&nth(1), Bytes::new(), for_ever()).await.unwrap_err().kind(),
        ErrorKind::Unavailable
    );
    backend.connect().await.unwrap();
    backend.connect().await.unwrap();
    assert_eq!(version_of(&backend, 1).await, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_disconnect_in_the_middle_of_writes_loses_nothing_that_was_acknowledged() {
    let home = tempfile::tempdir().unwrap();
    for round in 0..10_u64 {
        let dir = home.path().join(round.to_string());
        let backend = DiskBackend::builder(&dir).max_bytes(64 << 20).open().unwrap();
        let writers: Vec<_> = (0..4_u64)
            .map(|writer| {
                let backend = backend.clone();
                tokio::spawn(async move {
                    for step in 0.. {
                        let (n, length) = (writer * 100_000 + step, if step % 9 == 0 { 60_000 } else { 100 });
                        let value = crate::support::frame(n, round, length);
                        if backend.set(&nth(n), value, for_ever()).await.is_err() {
                            return step;
                        }
                    }
                    0
                })
            })
            .collect();
        tokio::time::sleep(Duration::from_millis(5)).await;
        backend.disconnect().await.unwrap();
        let mut acknowledged = Vec::new();
        for writer in writers {
            acknowledged.push(writer.await.unwrap());
        }
        backend.connect().await.unwrap();
        for (writer, count) in (0_u64..).zip(acknowledged) {
            for step in 0..count {
                let n = writer * 100_000 + step;
                assert_eq!(version_of(&backend, n).await, Some(round), "round {round}, entry {n}");
            }
        }
    }
}

#[tokio::test]
async fn a_clean_close_leaves_hints_and_needs_no_scan() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(&dir).max_bytes(4 << 20).open().unwrap();
    for n in 0..2_000 {
        put(&backend, n, 1, 500).await;
    }
    backend.disconnect().await.unwrap();
    let segments = files(&dir, ".seg");
    assert!(segments.len() > 3);
    assert_eq!(files(&dir, ".hint").len(), segments.len());
    // A scan would find nothing: the header of the first record of every segment is spoilt.
    for path in &segments {
        let mut bytes = std::fs::read(path).unwrap();
        bytes[16 + 5] ^= 1;
        std::fs::write(path, bytes).unwrap();
    }
    backend.connect().await.unwrap();
    let mut found = 0;
    for n in 0..2_000 {
        found += usize::from(version_of(&backend, n).await.is_some());
    }
    assert_eq!(found, 2_000 - segments.len());
}

#[tokio::test]
async fn after_a_power_loss_nothing_is_believed() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::open(&dir).unwrap();
    put(&backend, 1, 1, 100).await;
    backend.disconnect().await.unwrap();
    std::fs::write(dir.join("notes.txt"), "not ours").unwrap();
    let lock = std::fs::read_to_string(dir.join("larder.lock")).unwrap();
    assert!(lock.contains("clean yes"), "{lock}");
    // Closed cleanly under another boot: all is there.
    std::fs::write(dir.join("larder.lock"), lock.replace("boot ", "boot x")).unwrap();
    backend.connect().await.unwrap();
    assert_eq!(version_of(&backend, 1).await, Some(1));
    backend.disconnect().await.unwrap();
    // Not closed, and under another boot; or not readable at all.
    for spoilt in [lock.replace("boot ", "boot x").replace("clean yes", "clean no "), "?".to_owned()] {
        std::fs::write(dir.join("larder.lock"), spoilt).unwrap();
        backend.connect().await.unwrap();
        assert_eq!(version_of(&backend, 1).await, None);
        put(&backend, 1, 1, 100).await;
        backend.disconnect().await.unwrap();
    }
    assert_eq!(std::fs::read_to_string(dir.join("notes.txt")).unwrap(), "not ours");
}

#[tokio::test]
async fn the_validator_of_an_entry_survives_a_restart() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let ask = async |shown: Option<&'static str>, answer: Cached<u64>| {
        let disk = DiskBackend::builder(&dir).max_bytes(16 << 20).open().unwrap();
        let cache = CacheManager::builder().primary(disk).no_near().build().unwrap();
        let load = move |previous: Option<Previous<u64>>| async move {
            assert_eq!(previous.as_ref().and_then(Previous::validator), shown);
            Ok::<_, String>(answer)
        };
        let page = cache.get_or_revalidate_with("page", load).stale_if_error(Duration::from_secs(60));
        assert_eq!(page.await.unwrap(), 7);
        assert_eq!(cache.expire("page").await.unwrap().removed, 1);
        assert_eq!(cache.shutdown().await, 0);
    };
    ask(None, Cached::new(7).validator("\"v1\"")).await;
    ask(Some("\"v1\""), Cached::not_modified()).await;
    ask(Some("\"v1\""), Cached::not_modified().validator("\"v2\"")).await;
    ask(Some("\"v2\""), Cached::not_modified()).await;
}
