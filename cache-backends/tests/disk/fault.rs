//! A file system that refuses: full, or limited by the system.

use std::os::unix::fs::{DirBuilderExt, PermissionsExt};
use std::path::Path;
use std::process::Command;

use cache_backends::DiskBackend;
use cache_core::error::ErrorKind;
use cache_core::port::backend::CacheBackend;

use crate::child::Child;
use crate::support::{for_ever, frame, nth, put, version_of};

/// Set in a test that runs once more with other rights.
const NESTED: &str = "LARDER_TEST_DISK_NESTED";

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

/// The test above once more, in a namespace of its own, where this user may mount.
fn run_where_mounting_is_permitted() {
    let mut shell = Command::new("unshare");
    shell.args(["--user", "--map-root-user", "--mount"]).arg(std::env::current_exe().unwrap());
    shell.args(["--exact", "fault::a_full_disk_refuses_single_writes_and_the_log_goes_on", "--nocapture"]);
    let nested = std::env::var_os(NESTED).is_some();
    let output = (!nested).then(|| shell.env(NESTED, "1").output().ok()).flatten();
    let text = output.as_ref().map(|output| String::from_utf8_lossy(&output.stdout).into_owned());
    if text.is_some_and(|text| text.contains("running on a tmpfs")) {
        assert!(output.is_some_and(|output| output.status.success()), "it failed in its namespace");
        return;
    }
    eprintln!(
        "NOT RUN with a full tmpfs: mounting is not permitted here, nor are user namespaces. \
         `a_file_that_may_not_grow_...` covers a refusing system instead"
    );
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
    let Some(full) = Tmpfs::mount(&mount, "1m") else { return run_where_mounting_is_permitted() };
    println!("running on a tmpfs of 1 MiB");
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

/// The child's part of the test below: nobody may make a file in the directory any more, not even its owner.
pub(crate) async fn write_where_no_file_can_be_made(dir: &Path) {
    let mode = |mode| std::fs::set_permissions(dir, PermissionsExt::from_mode(mode)).unwrap();
    let open = || DiskBackend::builder(dir).max_bytes(1 << 20).segment_bytes(64 << 10);
    let backend = open().open().unwrap();
    for n in 0..10 {
        put(&backend, n, 1, 1_000).await;
    }
    mode(0o500);
    let (mut refused, mut held) = (0, 0);
    for n in 10..200 {
        match backend.set(&nth(n), frame(n, 1, 1_000), for_ever()).await {
            Ok(_) => held += u64::from(version_of(&backend, n).await == Some(1)),
            Err(error) => {
                assert_eq!(error.kind(), ErrorKind::Io, "{error}");
                assert!(error.to_string().contains("give this user the directory"), "{error}");
                assert_eq!(version_of(&backend, n).await, None);
                refused += 1;
            }
        }
    }
    assert_eq!(version_of(&backend, 3).await, Some(1), "what is there is served");
    assert!(backend.delete(&nth(3), Default::default()).await.unwrap(), "and can be removed");
    backend.disconnect().await.unwrap();
    mode(0o700);
    backend.connect().await.unwrap();
    assert_eq!((version_of(&backend, 2).await, version_of(&backend, 3).await), (Some(1), None));
    put(&backend, 3, 2, 1_000).await;
    backend.disconnect().await.unwrap();

    std::fs::remove_file(dir.join("larder.lock")).unwrap();
    mode(0o500);
    let error = open().open().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Io, "{error}");
    mode(0o700);
    println!("refused {refused} held {held}");
}

#[test]
fn a_directory_that_cannot_be_written_refuses_writes_and_goes_on_serving() {
    let home = tempfile::tempdir().unwrap();
    std::fs::set_permissions(home.path(), PermissionsExt::from_mode(0o777)).unwrap();
    let output = Child::start_powerless(&home.path().join("d")).output();
    let (_, numbers) = output.split_once("refused ").unwrap_or_else(|| panic!("the child failed: {output}"));
    let numbers: Vec<u64> = numbers.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    let [refused, held, ..] = numbers[..] else { panic!("{output}") };
    assert!(refused > 50 && held > 20 && refused + held == 190, "{output}");
}
