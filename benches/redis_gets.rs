//! What does gathering single gets into batches bring, beside the client library that sends each by itself?
//!
//! `cargo bench --bench redis_gets`. So many tasks read keys of 1 KiB, each one get after the other, through
//! `RedisBackend` and through one multiplexed connection of the raw client, against the same server, in interleaved
//! rounds. Printed are the medians over the rounds: of each one's time per get, and of the ratio in the same round.
//! A ratio below 1 means that larder is faster. The last column is what the layers that `larder::connect` puts around
//! Redis cost: the time behind them beside the time without, the rounds interleaved too. Then: what large reads do to small
//! ones, which share their connection: the latency of gets of 1 KiB alone, beside a task that reads large values, and beside
//! one that does so over another connection. Runs with `--test` once, to see that both answer.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod common;

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use larder::testkit::server::RedisServer;
use larder::{CacheBackend, CacheKey, Layered, Namespace, RedisBackend, Resilience, SetOptions};
use tokio::task::JoinSet;

use crate::common::median;

const TASKS: [u64; 4] = [1, 16, 64, 256];
const KEYS: u64 = 1_000;
const ROUNDS: usize = 15;
const CALLS: u64 = 12_800;

struct Contenders {
    larder: Arc<dyn CacheBackend>,
    layered: Arc<dyn CacheBackend>,
    elsewhere: Arc<dyn CacheBackend>,
    raw: redis::aio::MultiplexedConnection,
    keys: Arc<Vec<CacheKey>>,
}

impl Contenders {
    async fn on(server: &RedisServer) -> Self {
        let second = Duration::from_secs(1);
        let larder = RedisBackend::builder(server.url()).read_timeout(second).write_timeout(second);
        let larder: Arc<dyn CacheBackend> = Arc::new(larder.build().unwrap());
        let elsewhere = RedisBackend::builder(server.url()).read_timeout(second).build().unwrap();
        let elsewhere: Arc<dyn CacheBackend> = Arc::new(elsewhere);
        let layered = Arc::clone(&larder).layered(&Resilience::of_supervised().build().unwrap());
        let namespace = Namespace::new("bench").unwrap();
        let keys: Vec<_> =
            (0..KEYS).map(|id| CacheKey::direct(&namespace, &format!("k:{id}")).unwrap()).collect();
        for key in &keys {
            larder.set(key, Bytes::from(vec![7; 1_024]), SetOptions::default()).await.unwrap();
        }
        let settings = redis::AsyncConnectionConfig::new().set_response_timeout(Some(second));
        let tcp = redis::io::tcp::TcpSettings::default().set_nodelay(true);
        let info =
            redis::IntoConnectionInfo::into_connection_info(server.url()).unwrap().set_tcp_settings(tcp);
        let client = redis::Client::open(info).unwrap();
        let raw = client.get_multiplexed_async_connection_with_config(&settings).await.unwrap();
        Self { larder, layered, elsewhere, raw, keys: Arc::new(keys) }
    }

    async fn time_backend(&self, backend: &Arc<dyn CacheBackend>, tasks: u64, calls: u64) -> f64 {
        time(tasks, calls, |call| {
            let (larder, keys) = (Arc::clone(backend), Arc::clone(&self.keys));
            async move {
                for at in call {
                    assert_eq!(larder.get(&keys[at]).await.unwrap().unwrap().len(), 1_024);
                }
            }
        })
        .await
    }

    /// Each once, in another order each time.
    async fn round(&self, round: usize, tasks: u64, calls: u64) -> [f64; 3] {
        let mut times = [0.0; 3];
        for turn in 0..3 {
            let which = (round + turn) % 3;
            times[which] = match which {
                0 => self.time_backend(&self.larder, tasks, calls).await,
                1 => self.time_backend(&self.layered, tasks, calls).await,
                _ => self.time_raw(tasks, calls).await,
            };
        }
        times
    }

