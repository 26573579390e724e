//! How fast it is, as ratios to plain files in the same run. Not part of an ordinary run:
//! `cargo test --release -p cache-backends --test disk -- --ignored --nocapture times::`

use std::path::Path;
use std::time::{Duration, Instant};

use bytes::Bytes;
use cache_backends::DiskBackend;
use cache_core::port::backend::CacheBackend;

use crate::support::{Dice, for_ever, nth};

const ROUNDS: usize = 7;

fn median(mut of: Vec<f64>) -> f64 {
    of.sort_by(f64::total_cmp);
    of[of.len() / 2]
}

fn micros(elapsed: Duration, operations: u64) -> f64 {
    elapsed.as_secs_f64() * 1e6 / operations as f64
}

fn plain_put(dir: &Path, n: u64, value: &[u8]) {
    std::fs::write(dir.join("tmp"), value).unwrap();
    std::fs::rename(dir.join("tmp"), dir.join(n.to_string())).unwrap();
}

/// Both in turns; microseconds per get and put, of the backend and of plain files.
async fn compare(home: &Path, length: usize, keys: u64, operations: u64) {
    let plain = home.join(format!("plain{length}"));
    std::fs::create_dir(&plain).unwrap();
    let backend = DiskBackend::builder(home.join(format!("d{length}"))).max_bytes(4 << 30).open().unwrap();
    let value = Bytes::from(vec![0x5a; length]);
    let all: Vec<_> = (0..keys).map(nth).collect();
    for n in 0..keys {
        plain_put(&plain, n, &value);
        backend.set(&nth(n), value.clone(), for_ever()).await.unwrap();
    }
    let (mut gets, mut puts, mut raw) = (Vec::new(), Vec::new(), [Vec::new(), Vec::new()]);
    let mut dice = Dice::new(1);
    let mut pick = || usize::try_from(dice.below(keys)).unwrap();
    for _ in 0..ROUNDS {
        let start = Instant::now();
        for _ in 0..operations {
            assert_eq!(std::fs::read(plain.join(pick().to_string())).unwrap().len(), length);
        }
        raw[0].push(micros(start.elapsed(), operations));
        let start = Instant::now();
        for _ in 0..operations {
            assert_eq!(backend.get(&all[pick()]).await.unwrap().unwrap().len(), length);
        }
        gets.push(micros(start.elapsed(), operations));
        let start = Instant::now();
        for _ in 0..operations / 4 {
            plain_put(&plain, pick() as u64, &value);
        }
        raw[1].push(micros(start.elapsed(), operations / 4));
        let start = Instant::now();
        for _ in 0..operations / 4 {
            assert!(backend.set(&all[pick()], value.clone(), for_ever()).await.unwrap());
        }
        puts.push(micros(start.elapsed(), operations / 4));
    }
    let ratio = |of: &[f64], to: &[f64]| median(of.iter().zip(to).map(|(of, to)| of / to).collect());
    println!(
        "{length:>8} B  get {:>7.2} us = {:.3} x fs::read ({:.2})   put {:>7.2} us = {:.3} x tmp + rename ({:.2})",
        median(gets.clone()),
        ratio(&gets, &raw[0]),
        median(raw[0].clone()),
        median(puts.clone()),
        ratio(&puts, &raw[1]),
        median(raw[1].clone()),
    );
}

#[ignore = "measures"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn gets_and_puts() {
    let home = tempfile::tempdir().unwrap();
    compare(home.path(), 1 << 10, 5_000, 20_000).await;
    compare(home.path(), 16 << 10, 2_000, 8_000).await;
    compare(home.path(), 64 << 10, 500, 4_000).await;
    compare(home.path(), 1 << 20, 50, 400).await;
}

