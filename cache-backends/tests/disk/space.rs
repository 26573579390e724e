//! The byte bound, compaction and eviction.

use std::os::unix::fs::MetadataExt;

use cache_backends::DiskBackend;
use cache_core::port::backend::CacheBackend;

use crate::support::{Dice, bytes_of, for_ever, frame, nth, put, version_of};

const MAX: u64 = 8 << 20;
/// A default segment of that bound.
const SEGMENT: u64 = MAX / 64;

#[tokio::test]
async fn the_bound_holds_while_five_times_as_much_is_written() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(&dir).max_bytes(MAX).max_entry_bytes(SEGMENT).open().unwrap();
    let mut most = 0;
    for n in 0..40_000 {
        put(&backend, n, 1, 1_000).await;
        if n % 500 == 0 {
            most = most.max(bytes_of(&dir));
        }
    }
    assert!(most <= MAX + 2 * SEGMENT + 10_000, "{most} bytes were on disk");
    backend.settle().await;
    let usage = backend.usage().unwrap();
    assert!(bytes_of(&dir) <= MAX + 10_000 && usage.live_bytes <= MAX, "{usage:?}");
    assert!(usage.live_bytes > MAX - 4 * SEGMENT, "more was evicted than needed: {usage:?}");
    assert_eq!(usage.evicted, 40_000 - usage.entries);
    assert_eq!(version_of(&backend, 39_999).await, Some(1));
    assert_eq!(version_of(&backend, 0).await, None);
}

#[tokio::test]
async fn files_stay_near_the_live_bytes_after_ten_fold_overwrites() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::open(&dir).unwrap();
    let (entries, length) = (4_000, 1_000);
    let mut dice = Dice::new(3);
    for version in 0..10 {
        for n in 0..entries {
            put(&backend, n, version, length).await;
        }
        // Not only in rows: some keys are much hotter than others.
        for _ in 0..entries {
            let bound = 1 + dice.below(entries);
            put(&backend, dice.below(bound), version, length).await;
        }
    }
    backend.settle().await;
    let (live, files) = (entries * length as u64, bytes_of(&dir));
    println!("files / live = {:.3}", files as f64 / live as f64);
    assert!(files * 10 <= live * 13, "{files} bytes for {live}");
    assert_eq!(backend.usage().unwrap().evicted, 0);
    for n in 0..entries {
        assert_eq!(version_of(&backend, n).await, Some(9));
    }
    // The same holds for what is left when most of it is removed.
    for n in 0..entries {
        if n % 10 != 0 {
            assert!(backend.delete(&nth(n), Default::default()).await.unwrap());
        }
    }
    backend.settle().await;
    let files = bytes_of(&dir);
    assert!(files <= live / 10 * 13 / 10 + 300_000, "{files} bytes for {}", live / 10);
}

#[tokio::test]
async fn a_live_set_that_fits_is_never_evicted() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(MAX).open().unwrap();
    // 80 % of the bound is live.
    let (entries, mut dice) = (6_200, Dice::new(11));
    for n in 0..entries {
        put(&backend, n, 0, 1_000).await;
    }
    for version in 1..30_000 {
        put(&backend, dice.below(entries), version, 1_000).await;
    }
    backend.settle().await;
    assert_eq!(backend.usage().unwrap().evicted, 0);
    for n in 0..entries {
        assert!(version_of(&backend, n).await.is_some(), "{n}");
    }
}

#[tokio::test]
async fn hot_entries_survive_a_flood_of_cold_ones() {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(MAX).open().unwrap();
    for n in 0..300 {
        put(&backend, n, 1, 1_000).await;
    }
    for n in 1_000..30_000 {
        put(&backend, n, 1, 1_000).await;
        assert!(version_of(&backend, n % 300).await.is_some(), "hot entry {} was evicted at {n}", n % 300);
    }
}

#[tokio::test]
async fn expired_entries_go_before_live_ones() {
    let (home, hands) = (tempfile::tempdir().unwrap(), crate::support::Hands::new());
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(dir).max_bytes(MAX).clock(hands.clock()).open().unwrap();
    for n in 0..3_000 {
        put(&backend, n, 1, 1_000).await;
        backend.set(&nth(100_000 + n), frame(n, 1, 1_000), crate::support::millis(500)).await.unwrap();
    }
    hands.advance(500);
    for n in 3_000..6_000 {
        put(&backend, n, 1, 1_000).await;
    }
    backend.settle().await;
    assert_eq!(backend.usage().unwrap().evicted, 0);
    for n in 0..6_000 {
        assert_eq!(version_of(&backend, n).await, Some(1), "{n}");
    }
}

