//! What the backend does to the runtime that it is called from.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::{Duration, Instant};

use cache_backends::DiskBackend;
use cache_core::port::backend::CacheBackend;

use crate::support::{for_ever, frame, nth, put};

/// How often a 2 ms timer fires in half a second beside eight tasks that do nothing but call the backend.
async fn firings_beside(length: usize) -> u32 {
    let home = tempfile::tempdir().unwrap();
    let backend = DiskBackend::builder(home.path().join("d")).max_bytes(256 << 20).open().unwrap();
    for n in 0..8 {
        put(&backend, n, 1, length).await;
    }
    let done = Arc::new(AtomicBool::new(false));
    let calls = Arc::new(AtomicU32::new(0));
    let busy: Vec<_> = (0..8)
        .map(|n| {
            let (backend, done, calls) = (backend.clone(), Arc::clone(&done), Arc::clone(&calls));
            tokio::spawn(async move {
                let (key, value) = (nth(n), frame(n, 1, length));
                while !done.load(Ordering::Relaxed) {
                    if calls.fetch_add(1, Ordering::Relaxed) % 10 == 0 {
                        backend.set(&key, value.clone(), for_ever()).await.unwrap();
                    }
                    assert_eq!(backend.get(&key).await.unwrap().map(|found| found.len()), Some(length));
                }
            })
        })
        .collect();
    let timer = tokio::spawn(async {
        let (start, mut fired) = (Instant::now(), 0);
        while start.elapsed() < Duration::from_millis(500) {
            tokio::time::sleep(Duration::from_millis(2)).await;
            fired += 1;
        }
        fired
    });
    let fired = timer.await.unwrap();
    done.store(true, Ordering::Relaxed);
    for task in busy {
        task.await.unwrap();
    }
    assert!(calls.load(Ordering::Relaxed) > 16, "the busy tasks were not busy");
    fired
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn timers_are_not_starved() {
    for length in [1_000, 64_000, 1_000_000] {
        let fired = firings_beside(length).await;
        println!("{length} bytes: a 2 ms timer fired {fired} times in 500 ms");
        // Without a budget it fires never; an idle machine gives 100 to 160, a crowded one a fifth of that.
        assert!(fired >= 10, "{length} bytes: the timer fired {fired} times only");
    }
}

/// Waits until so many of this process's threads belong to a backend: they begin and end in their own time.
fn has_threads(expected: usize) -> bool {
    let name =
        |task: std::fs::DirEntry| std::fs::read_to_string(task.path().join("comm")).unwrap_or_default();
    let start = Instant::now();
    while start.elapsed() < Duration::from_secs(10) {
        let tasks = std::fs::read_dir("/proc/self/task").unwrap().filter_map(Result::ok);
        if tasks.map(name).filter(|name| name.starts_with("larder-disk")).count() == expected {
            return true;
        }
        std::thread::yield_now();
    }
    false
}

/// Alone in a process of its own: other tests of this one have backends too.
#[test]
fn threads_end_with_the_backend() {
    const ALONE: &str = "LARDER_TEST_DISK_ALONE";
    if std::env::var_os(ALONE).is_none() {
        let mut again = std::process::Command::new(std::env::current_exe().unwrap());
        again.args(["--exact", "runtime::threads_end_with_the_backend"]).env(ALONE, "1");
        let output = again.output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let home = tempfile::tempdir().unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let backend = DiskBackend::open(home.path().join("d")).unwrap();
    assert!(has_threads(3));
    runtime.block_on(backend.disconnect()).unwrap();
    assert!(has_threads(0));
    runtime.block_on(backend.connect()).unwrap();
    runtime.block_on(put(&backend, 1, 1, 50_000));
    assert!(has_threads(3));
    drop(backend);
    assert!(has_threads(0));
}
