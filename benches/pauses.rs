//! How long does a busy tier keep other tasks from running?
//!
//! `cargo bench --bench pauses`. One thread runs both the work and a heart that wants to beat every millisecond; what
//! is printed is how late its beats were, and the longest single call in processor time. The first row is the machine itself. A memory
//! tier of a million entries should not pause for 10 ms, whatever is done to it; reads that the page cache has forgotten
//! must not stop the heart while the disk works.
//!
//! `chrt -f 50 taskset -c 1 target/release/deps/pauses-*` keeps other programs away (but for 50 ms in each second, which Linux
//! takes from such a thread: `sched_rt_runtime_us`). So measured on two shared cores, a million entries in memory: the longest
//! single call 4 ms while reading and filling, 9 ms while flooded, 7 ms while half a million end at once. In one table it was
//! 12, 36 and 57 ms: when one of the 64 parts of moka's table grows, or has lost a tenth of its entries, the writer that notices
//! copies that part, each entry with the misses of the processor's cache that it takes to hash a key. So more than 150,000 entries go
//! into eight tables. Runs with `--test` once and small, to see that all of it works.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

use std::future::Future;
use std::path::Path;
use std::process::Command;
use std::time::{Duration, Instant};

use larder::{
    Bytes, CacheBackend, CacheKey, DiskBackend, Expiry, KeyPattern, MemoryBackend, Namespace, SetOptions,
};

const BEAT: Duration = Duration::from_millis(1);

struct Scale {
    entries: u64,
    cold: u64,
}

fn key(n: u64) -> CacheKey {
    CacheKey::direct(
        &Namespace::default(),
        &format!("{}:{n}", if n.is_multiple_of(2) { "even" } else { "odd" }),
    )
    .unwrap()
}

fn pattern(text: &str) -> KeyPattern {
    KeyPattern::parse(text).unwrap().within(&Namespace::default())
}

/// Runs some work beside the heart, and prints a row.
async fn beside_the_heart(what: &str, work: impl Future<Output = Duration>) {
    let mut work = Box::pin(work);
    let (began, spent, mut late) = (Instant::now(), on_processor(), Vec::new());
    let longest = loop {
        let asked = Instant::now();
        let beat = tokio::time::sleep(BEAT);
        tokio::pin!(beat);
        let done = tokio::select! { biased; () = &mut beat => None, longest = &mut work => Some(longest) };
        if let Some(longest) = done {
            break longest;
        }
        late.push(asked.elapsed().saturating_sub(BEAT));
    };
    late.sort();
    let at =
        |percent: usize| late.get(late.len() * percent / 100).or(late.last()).copied().unwrap_or_default();
    println!(
        "{what:<58} {:>6.1} s ({:>5.1} of processor) {:>5} beats, late by {:>6.2} ms (p50) {:>6.2} (p99) {:>6.2} (most); longest call {:>6.2} ms",
        began.elapsed().as_secs_f64(),
        on_processor().saturating_sub(spent).as_secs_f64(),
        late.len(),
        millis(at(50)),
        millis(at(99)),
        millis(at(100)),
        millis(longest)
    );
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1e3
}

/// Calls one after the other; the longest of them, by the time that the processor spent on it: a crowded machine
/// makes every call long now and then. The processor's time is read every millisecond and after slow calls.
async fn each<F: Future>(calls: impl Iterator<Item = F>) -> Duration {
    let (mut longest, mut read_at, mut spent) = (Duration::ZERO, Instant::now(), on_processor());
    for call in calls {
        if read_at.elapsed() > BEAT {
            (read_at, spent) = (Instant::now(), on_processor());
        }
        let began = Instant::now();
        call.await;
        if began.elapsed() > longest.max(BEAT) {
            longest = longest.max(began.elapsed().min(on_processor().saturating_sub(spent)));
        }
    }
    longest
}

/// What this thread has had of a processor, as Linux counts it (every few milliseconds); elsewhere simply the time.
fn on_processor() -> Duration {
    static START: std::sync::LazyLock<Instant> = std::sync::LazyLock::new(Instant::now);
    let counted = std::fs::read_to_string("/proc/thread-self/schedstat").ok();
    let nanos = counted.and_then(|counted| counted.split_whitespace().next()?.parse().ok());
    nanos.map_or_else(|| START.elapsed(), Duration::from_nanos)
}

