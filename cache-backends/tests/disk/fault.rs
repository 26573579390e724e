//! A file system that refuses: full, or limited by the system.

use std::os::unix::fs::DirBuilderExt;
use std::path::Path;
use std::process::Command;

use cache_backends::DiskBackend;
use cache_core::error::ErrorKind;
use cache_core::port::backend::CacheBackend;

use crate::child::Child;
use crate::support::{for_ever, frame, nth, put, version_of};

/// A small file system in memory. Unmounted when dropped.
struct Tmpfs<'a>(&'a Path);

impl<'a> Tmpfs<'a> {
    fn mount(at: &'a Path, size: &str) -> Option<Self> {
        std::fs::DirBuilder::new().mode(0o700).create(at).unwrap();
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={size},mode=700"), "larder-test"]).arg(at);
        mount.output().is_ok_and(|output| output.status.success()).then_some(Self(at))
    }
}

impl Drop for Tmpfs<'_> {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.0).output();
    }
}

/// Writes until one write is refused, and goes on from there.
async fn fill_beyond(backend: &DiskBackend, length: usize, kind: ErrorKind) -> u64 {
    let mut refused = 0;
    for n in 0..400 {
        put_or(backend, 999, 1).await;
        if let Err(error) = backend.set(&nth(n), frame(n, 1, length), for_ever()).await {
            assert_eq!(error.kind(), kind, "{error}");
            assert_eq!(version_of(backend, n).await, None, "a refused entry is there");
            refused += 1;
        }
    }
    refused
}

async fn put_or(backend: &DiskBackend, n: u64, version: u64) {
    let _ = backend.set(&nth(n), frame(n, version, 100), for_ever()).await;
}

/// The write that finds the disk full is refused; the next one finds the room that a segment has given up.
async fn put_at_the_second_try(backend: &DiskBackend, n: u64, version: u64, length: usize) {
    if backend.set(&nth(n), frame(n, version, length), for_ever()).await.is_err() {
        assert_eq!(version_of(backend, n).await, None);
        backend.settle().await;
        put(backend, n, version, length).await;
    }
}

/// Whatever is still there is right.
async fn found(backend: &DiskBackend) -> u64 {
    let mut found = 0;
    for n in 0..400 {
        found += u64::from(version_of(backend, n).await.is_some());
    }
    found
}

#[tokio::test]
async fn a_full_disk_refuses_single_writes_and_the_log_goes_on() {
    let home = tempfile::tempdir().unwrap();
    let mount = home.path().join("m");
    let Some(full) = Tmpfs::mount(&mount, "1m") else {
        eprintln!(
            "NOT RUN with a full tmpfs: mounting is not permitted here. \
             `a_file_that_may_not_grow_...` covers a refusing system instead"
        );
        return;
    };
    eprintln!("running on a tmpfs of 1 MiB");
    for length in [3_000, 30_000] {
        let dir = full.0.join(length.to_string());
        let backend = DiskBackend::builder(&dir).max_bytes(64 << 20).segment_bytes(64 << 10).open().unwrap();
        let refused = fill_beyond(&backend, length, ErrorKind::Io).await;
        assert!(refused > 0, "the disk never got full");
        // The oldest segments make room by themselves.
        put_at_the_second_try(&backend, 5, 2, length).await;
        assert_eq!(version_of(&backend, 5).await, Some(2));
        assert!(found(&backend).await > 1);
        // An older value does not outlive the write that was refused.
        let ballast = full.0.join("ballast");
        let _ = std::fs::write(&ballast, vec![0; 2 << 20]);
        let refused = backend.set(&nth(5), frame(5, 3, length), for_ever()).await;
        let now = version_of(&backend, 5).await;
        assert_eq!(now, if refused.is_ok() { Some(3) } else { None });
        // Removing needs no room.
        put_or(&backend, 6, 7).await;
        assert!(backend.delete(&nth(999), Default::default()).await.is_ok());
        std::fs::remove_file(&ballast).unwrap();
        put_at_the_second_try(&backend, 7, 9, length).await;
        // A segment may still be on its way out for the writes that were refused.
        backend.settle().await;
        let held = found(&backend).await;
        backend.disconnect().await.unwrap();
        backend.connect().await.unwrap();
        assert_eq!(found(&backend).await, held);
        assert_eq!(version_of(&backend, 7).await, Some(9));
        assert_eq!(version_of(&backend, 999).await, None);
        backend.disconnect().await.unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

/// The child's part of the test below: files end at 200 KiB, segments would be 1 MiB.
pub(crate) async fn write_beyond_the_limit(dir: &Path) {
    let backend = DiskBackend::builder(dir).max_bytes(64 << 20).open().unwrap();
    let mut refused = 0;
    for n in 0..1_000 {
        let length = if n % 50 == 3 { 30_000 } else { 2_000 };
        match backend.set(&nth(n), frame(n, 1, length), for_ever()).await {
            Ok(stored) => assert!(stored && version_of(&backend, n).await == Some(1)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Io, "{error}");
                assert_eq!(version_of(&backend, n).await, None);
                refused += 1;
            }
        }
    }
    backend.disconnect().await.unwrap();
    backend.connect().await.unwrap();
    let mut held = 0;
    for n in 0..1_000 {
        held += u64::from(version_of(&backend, n).await.is_some());
    }
    println!("refused {refused} held {held}");
}

#[test]
fn a_file_that_may_not_grow_costs_one_entry_and_the_next_goes_to_another_file() {
    let home = tempfile::tempdir().unwrap();
    let output = Child::start_limited(&home.path().join("d"), 400).output();
    let (_, numbers) = output.split_once("refused ").unwrap_or_else(|| panic!("the child failed: {output}"));
    let mut numbers = numbers.split_whitespace();
    let refused: u64 = numbers.next().unwrap().parse().unwrap();
    let held: u64 = numbers.nth(1).unwrap().parse().unwrap();
    assert!((10..40).contains(&refused), "{output}");
    assert_eq!(refused + held, 1_000, "{output}");
}