#[tokio::test]
async fn the_number_of_entries_is_bounded_too() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(dir).max_bytes(MAX).max_entries(5_000).open().unwrap();
    for n in 0..20_000 {
        put(&backend, n, 1, 20).await;
    }
    backend.settle().await;
    let entries = backend.usage().unwrap().entries;
    assert!((3_000..=5_000).contains(&entries), "{entries}");
    assert_eq!(version_of(&backend, 19_999).await, Some(1));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn large_entries_keep_the_bound_under_sixteen_writers() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(&dir).max_bytes(MAX).open().unwrap();
    let writers: Vec<_> = (0..16_u64)
        .map(|writer| {
            let backend = backend.clone();
            tokio::spawn(async move {
                for step in 0..30 {
                    let n = writer * 100 + step;
                    assert!(backend.set(&nth(n), frame(n, 1, 300_000), for_ever()).await.unwrap());
                }
            })
        })
        .collect();
    let mut most = 0;
    for writer in writers {
        writer.await.unwrap();
        most = most.max(bytes_of(&dir));
    }
    assert!(most <= MAX + 2 * (1 << 20) + 10_000, "{most}");
    backend.settle().await;
    assert!(bytes_of(&dir) <= MAX + 10_000);
    assert!(backend.usage().unwrap().evicted > 0);
}

/// What `du` says: blocks on the disk, the directory not counted.
fn blocks_of(dir: &std::path::Path) -> u64 {
    let found = crate::support::files(dir, "");
    found.iter().filter_map(|path| path.metadata().ok()).map(|file| file.blocks() * 512).sum()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn sixteen_writers_overwrite_everything_ten_times_within_the_bound() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(&dir).max_bytes(MAX).max_entry_bytes(SEGMENT).open().unwrap();
    let (entries, length) = (250, 1_000);
    let writers: Vec<_> = (0..16_u64)
        .map(|writer| {
            let backend = backend.clone();
            tokio::spawn(async move {
                for version in 0..10 {
                    for n in 0..entries {
                        put(&backend, writer * entries + n, version, length).await;
                    }
                }
            })
        })
        .collect();
    let mut most = 0;
    while !writers.iter().all(tokio::task::JoinHandle::is_finished) {
        most = most.max(blocks_of(&dir));
        assert!(backend.usage().unwrap().live_bytes <= MAX);
        tokio::time::sleep(std::time::Duration::from_millis(1)).await;
    }
    for writer in writers {
        writer.await.unwrap();
    }
    // Every file may end in the middle of a block.
    let ends = |segments: usize| 4_096 * (segments as u64 + 2);
    assert!(most <= MAX + 2 * SEGMENT + ends(80), "{most} bytes were on disk");
    backend.settle().await;
    let (live, usage, du) = (16 * entries * length as u64, backend.usage().unwrap(), blocks_of(&dir));
    assert!(du * 10 <= live * 13 + 10 * ends(usage.segments), "{du} bytes for {live}: {usage:?}");
    assert_eq!((usage.evicted, usage.entries), (0, 16 * entries));
    let hints = crate::support::files(&dir, ".hint").len();
    assert!(hints <= usage.segments, "{hints} hints of {} segments", usage.segments);
    for n in 0..16 * entries {
        assert_eq!(version_of(&backend, n).await, Some(9));
    }
}

#[tokio::test]
async fn a_smaller_bound_is_met_when_the_directory_is_opened_again() {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    let backend = DiskBackend::builder(&dir).max_bytes(MAX).open().unwrap();
    for n in 0..6_000 {
        put(&backend, n, 1, 1_000).await;
    }
    drop(backend);
    let backend = DiskBackend::builder(&dir).max_bytes(MAX / 4).open().unwrap();
    backend.settle().await;
    assert!(bytes_of(&dir) <= MAX / 4 + 10_000, "{}", bytes_of(&dir));
    assert_eq!(version_of(&backend, 5_999).await, Some(1));
}
