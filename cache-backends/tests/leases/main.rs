//! Leases on real servers, between managers with connections of their own and between processes.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic, clippy::print_stdout)]

mod child;
#[path = "../servers/mod.rs"]
mod servers;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_backends::near::Near;
use cache_backends::redis::RedisBackend;
use cache_core::manager::{Builder, CacheManager, Policy};
use cache_core::policy::SingleFlight;
use cache_core::time::Ttl;
use tokio::sync::Barrier;
use tokio::time::{Instant, sleep};

use child::Child;
use servers::{Kind, start};

const LEASE_TIME: Duration = Duration::from_secs(1);
/// What a busy machine may add.
const SLACK: Duration = Duration::from_secs(3);

/// A manager with connections of its own, and time to spare.
fn manager(url: &str) -> Builder {
    let long = Duration::from_secs(2);
    let backend = RedisBackend::builder(url).connect_timeout(long).read_timeout(long).write_timeout(long);
    CacheManager::builder().near(Near::mib(1)).primary(backend.build().unwrap())
}

fn distributed(url: &str) -> CacheManager {
    let policy = Policy::new().single_flight(SingleFlight::Distributed);
    manager(url).policy(policy).lease_time(LEASE_TIME).build().unwrap()
}

macro_rules! on_both_servers {
    ($($name:ident)*) => {
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::servers::Kind::Redis).await })*
        }
        mod on_valkey {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::servers::Kind::Valkey).await })*
        }
    };
}

on_both_servers! {
    an_invalidation_is_not_undone_by_the_load_of_another_process
    a_pattern_refuses_every_fill_that_began_before_it
    a_thousand_callers_of_twenty_managers_load_once
    a_holder_that_is_killed_costs_at_most_the_lease_time
    a_server_that_dies_meanwhile_is_nobodys_trouble
}

async fn an_invalidation_is_not_undone_by_the_load_of_another_process(kind: Kind) {
    let server = start(kind, &[]);
    let (cache, mut other) = (manager(&server.url()).build().unwrap(), Child::start(&server.url()));
    for (round, how) in ["nothing", "delete", "pattern", "clear", "set"].into_iter().enumerate() {
        let key = format!("user:{how}");
        other.begin(&key);
        match how {
            "nothing" => {}
            "delete" => drop(cache.delete(&key).await.unwrap()),
            "pattern" => drop(cache.delete_pattern("user:*").await.unwrap()),
            "clear" => drop(cache.clear().await.unwrap()),
            _ => drop(cache.set(&key, 2_u64, Ttl::secs(60)).await.unwrap()),
        }
        assert_eq!(other.end(), format!("1, rejected {round}"), "{how}");
        let left = [Some(1), None, None, None, Some(2)][round];
        assert_eq!(cache.get::<u64>(&key).await.unwrap(), left, "{how}");
    }
}

async fn a_pattern_refuses_every_fill_that_began_before_it(kind: Kind) {
    const LOADS: usize = 300;
    /// Those that land when the pattern has been deleted.
    const LATE: usize = 20;
    let server = start(kind, &[]);
    let (here, there) = (manager(&server.url()).build().unwrap(), manager(&server.url()).build().unwrap());
    let (barrier, deleted) = (Arc::new(Barrier::new(LOADS + 1)), Arc::new(Barrier::new(LATE + 1)));
    let loads = (0..LOADS).map(|id| {
        let (here, barrier, deleted) = (here.clone(), Arc::clone(&barrier), Arc::clone(&deleted));
        tokio::spawn(async move {
            let loader = || async move {
                barrier.wait().await;
                // The others land while the pattern is being deleted.
                if id < LATE {
                    deleted.wait().await;
                } else {
                    sleep(Duration::from_micros(40 * id as u64)).await;
                }
                Ok::<_, String>(1_u64)
            };
            here.get_or_load(format!("user:{id}"), loader).await.unwrap()
        })
    });
    let loads: Vec<_> = loads.collect();
    barrier.wait().await;
    let _ = there.delete_pattern("user:*").await.unwrap();
    deleted.wait().await;
    for load in loads {
        assert_eq!(load.await.unwrap(), 1);
    }
    for id in 0..LOADS {
        assert_eq!(there.get::<u64>(format!("user:{id}")).await.unwrap(), None, "user:{id}");
    }
    assert!(here.stats().rejected >= LATE as u64);
}

async fn a_thousand_callers_of_twenty_managers_load_once(kind: Kind) {
    let server = start(kind, &[]);
    let managers: Vec<_> = (0..20).map(|_| distributed(&server.url())).collect();
    for cache in &managers {
        let _ = cache.get::<u64>("warm").await.unwrap();
    }
    let runs = Arc::new(AtomicU64::new(0));
    let calls = managers.iter().flat_map(|cache| (0..50).map(move |_| cache.clone())).map(|cache| {
        let runs = Arc::clone(&runs);
        tokio::spawn(async move {
            let loader = || async move {
                sleep(Duration::from_millis(100)).await;
                Ok::<_, String>(runs.fetch_add(1, Ordering::SeqCst) + 1)
            };
            cache.get_or_load("cold", loader).await.unwrap()
        })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), 1);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
}

async fn a_holder_that_is_killed_costs_at_most_the_lease_time(kind: Kind) {
    let server = start(kind, &[]);
    let (mut holder, url) = (Child::start(&server.url()), server.url());
    let managers: Vec<_> = (0..5).map(|_| distributed(&url)).collect();
    holder.begin("cold");
    let runs = Arc::new(AtomicU64::new(0));
    let began = Instant::now();
    let calls = managers.into_iter().map(|cache| {
        let runs = Arc::clone(&runs);
        tokio::spawn(async move {
            let loader = || async move { Ok::<_, String>(runs.fetch_add(1, Ordering::SeqCst) + 2) };
            cache.get_or_load("cold", loader).await.unwrap()
        })
    });
    let calls: Vec<_> = calls.collect();
    sleep(LEASE_TIME / 4).await;
    holder.kill();
    for call in calls {
        assert!(call.await.unwrap() >= 2);
    }
    let took = began.elapsed();
    assert!(took >= LEASE_TIME / 3 && took < LEASE_TIME + SLACK, "{took:?}");
    println!("{} loads, after {took:?}", runs.load(Ordering::SeqCst));
}

async fn a_server_that_dies_meanwhile_is_nobodys_trouble(kind: Kind) {
    let mut server = start(kind, &[]);
    let managers: Vec<_> = (0..4).map(|_| distributed(&server.url())).collect();
    let calls = managers.iter().cloned().map(|cache| {
        tokio::spawn(async move {
            let loader = || async {
                sleep(Duration::from_millis(300)).await;
                Ok::<_, String>(1_u64)
            };
            cache.get_or_load("cold", loader).await.unwrap()
        })
    });
    let calls: Vec<_> = calls.collect();
    sleep(Duration::from_millis(100)).await;
    server.kill();
    let began = Instant::now();
    for call in calls {
        assert_eq!(call.await.unwrap(), 1);
    }
    assert!(began.elapsed() < LEASE_TIME + SLACK, "{:?}", began.elapsed());
    server.restart();
    let cache = &managers[0];
    let until = Instant::now() + SLACK;
    while !cache.health().await.primary_available {
        assert!(Instant::now() < until, "the server is not found again");
        sleep(Duration::from_millis(20)).await;
    }
}
