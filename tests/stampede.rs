//! One load per key, whoever asks and whatever becomes of who loads.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use larder::{CacheManager, LoadError};
use tokio::sync::Notify;

/// A loader that counts its runs and waits until it is let go.
#[derive(Clone, Default)]
struct Source {
    runs: Arc<AtomicU32>,
    open: Arc<Notify>,
}

impl Source {
    async fn load(self) -> Result<u64, String> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        self.open.notified().await;
        Ok(u64::from(run))
    }

    fn runs(&self) -> u32 {
        self.runs.load(Ordering::SeqCst)
    }

    async fn until_it_runs(&self, times: u32) {
        while self.runs() < times {
            tokio::task::yield_now().await;
        }
    }
}

async fn ask(cache: CacheManager, source: Source) -> u64 {
    cache.get_or_load("cold", move || source.load()).await.unwrap()
}

/// Waits until so many callers are on their way: on this single-threaded runtime each has then taken its seat.
async fn settle() {
    for _ in 0..2_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_thousand_tasks_on_one_cold_key_load_once() {
    for stand in common::all() {
        let source = Source::default();
        let tasks: Vec<_> =
            (0..1_000).map(|_| tokio::spawn(ask(stand.cache.clone(), source.clone()))).collect();
        source.until_it_runs(1).await;
        settle().await;
        source.open.notify_one();
        for task in tasks {
            assert_eq!(task.await.unwrap(), 1, "{}", stand.name);
        }
        let stats = stand.cache.stats();
        assert_eq!((source.runs(), stats.loads, stats.misses, stats.loading), (1, 1, 1, 0), "{}", stand.name);
        assert_eq!(stats.requests(), 1_000, "{}", stand.name);
    }
}

#[tokio::test]
async fn an_aborted_leader_hands_over_to_a_follower() {
    for stand in common::all() {
        let source = Source::default();
        let leader = tokio::spawn(ask(stand.cache.clone(), source.clone()));
        source.until_it_runs(1).await;
        let followers: Vec<_> =
            (0..10).map(|_| tokio::spawn(ask(stand.cache.clone(), source.clone()))).collect();
        settle().await;
        leader.abort();
        source.until_it_runs(2).await;
        settle().await;
        source.open.notify_one();
        for follower in followers {
            assert_eq!(follower.await.unwrap(), 2, "{}", stand.name);
        }
        assert_eq!((source.runs(), stand.cache.stats().loading), (2, 0), "{}", stand.name);
    }
}

#[tokio::test]
async fn a_panicking_leader_hands_over_to_a_follower() {
    for stand in common::all() {
        let (runs, open) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let calls: Vec<_> = (0..10)
            .map(|_| {
                let (cache, runs, open) = (stand.cache.clone(), Arc::clone(&runs), Arc::clone(&open));
                tokio::spawn(async move {
                    let loader = || async move {
                        assert_ne!(
                            runs.fetch_add(1, Ordering::SeqCst),
                            0,
                            "the first load panics on purpose"
                        );
                        open.notified().await;
                        Ok::<_, String>(7_u64)
                    };
                    cache.get_or_load("cold", loader).await.unwrap()
                })
            })
            .collect();
        while runs.load(Ordering::SeqCst) < 2 {
            tokio::task::yield_now().await;
        }
        settle().await;
        open.notify_one();
        let mut panics = 0;
        for call in calls {
            match call.await {
                Ok(value) => assert_eq!(value, 7, "{}", stand.name),
                Err(error) => panics += u32::from(error.is_panic()),
            }
        }
        assert_eq!(
            (panics, runs.load(Ordering::SeqCst), stand.cache.stats().loading),
            (1, 2, 0),
            "{}",
            stand.name
        );
    }
}

#[tokio::test]
async fn a_failure_is_shared_and_not_stored() {
    for stand in common::all() {
        let (runs, open) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
        let calls: Vec<_> = (0..50)
            .map(|_| {
                let (cache, runs, open) = (stand.cache.clone(), Arc::clone(&runs), Arc::clone(&open));
                tokio::spawn(async move {
                    let loader = || async move {
                        runs.fetch_add(1, Ordering::SeqCst);
                        open.notified().await;
                        Err::<u64, _>("the source is away".to_owned())
                    };
                    cache.get_or_load("cold", loader).await.unwrap_err()
                })
            })
            .collect();
        while runs.load(Ordering::SeqCst) < 1 {
            tokio::task::yield_now().await;
        }
        settle().await;
        open.notify_one();
        for call in calls {
            let error: LoadError<String> = call.await.unwrap();
            assert_eq!(error.loader().map(String::as_str), Some("the source is away"), "{}", stand.name);
        }
        assert_eq!(runs.load(Ordering::SeqCst), 1, "{}", stand.name);
        let again = stand.cache.get_or_load("cold", || async { Ok::<_, String>(8_u64) }).await;
        assert_eq!(again.unwrap(), 8, "{}", stand.name);
    }
}

#[tokio::test]
async fn many_keys_leave_an_empty_flight_table() {
    let stand = common::near_only();
    for key in 0..20_000_u64 {
        let load = move || async move { if key % 2 == 0 { Ok(key) } else { Err(key) } };
        let loaded = stand.cache.get_or_load(format!("k:{key}"), load).ttl(Duration::from_secs(9)).await;
        assert_eq!(loaded.is_ok(), key % 2 == 0);
    }
    assert_eq!(stand.cache.stats().loading, 0);
}

/// What is left of so many keys, each asked for once: flights, and bytes of memory more than before.
fn left_of(cache: &CacheManager, keys: std::ops::Range<u64>, fails: bool) -> (u64, i64) {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let counted = allocation_counter::measure(|| {
        runtime.block_on(async {
            for key in keys {
                let load = || async move { if fails { Err(key) } else { Ok(key) } };
                let answer = cache.get_or_load(format!("flood:{key}"), load).await;
                assert_eq!(answer.is_err(), fails);
            }
        });
    });
    (cache.stats().loading, counted.bytes_current)
}

#[test]
fn a_hundred_thousand_keys_that_load_and_as_many_that_fail_leave_no_flight_and_no_memory() {
    let cache = CacheManager::builder().near(larder::Near::mib(1)).build().unwrap();
    // What is bounded is filled first: the near tier, and the memory of failures.
    left_of(&cache, 0..60_000, false);
    left_of(&cache, 100_000..160_000, true);
    for fails in [false, true] {
        let first = if fails { 300_000 } else { 200_000 };
        let (flights, bytes) = left_of(&cache, first..first + 100_000, fails);
        assert!(flights == 0 && bytes < 256 << 10, "{flights} flights, {bytes} bytes, fails: {fails}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_load_that_asks_for_its_own_key_does_not_wait_for_itself() {
    let stand = common::near_only();
    let cache = stand.cache.clone();
    let outer = stand.cache.get_or_load("k", || async move {
        let inner = cache.get_or_load("k", || async { Ok::<_, String>(1_u64) }).await;
        Ok::<_, String>(inner.unwrap() + 1)
    });
    let loaded = tokio::time::timeout(Duration::from_secs(1), outer.into_future()).await;
    assert_eq!(loaded.expect("the load waits for itself").unwrap(), 2);
    assert_eq!(stand.cache.get::<u64>("k").await.unwrap(), Some(2));
}
