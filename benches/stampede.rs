//! What does a stampede cost: 10,000 callers of one cold key, beside a bare `tokio::sync::watch` that wakes as many?
//!
//! `cargo bench --bench stampede`. First what a caller sees: the load takes 20 ms, and the wall time passes from the first
//! caller to the last answer, on one thread and on two workers. Then what of it is the cache's: the load ends as soon as all
//! wait, so there is the time until they do (which else passes while the load runs), and from there to the last answer.
//! Medians over interleaved rounds, and of the ratios to the watch of the same round. Last a million distinct keys and a
//! million failing ones, which leave no flight and less than 4 MiB. Runs with `--test` once and small, to see that all of it works.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod common;

use std::hint::black_box;
use std::ops::Range;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use larder::{CacheManager, Near};
use tokio::runtime::Builder;
use tokio::sync::watch;
use tokio::task::{JoinSet, yield_now};

use crate::common::median;

const CALLERS: usize = 10_000;
const ROUNDS: usize = 31;
const KEYS: u64 = 1_000_000;
const CONTENDERS: [&str; 3] = ["bare tokio::sync::watch", "larder #[cached]", "larder get_or_load"];

static ARRIVED: AtomicUsize = AtomicUsize::new(0);
static LOADED: Mutex<Option<Instant>> = Mutex::new(None);

/// A crowd of callers, and when the one load that they wait for ends.
#[derive(Clone, Copy)]
struct Crowd {
    callers: usize,
    load: Option<Duration>,
}

impl Crowd {
    /// The load: takes its time, or ends when every caller has arrived and waits.
    async fn load(self, round: u64) -> Arc<u64> {
        match self.load {
            Some(time) => tokio::time::sleep(time).await,
            None => {
                while ARRIVED.load(Ordering::Relaxed) < self.callers {
                    yield_now().await;
                }
                yield_now().await;
            }
        }
        *LOADED.lock().unwrap() = Some(Instant::now());
        Arc::new(round)
    }

    /// Callers that count themselves as arrived, and then ask: the milliseconds until the load has ended, from there
    /// until the last one has its answer, and both.
    async fn stampede<F, Fut>(self, ask: F) -> Times
    where
        F: Fn() -> Fut,
        Fut: Future<Output = u64> + Send + 'static,
    {
        ARRIVED.store(0, Ordering::Relaxed);
        let began = Instant::now();
        let mut tasks = JoinSet::new();
        for _ in 0..self.callers {
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
        [loaded - began, loaded.elapsed(), began.elapsed()].map(|time| time.as_secs_f64() * 1e3)
    }

    async fn by_watch(self, round: u64) -> Times {
        let (outcome, waiting) = watch::channel(None::<Arc<u64>>);
        tokio::spawn(async move { outcome.send_replace(Some(self.load(round).await)) });
        self.stampede(|| {
            let mut waiting = waiting.clone();
            async move { **waiting.wait_for(Option::is_some).await.unwrap().as_ref().unwrap() }
        })
        .await
    }

    async fn by_function(self, round: u64) -> Times {
        self.stampede(|| async move { *cached(round, self).await }).await
    }

    async fn by_call(self, cache: &CacheManager, round: u64) -> Times {
        let key: Arc<str> = format!("cold:{round}").into();
        self.stampede(|| {
            let (cache, key) = (cache.clone(), Arc::clone(&key));
            async move {
                *cache
                    .get_or_load(&*key, || async move { Ok::<_, String>(self.load(round).await) })
                    .await
                    .unwrap()
            }
        })
        .await
    }

    /// The times of all contenders, round by round.
    async fn rounds(self, cache: &CacheManager, rounds: Range<u64>) -> Vec<[Times; 3]> {
        let mut times = Vec::new();
        for round in rounds {
            let watch = self.by_watch(round).await;
            times.push([watch, self.by_function(round).await, self.by_call(cache, round).await]);
        }
        times
    }
}

/// Milliseconds of the load, of the answers, and of both.
type Times = [f64; 3];

#[larder::cached(ttl = "1h", skip(crowd))]
async fn cached(round: u64, crowd: Crowd) -> Arc<u64> {
    crowd.load(round).await
}

/// A line for each contender: what it took in these phases, and its ratios to the watch of the same round.
fn print(title: &str, times: &[[Times; 3]], phases: &[(&str, usize)]) {
    let heads: String = phases.iter().map(|(name, _)| format!(" {name:>9} {:>7}", "ratio")).collect();
    println!("{title:<44}{heads}");
    for (contender, name) in CONTENDERS.iter().enumerate() {
        let cells: String = phases
            .iter()
            .map(|&(_, phase)| {
                let own = times.iter().map(|round| round[contender][phase]);
                let ratio = times.iter().map(|round| round[contender][phase] / round[0][phase]);
                format!(" {:>9.2} {:>7.2}", median(own.collect()), median(ratio.collect()))
            })
            .collect();
        println!("{name:<44}{cells}");
    }
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

fn main() {
    let only_a_test = std::env::args().any(|arg| arg == "--test");
    let (rounds, callers, keys) = if only_a_test { (1, 100, 1_000) } else { (ROUNDS, CALLERS, KEYS) };
    let rounds = rounds as u64;
    let cache = CacheManager::builder().near(Near::mib(8)).build().unwrap();
    let one = Builder::new_current_thread().enable_all().build().unwrap();
    let two = Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap();
    let seen = Crowd { callers, load: Some(Duration::from_millis(20)) };
    let wall = [("wall ms", 2)];
    let times = one.block_on(seen.rounds(&cache, 0..rounds));
    print(&format!("{callers} callers, 20 ms, one thread"), &times, &wall);
    let workers = two.block_on(two.spawn({
        let cache = cache.clone();
        async move { seen.rounds(&cache, rounds..2 * rounds).await }
    }));
    print(&format!("{callers} callers, 20 ms, two workers"), &workers.unwrap(), &wall);
    let own = Crowd { callers, load: None };
    let times = one.block_on(own.rounds(&cache, 2 * rounds..3 * rounds));
    print(&format!("{callers} callers, no time, one thread"), &times, &[("arrive ms", 0), ("answer ms", 1)]);
    for (number, (fails, warm)) in
        [(false, false), (false, true), (true, false), (true, true)].into_iter().enumerate()
    {
        one.block_on(flood(&cache, keys, (number, fails, warm)));
    }
}
