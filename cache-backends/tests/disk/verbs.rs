//! Every verb, small and large, alone and in a crowd.

use std::time::Duration;

use bytes::Bytes;
use cache_backends::DiskBackend;
use cache_core::error::ErrorKind;
use cache_core::key::{KeyPattern, Namespace};
use cache_core::port::backend::{CacheBackend, DeleteOptions, Expiry, Remaining, SetCondition};

use crate::support::{Hands, for_ever, frame, key, millis, nth, put, version_of};

/// One that is handled on the caller's thread, and two that are not.
const LENGTHS: [usize; 4] = [0, 100, 20_000, 300_000];

#[tokio::test]
async fn what_was_set_comes_back_byte_for_byte_until_it_is_removed() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(64 << 20).open().unwrap();
    for length in LENGTHS {
        let (key, value) = (key(&format!("k{length}")), Bytes::from(vec![7; length]));
        assert_eq!(backend.get(&key).await.unwrap(), None);
        assert!(backend.set(&key, value.clone(), for_ever()).await.unwrap());
        assert_eq!(backend.get(&key).await.unwrap(), Some(value.clone()));
        assert!(backend.exists(&key).await.unwrap());
        assert!(backend.set(&key, Bytes::from_static(b"2"), for_ever()).await.unwrap());
        assert_eq!(backend.get(&key).await.unwrap().as_deref(), Some(&b"2"[..]));
        assert!(backend.delete(&key, DeleteOptions::default()).await.unwrap());
        assert!(!backend.delete(&key, DeleteOptions::default()).await.unwrap());
        assert_eq!(backend.get(&key).await.unwrap(), None);
        assert!(!backend.exists(&key).await.unwrap());
        assert_eq!(backend.ttl(&key).await.unwrap(), Remaining::Missing);
    }
}

#[tokio::test]
async fn if_absent_keeps_the_first_value_and_if_unchanged_the_successor() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(64 << 20).open().unwrap();
    let absent = for_ever().when(SetCondition::IfAbsent);
    for length in LENGTHS {
        let key = key(&format!("k{length}"));
        let (first, second) = (frame(1, 1, length), frame(1, 2, length));
        assert!(backend.set(&key, first.clone(), absent).await.unwrap());
        assert!(!backend.set(&key, second.clone(), absent).await.unwrap());
        assert_eq!(backend.get(&key).await.unwrap().as_ref(), Some(&first));
        assert!(!backend.delete(&key, DeleteOptions::if_unchanged(second)).await.unwrap());
        assert!(backend.delete(&key, DeleteOptions::if_unchanged(first)).await.unwrap());
        assert!(!backend.exists(&key).await.unwrap());
    }
}

#[tokio::test]
async fn an_entry_expires_at_its_own_millisecond_and_keep_keeps_the_deadline() {
    let (home, hands) = (tempfile::tempdir().unwrap(), Hands::new());
    let backend = DiskBackend::builder(home.path().join("d")).clock(hands.clock()).open().unwrap();
    let key = key("k");
    backend.set(&key, Bytes::from_static(b"a"), millis(250)).await.unwrap();
    hands.advance(100);
    assert_eq!(backend.ttl(&key).await.unwrap(), Remaining::For(Duration::from_millis(150)));
    backend.set(&key, Bytes::from_static(b"b"), for_ever().expiring(Expiry::Keep)).await.unwrap();
    assert_eq!(backend.ttl(&key).await.unwrap(), Remaining::For(Duration::from_millis(150)));
    hands.advance(149);
    assert_eq!(backend.get(&key).await.unwrap().as_deref(), Some(&b"b"[..]));
    hands.advance(1);
    assert_eq!(backend.get(&key).await.unwrap(), None);
    assert_eq!(backend.ttl(&key).await.unwrap(), Remaining::Missing);
    assert!(!backend.exists(&key).await.unwrap());
    assert!(!backend.delete(&key, DeleteOptions::default()).await.unwrap());
    assert_eq!(backend.get_and_delete(&key).await.unwrap(), None);
    let absent = for_ever().when(SetCondition::IfAbsent);
    assert!(backend.set(&key, Bytes::from_static(b"c"), absent).await.unwrap());
    assert_eq!(backend.ttl(&key).await.unwrap(), Remaining::Forever);
    backend.set(&key, Bytes::from_static(b"d"), millis(10)).await.unwrap();
    backend.set(&key, Bytes::from_static(b"e"), for_ever()).await.unwrap();
    assert_eq!(backend.ttl(&key).await.unwrap(), Remaining::Forever);
    let zero = backend.set(&key, Bytes::new(), millis(0)).await.unwrap_err();
    assert_eq!(zero.kind(), ErrorKind::Ttl);
}

