//! What does a stampede cost: 10,000 callers of one cold key, beside a bare `tokio::sync::watch` that wakes as many?
//!
//! `cargo bench --bench stampede`. Each contender spawns its callers, waits until all of them wait, lets the one load
//! end, and joins them; what is printed is the median over interleaved rounds of both times, and of their ratios to the
//! watch of the same round. Arriving goes on while the load runs; what a
//! stampede adds to a load is the answering. Then a million distinct keys and a million failing ones, which leave no flight
//! and less than 4 MiB. Runs with `--test` once and small, to see that all of it works.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod common;

use std::hint::black_box;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Instant;

use larder::{CacheManager, Near};
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};

use crate::common::median;

const CALLERS: usize = 10_000;
const ROUNDS: usize = 31;
const KEYS: u64 = 1_000_000;

static ARRIVED: AtomicUsize = AtomicUsize::new(0);
static LOADED: Mutex<Option<Instant>> = Mutex::new(None);

/// The load: ends when every caller has arrived and waits.
async fn load(callers: usize, round: u64) -> Arc<u64> {
    while ARRIVED.load(Ordering::Relaxed) < callers {
        yield_now().await;
    }
    yield_now().await;
    *LOADED.lock().unwrap() = Some(Instant::now());
    Arc::new(round)
}

#[larder::cached(ttl = "1h", skip(callers))]
async fn cached(round: u64, callers: usize) -> Arc<u64> {
    load(callers, round).await
}

/// Callers that count themselves as arrived, and then ask: the milliseconds until all wait (which passes while the load
/// runs), and from the end of the load until the last one has its answer.
async fn stampede<F, Fut>(callers: usize, ask: F) -> [f64; 2]
where
    F: Fn() -> Fut,
    Fut: Future<Output = u64> + Send + 'static,
{
    ARRIVED.store(0, Ordering::Relaxed);
    let began = Instant::now();
    let mut tasks = JoinSet::new();
    for _ in 0..callers {
        let asking = ask();
        tasks.spawn(async move {
            ARRIVED.fetch_add(1, Ordering::Relaxed);
            asking.await
        });
    }
    let mut sum = 0;
    while let Some(answer) = tasks.join_next().await {
        sum += answer.unwrap();
    }
    black_box(sum);
    let loaded = LOADED.lock().unwrap().unwrap();
    [(loaded - began).as_secs_f64() * 1e3, loaded.elapsed().as_secs_f64() * 1e3]
}

async fn by_watch(callers: usize, round: u64) -> [f64; 2] {
    let (outcome, waiting) = watch::channel(None::<Arc<u64>>);
    tokio::spawn(async move { outcome.send_replace(Some(load(callers, round).await)) });
    stampede(callers, || {
        let mut waiting = waiting.clone();
        async move { **waiting.wait_for(Option::is_some).await.unwrap().as_ref().unwrap() }
    })
    .await
}

async fn by_function(callers: usize, round: u64) -> [f64; 2] {
    stampede(callers, || async move { *cached(round, callers).await }).await
}

async fn by_call(cache: &CacheManager, callers: usize, round: u64) -> [f64; 2] {
    let key: Arc<str> = format!("cold:{round}").into();
    stampede(callers, || {
        let (cache, key) = (cache.clone(), Arc::clone(&key));
        async move {
            *cache
                .get_or_load(&*key, || async move { Ok::<_, String>(load(callers, round).await) })
                .await
                .unwrap()
        }
    })
    .await
}

/// The time of a contender in a phase, and its ratio to the watch of the same round.
fn median_of(times: &[[[f64; 2]; 3]], contender: usize, phase: usize) -> (f64, f64) {
    let own = times.iter().map(|round| round[contender][phase]);
    let ratio = times.iter().map(|round| round[contender][phase] / round[0][phase]);
    (median(own.collect()), median(ratio.collect()))
}

/// Kilobytes of memory of this process.
fn resident() -> u64 {
    let statm = std::fs::read_to_string("/proc/self/statm").unwrap_or_default();
    statm.split(' ').nth(1).and_then(|pages| pages.parse::<u64>().ok()).unwrap_or(0) * 4
}

async fn flood(cache: &CacheManager, keys: u64, (flood, fails, warm): (usize, bool, bool)) {
    let (before, began, loads) = (resident(), Instant::now(), AtomicU64::new(0));
    for key in 0..keys {
        let loader = || async {
            loads.fetch_add(1, Ordering::Relaxed);
            if fails { Err(key) } else { Ok(key) }
        };
        let _ = black_box(cache.get_or_load(format!("flood:{flood}:{key}"), loader).await);
    }
    let left = cache.stats().loading;
    assert_eq!((left, loads.load(Ordering::Relaxed)), (0, keys));
    // The first floods of a kind fill what is bounded (the near tier, what it remembers of those that left, the memory of
    // failures), and settle where the allocator puts it. A byte kept of each key would be a mebibyte.
    let bound = if warm { 4 << 10 } else { 64 << 10 };
    assert!(resident() < before + bound, "{before} KiB before, {} after", resident());
    println!(
        "{:<34} {:>9} loads, {left} flights left, {:>6} KiB before, {:>6} after, {:>6.1} us each",
        if fails { "failing keys" } else { "distinct keys" },
        loads.load(Ordering::Relaxed),
        before,
        resident(),
        began.elapsed().as_secs_f64() * 1e6 / keys as f64,
    );
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let only_a_test = std::env::args().any(|arg| arg == "--test");
    let (rounds, callers, keys) = if only_a_test { (1, 100, 1_000) } else { (ROUNDS, CALLERS, KEYS) };
    let cache = CacheManager::builder().near(Near::mib(8)).build().unwrap();
    let mut times = Vec::new();
    for round in 0..rounds as u64 {
        let watch = by_watch(callers, round).await;
        times.push([watch, by_function(callers, round).await, by_call(&cache, callers, round).await]);
    }
    println!(
        "{:<34} {:>9} {:>7} {:>9} {:>7}",
        format!("{callers} callers, one load"),
        "arrive ms",
        "ratio",
        "answer ms",
        "ratio"
    );
    for (index, name) in
        ["bare tokio::sync::watch", "larder #[cached]", "larder get_or_load"].iter().enumerate()
    {
        let row: Vec<(f64, f64)> = (0..2).map(|phase| median_of(&times, index, phase)).collect();
        println!("{name:<34} {:>9.2} {:>7.2} {:>9.2} {:>7.2}", row[0].0, row[0].1, row[1].0, row[1].1);
    }
    for (number, (fails, warm)) in
        [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate()
    {
        flood(&cache, keys, (number, fails, warm)).await;
    }
}