    async fn time_raw(&self, tasks: u64, calls: u64) -> f64 {
        time(tasks, calls, |call| {
            let (mut raw, keys) = (self.raw.clone(), Arc::clone(&self.keys));
            async move {
                for at in call {
                    let command = redis::cmd("GET").arg(keys[at].as_str()).to_owned();
                    let held: Vec<u8> = command.query_async(&mut raw).await.unwrap();
                    assert_eq!(held.len(), 1_024);
                }
            }
        })
        .await
    }
}

/// Microseconds per get, over all tasks.
async fn time<F: Future<Output = ()> + Send + 'static>(
    tasks: u64,
    calls: u64,
    work: impl Fn(Vec<usize>) -> F,
) -> f64 {
    let began = Instant::now();
    let mut running = JoinSet::new();
    for task in 0..tasks {
        let places =
            (0..calls / tasks).map(|call| usize::try_from((task * 31 + call * 7_919) % KEYS).unwrap());
        running.spawn(work(places.collect()));
    }
    running.join_all().await;
    began.elapsed().as_secs_f64() * 1e6 / calls as f64
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let only_a_test = std::env::args().any(|arg| arg == "--test");
    let rounds = if only_a_test { 1 } else { ROUNDS };
    let server = RedisServer::start();
    let contenders = Contenders::on(&server).await;
    println!("{:>6} {:>14} {:>14} {:>8} {:>8}", "tasks", "larder us/get", "raw us/get", "ratio", "layers");
    for tasks in TASKS {
        let calls = if only_a_test { tasks } else { (CALLS / 8).max(CALLS.min(tasks * 800)) };
        let mut times = Vec::new();
        for round in 0..=rounds {
            times.push(contenders.round(round, tasks, calls).await);
        }
        times.remove(0); // the first round warms up
        let of = |time: fn(&[f64; 3]) -> f64| median(times.iter().map(time).collect());
        let (larder, raw) = (of(|[larder, ..]| *larder), of(|[_, _, raw]| *raw));
        let ratio = of(|[larder, _, raw]| larder / raw);
        let layers = of(|[larder, layered, _]| layered / larder);
        println!("{tasks:>6} {larder:>14.1} {raw:>14.1} {ratio:>8.2} {layers:>8.2}");
    }
    for length in [64 << 10, 256 << 10, 1_000_000] {
        beside_large_reads(&contenders, length, if only_a_test { 10 } else { 20_000 }).await;
    }
}

/// The latency of small gets, alone and beside a reader of values of this length.
async fn beside_large_reads(contenders: &Contenders, length: usize, calls: usize) {
    let large = CacheKey::direct(&Namespace::new("bench").unwrap(), "large").unwrap();
    let options = SetOptions::default();
    contenders.larder.set(&large, Bytes::from(vec![7; length]), options).await.unwrap();
    let reader = |backend: &Arc<dyn CacheBackend>| {
        let (backend, large) = (Arc::clone(backend), large.clone());
        tokio::spawn(async move {
            loop {
                assert_eq!(backend.get(&large).await.unwrap().unwrap().len(), length);
                tokio::task::yield_now().await;
            }
        })
    };
    let alone = latencies(contenders, calls).await;
    let same = reader(&contenders.larder);
    let beside = latencies(contenders, calls).await;
    same.abort();
    let other = reader(&contenders.elsewhere);
    let apart = latencies(contenders, calls).await;
    other.abort();
    for (how, (half, most)) in [("alone", alone), ("same connection", beside), ("another one", apart)] {
        println!(
            "small gets beside reads of {length:>7} bytes, {how:<16}{half:>6.0} us (p50) {most:>7.0} (p99)"
        );
    }
}

/// p50 and p99 in microseconds.
async fn latencies(contenders: &Contenders, calls: usize) -> (f64, f64) {
    let mut times = Vec::with_capacity(calls);
    for call in 0..calls {
        let began = Instant::now();
        assert!(
            contenders.larder.get(&contenders.keys[call % contenders.keys.len()]).await.unwrap().is_some()
        );
        times.push(began.elapsed().as_secs_f64() * 1e6);
    }
    times.sort_by(f64::total_cmp);
    (times[times.len() / 2], times[times.len() * 99 / 100])
}