#[tokio::test]
async fn expired_entries_give_their_space_back_and_do_not_return_with_a_clock_that_is_set_back() {
    let (home, hands) = (tempfile::tempdir().unwrap(), Hands::new());
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(&dir).clock(hands.clock()).open().unwrap();
    for n in 0..1_000 {
        backend.set(&nth(n), frame(n, 1, 1_000), millis(5_000 + n)).await.unwrap();
    }
    hands.advance(20_000);
    assert_eq!(version_of(&backend, 3).await, None);
    backend.settle().await;
    assert_eq!(backend.usage().unwrap().entries, 0);
    assert_eq!(backend.usage().unwrap().evicted, 0);
    assert!(crate::support::bytes_of(&dir) < 300_000, "{}", crate::support::bytes_of(&dir));
    hands.turn_back(19_000);
    assert_eq!(version_of(&backend, 999).await, None);
    backend.disconnect().await.unwrap();
    backend.connect().await.unwrap();
    assert_eq!(version_of(&backend, 999).await, None);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_takers_exactly_one_receives_the_frame() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(64 << 20).open().unwrap();
    for length in [10, 50_000] {
        for round in 0..20 {
            put(&backend, round, 1, length).await;
            let takers: Vec<_> = (0..16)
                .map(|_| {
                    let backend = backend.clone();
                    tokio::spawn(async move { backend.get_and_delete(&nth(round)).await.unwrap() })
                })
                .collect();
            let mut received = 0;
            for taker in takers {
                received += u32::from(taker.await.unwrap().is_some());
            }
            assert_eq!(received, 1, "round {round}, {length} bytes");
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn no_increment_is_lost_and_a_counter_keeps_its_first_life() {
    let (home, hands) = (tempfile::tempdir().unwrap(), Hands::new());
    let backend = DiskBackend::builder(home.path().join("d")).clock(hands.clock()).open().unwrap();
    let counters: Vec<_> = (0..16)
        .map(|_| {
            let backend = backend.clone();
            tokio::spawn(async move {
                for _ in 0..100 {
                    let life = Expiry::After(Duration::from_secs(9));
                    backend.increment(&key("hits"), 2, life).await.unwrap();
                }
            })
        })
        .collect();
    for counter in counters {
        counter.await.unwrap();
    }
    assert_eq!(backend.get(&key("hits")).await.unwrap().as_deref(), Some(&b"3200"[..]));
    hands.advance(1_000);
    assert_eq!(backend.increment(&key("hits"), -3_200, Expiry::Never).await.unwrap(), 0);
    assert_eq!(backend.ttl(&key("hits")).await.unwrap(), Remaining::For(Duration::from_secs(8)));
    for wrong in [&b"\x01frame"[..], b"9223372036854775807", &[b'1'; 40]] {
        backend.set(&key("no"), Bytes::copy_from_slice(wrong), for_ever()).await.unwrap();
        let error = backend.increment(&key("no"), 1, Expiry::Never).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::NotACounter);
        assert_eq!(backend.get(&key("no")).await.unwrap().as_deref(), Some(wrong));
    }
}

#[tokio::test]
async fn a_pattern_removes_exactly_what_it_means_and_counts_it() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::open(home.path().join("d")).unwrap();
    let (shop, other) = (Namespace::default(), Namespace::new("other").unwrap());
    let foreign = cache_core::key::CacheKey::direct(&other, "list:1").unwrap();
    backend.set(&foreign, Bytes::from_static(b"f"), for_ever()).await.unwrap();
    for n in 0..500 {
        backend.set(&key(&format!("list:{n}")), frame(n, 1, 30), for_ever()).await.unwrap();
        backend.set(&key(&format!("list-other:{n}")), frame(n, 1, 30), for_ever()).await.unwrap();
    }
    backend.set(&key("list:big"), frame(1, 1, 100_000), for_ever()).await.unwrap();
    let pattern = KeyPattern::parse("list:*").unwrap().within(&shop);
    assert_eq!(backend.delete_pattern(&pattern).await.unwrap(), 501);
    assert_eq!(backend.delete_pattern(&pattern).await.unwrap(), 0);
    assert!(!backend.exists(&key("list:7")).await.unwrap());
    assert!(backend.exists(&key("list-other:7")).await.unwrap());
    assert_eq!(backend.clear(&shop).await.unwrap(), 500);
    assert!(backend.exists(&foreign).await.unwrap());
}

#[tokio::test]
async fn what_is_too_large_is_refused_and_the_older_value_is_gone() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(&dir).max_bytes(1 << 20).max_entry_bytes(50_000).open().unwrap();
    put(&backend, 1, 1, 50_000).await;
    let error = backend.set(&nth(1), frame(1, 2, 50_001), for_ever()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("50001") && error.to_string().contains("max_entry_bytes"), "{error}");
    assert_eq!(version_of(&backend, 1).await, None);
    drop(backend);
    // Without an own limit: an eighth of the bound.
    let backend = DiskBackend::builder(&dir).max_bytes(1 << 20).open().unwrap();
    assert_eq!(version_of(&backend, 1).await, None);
    put(&backend, 1, 3, 1 << 17).await;
    let error = backend.set(&nth(1), frame(1, 4, (1 << 17) + 1), for_ever()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert_eq!(version_of(&backend, 1).await, None);
}

#[tokio::test]
async fn hostile_keys_are_keys_like_any_other() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let long = "x".repeat(5_000);
    let hostile = [
        "../../etc/passwd",
        "/",
        ".",
        "..",
        "a\0b",
        "a\nb",
        "*",
        "00000001.seg",
        "larder.lock",
        &long,
        "\u{202e}",
    ];
    let backend = DiskBackend::open(&dir).unwrap();
    for (n, text) in (0_u64..).zip(hostile) {
        backend.set(&key(text), frame(n, 1, 50), for_ever()).await.unwrap();
    }
    backend.disconnect().await.unwrap();
    backend.connect().await.unwrap();
    for (n, text) in (0_u64..).zip(hostile) {
        assert_eq!(backend.get(&key(text)).await.unwrap(), Some(frame(n, 1, 50)), "{text:?}");
    }
    let names: Vec<_> =
        crate::support::files(&dir, "").iter().map(|p| p.file_name().unwrap().to_owned()).collect();
    assert_eq!(names, ["00000001.hint", "00000001.seg", "larder.lock"]);
    assert_eq!(std::fs::read_dir(home.path()).unwrap().count(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_never_mix_entries_up() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(32 << 20).open().unwrap();
    let writers: Vec<_> = (0..16_u64)
        .map(|writer| {
            let backend = backend.clone();
            tokio::spawn(async move {
                for step in 0..200 {
                    // Half of the keys are the writer's own, half are everybody's.
                    let n = if step % 2 == 0 { writer * 1_000 + step } else { 90_000 + step % 10 };
                    let length = if step % 20 == 7 { 40_000 } else { 300 };
                    put(&backend, n, step, length).await;
                    let seen = version_of(&backend, n).await;
                    assert!(n >= 90_000 || seen == Some(step), "{writer} {step}: {seen:?}");
                    assert!(seen.is_some(), "a shared key was never removed");
                }
            })
        })
        .collect();
    for writer in writers {
        writer.await.unwrap();
    }
    assert_eq!(backend.usage().unwrap().damaged, 0);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_write_whose_caller_went_away_never_lands_behind_a_later_one() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(64 << 20).open().unwrap();
    for round in 0..200 {
        let set = tokio::spawn({
            let backend = backend.clone();
            async move { backend.set(&nth(1), frame(1, round, 200_000), for_ever()).await }
        });
        // Not always at the same moment: before the gate, in the queue, while it is written, or after.
        for _ in 0..round % 7 {
            tokio::task::yield_now().await;
        }
        set.abort();
        // From here on its future is gone, but a thread may have its work.
        let _ = set.await;
        if round % 2 == 0 {
            backend.delete(&nth(1), DeleteOptions::default()).await.unwrap();
            assert_eq!(version_of(&backend, 1).await, None, "round {round}");
        } else {
            put(&backend, 1, 1_000 + round, 200_000).await;
            assert_eq!(version_of(&backend, 1).await, Some(1_000 + round));
        }
        let later = version_of(&backend, 1).await;
        assert_eq!(later.is_some(), round % 2 == 1, "round {round}: {later:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_reader_never_misses_an_entry_that_is_only_overwritten() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(4 << 20).open().unwrap();
    put(&backend, 1, 0, 500).await;
    let writer = tokio::spawn({
        let backend = backend.clone();
        async move {
            for version in 1..20_000 {
                put(&backend, 1, version, if version % 100 == 0 { 20_000 } else { 500 }).await;
            }
        }
    });
    let (mut last, mut reads) = (0, 0);
    while !writer.is_finished() {
        let seen = version_of(&backend, 1).await.expect("an overwrite looked like a removal");
        assert!(seen >= last, "{seen} after {last}");
        (last, reads) = (seen, reads + 1);
    }
    writer.await.unwrap();
    assert!(reads > 100, "only {reads} reads took part");
}
