//! One load per key, whatever becomes of those who wait for it.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::manager::{CacheManager, Cached};
use tokio::sync::Notify;
use tokio::task::{JoinHandle, yield_now};

fn cache() -> CacheManager {
    CacheManager::builder().near(common::near()).jitter(0.0).build().unwrap()
}

/// A loader that counts its runs, and its ends, and waits to be let go.
#[derive(Debug, Clone, Default)]
struct Source {
    runs: Arc<AtomicU64>,
    go: Arc<Notify>,
    /// Held by every load under way.
    under_way: Arc<()>,
}

impl Source {
    fn ask(&self, cache: &CacheManager, key: &'static str) -> JoinHandle<u64> {
        let (cache, source) = (cache.clone(), self.clone());
        tokio::spawn(async move {
            let load = || async move {
                let _held = Arc::clone(&source.under_way);
                let run = source.runs.fetch_add(1, Ordering::SeqCst) + 1;
                source.go.notified().await;
                Ok::<_, String>(run)
            };
            cache.get_or_load(key, load).await.unwrap()
        })
    }

    fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }
}

async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test]
async fn ten_thousand_waiters_share_one_load() {
    let (cache, source) = (cache(), Source::default());
    let calls: Vec<_> = (0..10_000).map(|_| source.ask(&cache, "cold")).collect();
    settle().await;
    source.go.notify_one();
    for call in calls {
        assert_eq!(call.await.unwrap(), 1);
    }
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.misses, stats.coalesced, stats.loading), (1, 1, 9_999, 0));
}

#[tokio::test]
async fn a_load_blocks_no_other_key() {
    let (cache, hung) = (cache(), Source::default());
    let blocked: Vec<_> = ["a", "b", "c"].map(|key| hung.ask(&cache, key)).into();
    settle().await;
    for key in 0..1_000_u64 {
        let loaded = cache.get_or_load(format!("other:{key}"), || async move { Ok::<_, String>(key) }).await;
        assert_eq!(loaded.unwrap(), key);
    }
    assert_eq!(cache.stats().loading, 3);
    blocked.iter().for_each(JoinHandle::abort);
}

#[tokio::test]
async fn many_keys_that_load_or_fail_leave_no_flight() {
    let cache = cache();
    for key in 0..20_000_u64 {
        let load = || async move { if key % 2 == 0 { Ok(key) } else { Err("odd") } };
        assert_eq!(cache.get_or_load(format!("key:{key}"), load).await.is_ok(), key % 2 == 0);
    }
    let stats = cache.stats();
    assert_eq!((stats.loading, stats.load_failures, stats.requests()), (0, 10_000, 20_000));
}

#[tokio::test]
async fn a_result_that_must_not_be_stored_releases_all_waiters_together() {
    let (cache, go, runs) = (cache(), Arc::new(Notify::new()), Arc::new(AtomicU64::new(0)));
    let calls: Vec<_> = (0..100)
        .map(|_| {
            let (cache, go, runs) = (cache.clone(), Arc::clone(&go), Arc::clone(&runs));
            tokio::spawn(async move {
                let load = |_| async move {
                    let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
                    go.notified().await;
                    Ok::<_, String>(Cached::new(run).skip())
                };
                cache.get_or_revalidate("cold", load).await.unwrap()
            })
        })
        .collect();
    settle().await;
    go.notify_one();
    for call in calls {
        assert_eq!(call.await.unwrap(), 1);
    }
    assert_eq!((runs.load(Ordering::SeqCst), cache.get::<u64>("cold").await.unwrap()), (1, None));
}

#[tokio::test]
async fn a_waiter_that_goes_away_never_cancels_the_load_of_others() {
    let (cache, source) = (cache(), Source::default());
    let leader = source.ask(&cache, "cold");
    settle().await;
    let waiters: Vec<_> = (0..10).map(|_| source.ask(&cache, "cold")).collect();
    settle().await;
    waiters.iter().for_each(JoinHandle::abort);
    settle().await;
    source.go.notify_one();
    assert_eq!((leader.await.unwrap(), source.runs()), (1, 1));
    let stats = cache.stats();
    assert_eq!((stats.abandoned, stats.misses, stats.requests()), (10, 1, 11));
}

#[tokio::test]
async fn the_last_one_leaving_cancels_an_attached_load() {
    let (cache, source) = (cache(), Source::default());
    let calls: Vec<_> = (0..10).map(|_| source.ask(&cache, "cold")).collect();
    settle().await;
    for call in &calls {
        assert_eq!(cache.stats().loading, 1);
        call.abort();
        settle().await;
    }
    assert_eq!((cache.stats().loading, Arc::strong_count(&source.under_way)), (0, 1));
    assert_eq!(cache.stats().abandoned, 10);
}

#[tokio::test(start_paused = true)]
async fn a_cycle_over_another_task_ends_at_the_deadline() {
    let cache = cache();
    let inner = cache.clone();
    let load = || async move {
        let again = tokio::spawn(async move {
            let never = || async { Err::<u64, _>("never asked") };
            inner.get_or_load("a", never).timeout(Duration::from_secs(1)).await
        });
        let error = again.await.unwrap().unwrap_err();
        assert!(error.is_timeout(), "{error}");
        Ok::<_, &str>(7_u64)
    };
    assert_eq!(cache.get_or_load("a", load).await.unwrap(), 7);
}
