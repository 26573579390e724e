//! Loaders that decide on the life of their value, or that the older one is still good.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_core::manager::{CacheManager, Cached, Policy};
use cache_core::policy::RefreshAhead;
use cache_core::port::clock::Clock;
use cache_core::testkit::TokioTime;
use cache_core::time::Ttl;
use tokio::time::advance;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn cache() -> CacheManager {
    let builder = CacheManager::builder().near(common::near()).jitter(0.0);
    builder.clock(Clock::source(Arc::new(TokioTime::new()))).build().unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_loader_says_how_long_its_value_lives() {
    let cache = cache();
    let load = |_| async { Ok::<_, String>(Cached::new(1_u64).ttl(seconds(5))) };
    assert_eq!(cache.get_or_revalidate("token", load).ttl(Ttl::secs(100)).await.unwrap(), 1);
    advance(seconds(4)).await;
    assert_eq!(cache.get::<u64>("token").await.unwrap(), Some(1));
    advance(seconds(1)).await;
    assert_eq!(cache.get::<u64>("token").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_loader_says_that_its_value_is_not_to_be_stored() {
    let cache = cache();
    let load = |_| async { Ok::<_, String>(Cached::new(1_u64).skip()) };
    assert_eq!(cache.get_or_revalidate("partial", load).await.unwrap(), 1);
    assert_eq!((cache.get::<u64>("partial").await.unwrap(), cache.stats().not_stored), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn a_value_without_a_life_is_not_stored_and_leaves_no_older_one() {
    let ahead = Policy::new().refresh_ahead(RefreshAhead::Fraction(0.5));
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let cache = common::over(&common::faulty()).policy(ahead).clock(clock).build().unwrap();
    let _ = cache.set("rate", 1_u64, Ttl::secs(100)).await.unwrap();
    advance(seconds(60)).await;
    let load = |_| async { Ok::<_, String>(Cached::new(2_u64).ttl(Duration::ZERO)) };
    assert_eq!(cache.get_or_revalidate("rate", load).await.unwrap(), 2);
    assert_eq!((cache.get::<u64>("rate").await.unwrap(), cache.stats().not_stored), (None, 1));
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_not_modified_is_kept_and_lives_again() {
    let cache = cache();
    let load = |older: Option<(String, u64)>| async move {
        Ok::<_, String>(match older {
            Some((etag, _)) if etag == "v1" => Cached::not_modified(),
            _ => Cached::new(("v1".to_owned(), 7_u64)),
        })
    };
    let ask = || {
        cache.get_or_revalidate("page", load).ttl(Ttl::secs(100)).stale_if_error(seconds(60)).with_status()
    };
    let ((_, first), status) = ask().await.unwrap();
    assert_eq!((first, status.tier), (7, "loader"));
    advance(seconds(110)).await;
    let ((etag, value), status) = ask().await.unwrap();
    assert_eq!((etag.as_str(), value, status.tier), ("v1", 7, "loader"));
    advance(seconds(99)).await;
    let (_, status) = ask().await.unwrap();
    assert_eq!((status.tier, status.age, status.reason), ("near", seconds(99), None));
    assert_eq!(cache.stats().loads, 2);
}

#[tokio::test(start_paused = true)]
async fn not_modified_without_an_older_value_is_an_error_that_says_so() {
    let cache = cache();
    let load = |older: Option<u64>| async move {
        assert_eq!(older, None);
        Ok::<_, String>(Cached::not_modified())
    };
    let error = cache.get_or_revalidate::<u64, _, _, _>("page", load).await.unwrap_err();
    assert!(error.to_string().contains("was shown no value"), "{error}");
    assert_eq!(cache.get::<u64>("page").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn an_invalidated_value_is_not_shown_and_not_revived() {
    let cache = cache();
    let ask = |expected: Option<u64>| {
        let load = move |older: Option<u64>| async move {
            assert_eq!(older, expected);
            Ok::<_, String>(if older.is_some() { Cached::not_modified() } else { Cached::new(1) })
        };
        cache.get_or_revalidate("page", load).ttl(Ttl::secs(100)).stale_if_error(seconds(60)).detach()
    };
    ask(None).await.unwrap();
    advance(seconds(110)).await;
    assert_eq!(cache.delete("page").await.unwrap().removed, 0);
    ask(None).await.unwrap();
    advance(seconds(110)).await;
    ask(Some(1)).await.unwrap();
}
