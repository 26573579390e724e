//! Options that are expressions are checked when they are first looked at: one that cannot be kept is one logged error, and
//! the function is not cached. What is written as a literal is refused by the compiler (tests/ui/fail/lives.rs).

use std::sync::LazyLock;
use std::time::Duration;

use larder::{CacheManager, Reason, cached};

use crate::{fresh, tiered};

static NOTHING: LazyLock<Duration> = LazyLock::new(|| Duration::ZERO);

#[cached(prefix = "checked:soft", soft_timeout = *NOTHING, cache = cache, skip(cache))]
async fn soft(cache: &CacheManager, id: u64) -> u64 {
    let _ = (cache, id);
    fresh()
}

#[cached(prefix = "checked:jitter", jitter = *ONE, cache = cache, skip(cache))]
fn jittered(cache: &CacheManager, id: u64) -> u64 {
    let _ = (cache, id);
    fresh()
}

static ONE: LazyLock<f64> = LazyLock::new(|| 1.0);

#[cached(prefix = "checked:order", soft_timeout = *LONG, timeout = "1s", cache = cache, skip(cache))]
async fn order(cache: &CacheManager, id: u64) -> Result<u64, larder::Error> {
    let _ = (cache, id);
    Ok(fresh())
}

static LONG: LazyLock<Duration> = LazyLock::new(|| Duration::from_secs(2));

#[tokio::test]
async fn what_cannot_be_kept_is_not_cached() {
    let cache = tiered();
    assert_ne!(soft(&cache, 1).await, soft(&cache, 1).await);
    assert_ne!(order(&cache, 1).await.unwrap(), order(&cache, 1).await.unwrap());
    assert_ne!(soft_refresh(&cache, 1).await, soft_refresh(&cache, 1).await);
    assert_eq!(soft_peek(&cache, 1).await, None);
    let (_, status) = soft_with_status(&cache, 1).await;
    assert_eq!(status.reason, Some(Reason::Misconfigured));
    let stats = cache.stats();
    assert_eq!((stats.bypassed, stats.loads, stats.near_hits), (7, 0, 0));
}

#[test]
fn neither_is_it_on_a_thread() {
    let cache = tiered();
    assert_ne!(jittered(&cache, 1), jittered(&cache, 1));
    assert_eq!(jittered_with_status(&cache, 1).1.reason, Some(Reason::Misconfigured));
    assert_eq!(jittered_peek(&cache, 1), None);
}