#[ignore = "measures"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn reopening() {
    for entries in [100_000_u64, 1_000_000] {
        let home = tempfile::tempdir().unwrap();
        let dir = home.path().join("d");
        let open = || DiskBackend::builder(&dir).max_bytes(4 << 30).open().unwrap();
        let backend = open();
        let (value, start) = (Bytes::from(vec![1; 200]), Instant::now());
        for n in 0..entries {
            backend.set(&nth(n), value.clone(), for_ever()).await.unwrap();
        }
        println!("{entries} entries: written at {:.2} us each", micros(start.elapsed(), entries));
        let start = Instant::now();
        drop(backend);
        println!("{entries} entries: closed in {:?}", start.elapsed());
        let mut clean = Vec::new();
        for _ in 0..5 {
            let start = Instant::now();
            let backend = open();
            clean.push(start.elapsed().as_secs_f64() * 1e3);
            assert_eq!(backend.usage().unwrap().entries, entries);
        }
        println!("{entries} entries: opened in {:.1} ms (median of 5)", median(clean));
        // As after a kill: the youngest hint is missing and the lock file does not say that it was closed.
        let lock = std::fs::read_to_string(dir.join("larder.lock")).unwrap();
        std::fs::write(dir.join("larder.lock"), lock.replace("clean yes", "clean no ")).unwrap();
        std::fs::remove_file(crate::support::files(&dir, ".hint").last().unwrap()).unwrap();
        let start = Instant::now();
        let backend = open();
        println!("{entries} entries: opened after a crash in {:?}", start.elapsed());
        assert_eq!(backend.usage().unwrap().entries, entries);
    }
}

/// One call of a busy task: to the backend, or nothing at all (0 bytes: what the runtime itself does to a timer).
async fn call(backend: &DiskBackend, value: &Bytes, dice: &mut Dice) {
    if value.is_empty() {
        let start = Instant::now();
        while start.elapsed() < Duration::from_micros(50) {}
        return tokio::task::yield_now().await;
    }
    let key = nth(dice.below(64));
    if dice.below(10) == 0 {
        backend.set(&key, value.clone(), for_ever()).await.unwrap();
    } else {
        assert!(backend.get(&key).await.unwrap().is_some());
    }
}

#[ignore = "measures"]
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn lateness_of_a_timer() {
    for length in [0, 1 << 10, 16 << 10, 64 << 10, 1 << 20] {
        let home = tempfile::tempdir().unwrap();
        let backend = DiskBackend::builder(home.path().join("d")).max_bytes(1 << 30).open().unwrap();
        let value = Bytes::from(vec![1; length]);
        for n in 0..64 {
            backend.set(&nth(n), value.clone(), for_ever()).await.unwrap();
        }
        let busy: Vec<_> = (0..8)
            .map(|task| {
                let (backend, value) = (backend.clone(), value.clone());
                tokio::spawn(async move {
                    let (mut dice, mut calls) = (Dice::new(task + 1), 0_u64);
                    let start = Instant::now();
                    while start.elapsed() < Duration::from_millis(1_500) {
                        call(&backend, &value, &mut dice).await;
                        calls += 1;
                    }
                    calls
                })
            })
            .collect();
        let mut late = tokio::spawn(lateness(Duration::from_millis(1_400))).await.unwrap();
        late.sort_by(f64::total_cmp);
        let mut calls = 0;
        for task in busy {
            calls += task.await.unwrap();
        }
        println!(
            "{length:>8} B, 10 % puts: {} firings, late by {:.2} ms (median), {:.2} ms (p99), {:.0} calls/s",
            late.len(),
            late[late.len() / 2],
            late[late.len() * 99 / 100],
            calls as f64 / 1.5
        );
    }
}

/// By how many milliseconds each firing of a 2 ms timer was late.
async fn lateness(during: Duration) -> Vec<f64> {
    let (start, mut late) = (Instant::now(), Vec::new());
    while start.elapsed() < during {
        let asked = Instant::now();
        tokio::time::sleep(Duration::from_millis(2)).await;
        late.push((asked.elapsed().as_secs_f64() - 0.002) * 1e3);
    }
    late
}
