//! At rest every request has been counted as exactly one kind, after any interleaving.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::manager::{CacheManager, Policy};
use cache_core::testkit::MapBackend;
use cache_core::time::Ttl;
use tokio::task::yield_now;
use tokio::time::timeout;

const CALLERS: u64 = 8;
const CALLS: u64 = 600;
const KEYS: u64 = 6;

/// What a caller does, drawn from its number: the same in every run; what comes between is not.
#[derive(Debug, Clone, Copy)]
struct Draw(u64);

impl Draw {
    fn below(&mut self, most: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % most
    }
}

struct World {
    cache: CacheManager,
    issued: AtomicU64,
}

impl World {
    /// One call in eight is given up while it waits. A request begins with the first poll of its call.
    async fn call(&self, draw: &mut Draw) {
        let (key, how) = (format!("k:{}", draw.below(KEYS)), draw.below(14));
        let patience = if draw.below(8) == 0 { Duration::ZERO } else { Duration::from_secs(60) };
        let (fails, waits) = (draw.below(5) == 0, draw.below(4));
        let loader = move || async move {
            for _ in 0..waits {
                yield_now().await;
            }
            if fails { Err("no such key".to_owned()) } else { Ok(7_u64) }
        };
        let _given_up = timeout(patience, async {
            match how {
                0 => drop(self.cache.delete(key.as_str()).await),
                1 => drop(self.cache.set(key.as_str(), 8_u64, Ttl::millis(20)).await),
                2 => drop(self.cache.expire(key.as_str()).await),
                3 => drop(self.cache.delete_pattern("k:*").await),
                4 => self.cache.set_enabled(draw.below(4) > 0),
                5 => {
                    self.issued.fetch_add(1, Ordering::SeqCst);
                    drop(self.cache.get::<u64>(key.as_str()).await);
                }
                6 => {
                    // Two of these three ids are there; the absence of the third is remembered.
                    self.issued.fetch_add(3, Ordering::SeqCst);
                    let found = |missing: Vec<String>| async move {
                        yield_now().await;
                        let there = missing.into_iter().filter(|key| key != "k:5");
                        Ok::<Vec<(String, u64)>, String>(there.map(|key| (key, 9)).collect())
                    };
                    let ids = ["k:3", "k:4", "k:5", "k:4"].map(str::to_owned);
                    let many = self.cache.get_or_load_many(ids, found).ttl(Duration::from_millis(5));
                    drop(many.negative_ttl(Ttl::millis(5)).await);
                }
                7 | 8 => {
                    self.issued.fetch_add(1, Ordering::SeqCst);
                    drop(
                        self.cache
                            .get_or_load(key.as_str(), loader)
                            .detach()
                            .ttl(Duration::from_millis(3))
                            .await,
                    );
                }
                _ => {
                    self.issued.fetch_add(1, Ordering::SeqCst);
                    drop(self.cache.get_or_load(key.as_str(), loader).ttl(Duration::from_millis(3)).await);
                }
            }
        })
        .await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn every_request_is_counted_as_exactly_one_kind_after_any_interleaving() {
    let windows = Policy::new()
        .stale_while_revalidate(Duration::from_millis(3))
        .stale_if_error(Duration::from_millis(6));
    // A near copy is trusted for less than it lives, so that the byte tier is asked too.
    let near_ttl = Duration::from_millis(2);
    let builder = CacheManager::builder().near(common::near()).primary(MapBackend::new());
    let cache = builder.near_ttl(near_ttl).policy(windows);
    let world = Arc::new(World { cache: cache.build().unwrap(), issued: AtomicU64::new(0) });
    let callers: Vec<_> = (0..CALLERS)
        .map(|caller| {
            let world = Arc::clone(&world);
            tokio::spawn(async move {
                let mut draw = Draw(caller);
                for _ in 0..CALLS {
                    world.call(&mut draw).await;
                }
            })
        })
        .collect();
    for caller in callers {
        caller.await.unwrap();
    }
    let at_rest = async {
        while world.cache.stats().loading > 0 || world.cache.stats().detached > 0 {
            yield_now().await;
        }
    };
    timeout(Duration::from_secs(60), at_rest).await.unwrap();
    let (stats, issued) = (world.cache.stats(), world.issued.load(Ordering::SeqCst));
    assert_eq!(stats.requests(), issued, "\n{stats}");
    let kinds = [
        stats.near_hits,
        stats.far_hits,
        stats.negative_hits,
        stats.stale,
        stats.coalesced,
        stats.misses,
        stats.bypassed,
        stats.abandoned,
    ];
    assert!(kinds.iter().all(|kind| *kind > 0), "every kind has to come up\n{stats:?}");
}
