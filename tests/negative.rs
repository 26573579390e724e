//! Remembered absence: a life of its own, and a budget of its own.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use larder::testkit::TokioTime;
use larder::{CacheManager, Clock, Near, cached};
use tokio::time::advance;

static CACHE: LazyLock<CacheManager> = LazyLock::new(|| {
    CacheManager::builder().near(Near::mib(8).max_entries(1_000)).jitter(0.0).build().unwrap()
});
static LOADS: AtomicU64 = AtomicU64::new(0);

/// Ids below a million exist.
#[cached(cache = &*CACHE, ttl = "1h", negative_ttl = "30s")]
async fn user(id: u64) -> Option<u64> {
    LOADS.fetch_add(1, Ordering::SeqCst);
    (id < 1_000_000).then_some(id)
}

#[tokio::test]
async fn a_flood_of_absent_ids_cannot_evict_the_hot_set() {
    for id in 0..500 {
        assert_eq!(user(id).await, Some(id));
    }
    for id in 1_000_000..1_020_000 {
        assert_eq!(user(id).await, None);
    }
    let before = LOADS.load(Ordering::SeqCst);
    for id in 0..500 {
        assert_eq!(user(id).await, Some(id));
    }
    assert_eq!(LOADS.load(Ordering::SeqCst) - before, 0, "hot values were loaded again");
    assert_eq!(user(1_019_999).await, None);
    assert_eq!(LOADS.load(Ordering::SeqCst) - before, 0, "the latest absence is remembered");
    assert!(CACHE.stats().near_entries <= 600, "{} entries", CACHE.stats().near_entries);
}

#[cached(
    cache = cache,
    skip(cache, source),
    ttl = "100s",
    negative_ttl = "10s",
    stale_if_error = "1h",
    stale_while_revalidate = "1h"
)]
async fn of_source(cache: CacheManager, source: Arc<AtomicU64>, id: u64) -> Result<Option<u64>, String> {
    drop(cache);
    match source.load(Ordering::SeqCst) {
        0 => Ok(None),
        1 => Ok(Some(id)),
        _ => Err("broken".to_owned()),
    }
}

#[tokio::test(start_paused = true)]
async fn remembered_absence_is_never_served_after_its_life_whatever_the_windows() {
    let builder = CacheManager::builder().near(Near::mib(1)).jitter(0.0);
    let cache = builder.clock(Clock::source(Arc::new(TokioTime::new()))).build().unwrap();
    let source = Arc::new(AtomicU64::new(0));
    let ask = async |how: u64| {
        source.store(how, Ordering::SeqCst);
        of_source(cache.clone(), Arc::clone(&source), 7).await
    };
    assert_eq!(ask(0).await, Ok(None));
    advance(Duration::from_secs(9)).await;
    assert_eq!(ask(2).await, Ok(None), "remembered");
    advance(Duration::from_secs(1)).await;
    assert_eq!(ask(2).await, Err("broken".to_owned()), "no stale absence in place of an error");
    assert_eq!(ask(1).await, Ok(Some(7)), "nor at once while another is looked for");
    advance(Duration::from_secs(101)).await;
    assert_eq!(ask(2).await, Ok(Some(7)), "a value is stale as the windows say");
}