/// One long call: not a pause, as long as the heart beats.
async fn one<T>(call: impl Future<Output = T>) -> Duration {
    call.await;
    Duration::ZERO
}

async fn put(backend: &impl CacheBackend, n: u64, frame: &Bytes, expiry: Expiry) {
    assert!(backend.set(&key(n), frame.clone(), SetOptions::default().expiring(expiry)).await.unwrap());
}

async fn memory(scale: &Scale) {
    let (entries, frame) = (scale.entries, Bytes::from(vec![7; 100]));
    let memory = MemoryBackend::builder().max_entries(entries).max_bytes(1 << 30).build();
    let soon = Expiry::After(Duration::from_secs(if entries > 100_000 { 20 } else { 1 }));
    let (set, get) = (|n| put(&memory, n, &frame, Expiry::Never), |n| memory.get_owned(n));
    beside_the_heart("memory: filled", each((0..entries).map(set))).await;
    beside_the_heart("memory: read", each((0..entries).map(get))).await;
    beside_the_heart("memory: flooded with as many again", each((entries..2 * entries).map(set))).await;
    beside_the_heart("memory: one half removed by a pattern", one(memory.delete_pattern(&pattern("odd:*"))))
        .await;
    let brief = |n: u64| put(&memory, 2 * n, &frame, soon);
    beside_the_heart("memory: one half overwritten, to end soon", each((0..entries / 2).map(brief))).await;
    tokio::time::sleep(Duration::from_secs(if entries > 100_000 { 15 } else { 1 })).await;
    beside_the_heart("memory: written while that half ends", each((0..entries).map(set))).await;
    beside_the_heart("memory: cleared", one(memory.clear(&Namespace::default()))).await;
}

trait GetOwned {
    fn get_owned(&self, n: u64) -> impl Future<Output = ()>;
}

impl<B: CacheBackend> GetOwned for B {
    async fn get_owned(&self, n: u64) {
        let _ = self.get(&key(n)).await.unwrap();
    }
}

async fn disk(scale: &Scale) {
    let home = tempfile::tempdir().unwrap();
    let dir = home.path().join("d");
    for length in [4 << 10, 64 << 10, 1 << 20] {
        let disk = DiskBackend::builder(&dir).max_bytes(4 << 30).open().unwrap();
        let (frame, entries) =
            (Bytes::from(vec![7; length]), (scale.cold >> 2) / (length as u64 >> 10).max(1) + 8);
        for n in 0..entries {
            put(&disk, n, &frame, Expiry::Never).await;
        }
        disk.disconnect().await.unwrap();
        disk.connect().await.unwrap();
        forget_pages(&dir);
        let name = format!("disk: {entries} entries of {} KiB, cold", length >> 10);
        beside_the_heart(&name, each((0..entries).map(|n| disk.get_owned(n)))).await;
        let name = format!("disk: {entries} entries of {} KiB, again", length >> 10);
        beside_the_heart(&name, each((0..entries).map(|n| disk.get_owned(n)))).await;
        disk.disconnect().await.unwrap();
        std::fs::remove_dir_all(&dir).unwrap();
    }
}

/// Lets the page cache forget the files: `dd` can ask for that without being root.
fn forget_pages(dir: &Path) {
    for file in std::fs::read_dir(dir).unwrap() {
        let mut dd = Command::new("dd");
        dd.arg(format!("if={}", file.unwrap().path().display())).args([
            "iflag=nocache",
            "count=0",
            "status=none",
        ]);
        assert!(dd.status().unwrap().success(), "dd cannot drop cached pages here");
    }
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let only_a_test = std::env::args().any(|arg| arg == "--test");
    let scale = if only_a_test {
        Scale { entries: 20_000, cold: 4_000 }
    } else {
        Scale { entries: 1_000_000, cold: 400_000 }
    };
    beside_the_heart("nothing", one(tokio::time::sleep(Duration::from_secs(1)))).await;
    memory(&scale).await;
    disk(&scale).await;
}
