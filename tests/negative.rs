//! Remembered absence: a life of its own, and a budget of its own.

#![allow(clippy::unwrap_used)]

use std::sync::LazyLock;
use std::sync::atomic::{AtomicU64, Ordering};

use larder::{CacheManager, Near, cached};

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
