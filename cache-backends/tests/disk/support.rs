//! What the tests share.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use cache_backends::DiskBackend;
use cache_core::key::{CacheKey, Namespace};
use cache_core::port::backend::{CacheBackend, Expiry, SetOptions};
use cache_core::port::clock::{Clock, TimeSource};
use cache_core::time::{Tick, WallTime};

/// A wall clock that stands still until it is told to go on.
#[derive(Debug)]
pub(crate) struct Hands(AtomicU64);

impl Hands {
    pub(crate) fn new() -> Arc<Self> {
        Arc::new(Self(AtomicU64::new(1_000_000)))
    }

    pub(crate) fn clock(self: &Arc<Self>) -> Clock {
        Clock::source(Arc::clone(self) as Arc<dyn TimeSource>)
    }

    pub(crate) fn advance(&self, millis: u64) {
        self.0.fetch_add(millis, Ordering::SeqCst);
    }

    pub(crate) fn turn_back(&self, millis: u64) {
        self.0.fetch_sub(millis, Ordering::SeqCst);
    }
}

impl TimeSource for Hands {
    fn tick(&self) -> Tick {
        Tick(self.0.load(Ordering::SeqCst) * 1_000_000)
    }

    fn wall(&self) -> WallTime {
        WallTime(self.0.load(Ordering::SeqCst))
    }
}

pub(crate) fn key(text: &str) -> CacheKey {
    CacheKey::direct(&Namespace::default(), text).unwrap()
}

pub(crate) fn nth(n: u64) -> CacheKey {
    key(&format!("entry:{n}"))
}

pub(crate) fn for_ever() -> SetOptions {
    SetOptions::default()
}

pub(crate) fn millis(life: u64) -> SetOptions {
    SetOptions::default().expiring(Expiry::After(Duration::from_millis(life)))
}

/// A frame that says whose it is and which version: nobody can mistake one for another.
pub(crate) fn frame(n: u64, version: u64, length: usize) -> Bytes {
    let mut bytes = format!("{n}/{version}/").into_bytes();
    bytes.resize(length.max(bytes.len()), b'.');
    Bytes::from(bytes)
}

/// Which entry and version a frame is, if it is one at all.
pub(crate) fn read_frame(bytes: &[u8]) -> Option<(u64, u64)> {
    let text = std::str::from_utf8(bytes).ok()?;
    let mut parts = text.split('/');
    let (n, version, rest) = (parts.next()?, parts.next()?, parts.next()?);
    rest.bytes().all(|byte| byte == b'.').then_some((n.parse().ok()?, version.parse().ok()?))
}

pub(crate) async fn put(backend: &DiskBackend, n: u64, version: u64, length: usize) {
    assert!(backend.set(&nth(n), frame(n, version, length), for_ever()).await.unwrap());
}

pub(crate) async fn version_of(backend: &DiskBackend, n: u64) -> Option<u64> {
    let bytes = backend.get(&nth(n)).await.unwrap()?;
    let (owner, version) = read_frame(&bytes).expect("garbage was returned");
    assert_eq!(owner, n, "another entry's frame was returned");
    Some(version)
}

/// The files of a directory with a suffix, sorted.
pub(crate) fn files(dir: &Path, suffix: &str) -> Vec<std::path::PathBuf> {
    let entries = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    let mut found: Vec<_> = entries.filter(|path| path.to_string_lossy().ends_with(suffix)).collect();
    found.sort();
    found
}

/// The length of all files of a directory.
pub(crate) fn bytes_of(dir: &Path) -> u64 {
    files(dir, "").iter().filter_map(|path| path.metadata().ok()).map(|found| found.len()).sum()
}

/// Numbers that look random and are the same in every run.
pub(crate) struct Dice(u64);

impl Dice {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed | 1)
    }

    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % bound
    }
}
