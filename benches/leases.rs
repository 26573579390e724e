//! What does a lease add to a miss, and ending one to a write?
//!
//! `cargo bench --bench leases`. One caller against a Redis of this machine, 1 KiB, one call after the other, in
//! interleaved rounds; printed are the medians over the rounds of the microseconds per call, and what a miss makes of
//! them. `SET` and `UNLINK` alone are the raw client's. Runs with `--test` once.
#![allow(clippy::indexing_slicing, clippy::print_stdout, clippy::unwrap_used, missing_docs)]

mod common;

use std::time::{Duration, Instant};

use bytes::Bytes;
use larder::testkit::server::RedisServer;
use larder::{CacheBackend, CacheKey, DeleteOptions, Namespace, RedisBackend, SetCondition, SetOptions};

use crate::common::median;

const ROUNDS: usize = 31;
const CALLS: u128 = 1_000;
const LIFE: Duration = Duration::from_secs(10);

const WHAT: [&str; 8] =
    ["get (a miss)", "SET alone", "set", "acquire_lease", "set under it", "exists", "UNLINK alone", "delete"];

struct Stand {
    larder: RedisBackend,
    raw: redis::aio::MultiplexedConnection,
    keys: Vec<CacheKey>,
    frame: Bytes,
}

impl Stand {
    async fn on(server: &RedisServer) -> Self {
        let second = Duration::from_secs(1);
        let larder = RedisBackend::builder(server.url()).read_timeout(second).write_timeout(second);
        let namespace = Namespace::new("bench").unwrap();
        let key = |id| CacheKey::direct(&namespace, &format!("k:{id}")).unwrap();
        let settings = redis::AsyncConnectionConfig::new().set_response_timeout(Some(second));
        let client = redis::Client::open(server.url()).unwrap();
        Self {
            larder: larder.build().unwrap(),
            raw: client.get_multiplexed_async_connection_with_config(&settings).await.unwrap(),
            keys: (0..CALLS).map(key).collect(),
            frame: Bytes::from(vec![7; 1_024]),
        }
    }

    /// Microseconds per call of everything in [`WHAT`].
    async fn round(&self, calls: usize) -> [f64; 8] {
        let (mut took, mut raw) = ([0.0; 8], self.raw.clone());
        for (at, took) in took.iter_mut().enumerate() {
            let began = Instant::now();
            for (token, key) in (1..).zip(&self.keys[..calls]) {
                let (frame, options) = (self.frame.clone(), SetOptions::default());
                let under = options.when(SetCondition::IfLease(token));
                match at {
                    0 => assert_eq!(self.larder.get(key).await.unwrap(), None),
                    1 => {
                        let set = redis::cmd("SET").arg(key.as_str()).arg(&*frame).to_owned();
                        set.exec_async(&mut raw).await.unwrap();
                    }
                    2 => assert!(self.larder.set(key, frame, options).await.unwrap()),
                    3 => assert_eq!(self.larder.acquire_lease(key, token, LIFE).await.unwrap(), token),
                    4 => assert!(self.larder.set(key, frame, under).await.unwrap()),
                    5 => assert!(self.larder.exists(key).await.unwrap()),
                    6 => {
                        let unlink = redis::cmd("UNLINK").arg(key.as_str()).to_owned();
                        unlink.exec_async(&mut raw).await.unwrap();
                    }
                    _ => assert!(!self.larder.delete(key, DeleteOptions::default()).await.unwrap()),
                }
            }
            *took = began.elapsed().as_secs_f64() * 1e6 / calls as f64;
        }
        took
    }
}

#[tokio::main(flavor = "multi_thread", worker_threads = 2)]
async fn main() {
    let only_a_test = std::env::args().any(|arg| arg == "--test");
    let (rounds, calls) = if only_a_test { (1, 10) } else { (ROUNDS, usize::try_from(CALLS).unwrap()) };
    let server = RedisServer::start();
    let stand = Stand::on(&server).await;
    stand.round(calls).await; // warms up
    let mut times = Vec::new();
    for _ in 0..rounds {
        times.push(stand.round(calls).await);
    }
    let of = |at: usize| median(times.iter().map(|round| round[at]).collect());
    WHAT.iter().enumerate().for_each(|(at, what)| println!("{what:<16} {:>8.1} us", of(at)));
    let (get, set, lease, fill, exists) = (of(0), of(2), of(3), of(4), of(5));
    println!("a miss without a lease          {:>8.1} us", get + set);
    println!("a miss with a lease             {:>8.1} us", get + lease + fill);
    println!("a miss, single flight of all    {:>8.1} us", get + lease + exists + fill);
}
