//! What the policy of a keyspace keeps warm, and where it cannot.

#![allow(clippy::unwrap_used)]

mod common;

use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::{CacheManager, Keyspace, LoadError, Policy};
use cache_core::policy::RefreshAhead;
use cache_core::port::clock::Clock;
use cache_core::testkit::TokioTime;
use cache_core::time::Ttl;
use tokio::time::sleep;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

static PRICES: Keyspace<u64> =
    Keyspace::with("price", |policy| policy.ttl(Ttl::secs(100)).keep_warm(seconds(400)));
static EARLY: Keyspace<u64> = Keyspace::with("early", |policy| {
    policy.ttl(Ttl::secs(100)).keep_warm(seconds(400)).refresh_ahead(RefreshAhead::Fraction(0.5))
});
static COLD: Keyspace<u64> = Keyspace::new("cold");
static SEALED: Keyspace<u64> = Keyspace::with("sealed", |policy| policy.sealed().keep_warm(seconds(9)));

fn manager() -> CacheManager {
    let clock = Clock::source(Arc::new(TokioTime::new()));
    CacheManager::builder().near(common::near()).jitter(0.0).clock(clock).build().unwrap()
}

type Load = Pin<Box<dyn Future<Output = Result<u64, String>> + Send>>;

/// Answers how often it was run.
fn counting(runs: &Arc<AtomicU64>) -> impl FnOnce() -> Load + Clone + Send + 'static {
    let runs = Arc::clone(runs);
    move || Box::pin(async move { Ok(runs.fetch_add(1, Ordering::SeqCst) + 1) })
}

#[tokio::test(start_paused = true)]
async fn a_keyspace_keeps_warm_what_is_read_through_it() {
    for (keyspace, early) in [(&PRICES, false), (&EARLY, true)] {
        let (cache, runs) = (manager(), Arc::new(AtomicU64::new(0)));
        let prices = cache.keyspace(keyspace);
        let (value, status) = prices.get_or_load_warm(7_u64, counting(&runs)).with_status().await.unwrap();
        assert_eq!((value, status.tier, cache.stats().kept_warm), (1, "loader", 1));
        for _ in 0..20 {
            sleep(seconds(94)).await;
            assert!(prices.get(7_u64).await.unwrap().is_some(), "a read without a loader is one too");
        }
        let lives = 1_880 / if early { 50 } else { 80 };
        assert_eq!((runs.load(Ordering::SeqCst), cache.stats().misses), (1 + lives, 1));
        sleep(seconds(1_000)).await;
        assert!(runs.load(Ordering::SeqCst) <= 1 + lives + 450 / if early { 50 } else { 80 } + 1);
        assert_eq!((prices.get(7_u64).await.unwrap(), cache.stats().kept_warm), (None, 0));
    }
}

async fn refused<T: std::fmt::Debug>(load: impl IntoFuture<Output = Result<T, LoadError<String>>>) -> String {
    let LoadError::Cache(error) = load.await.unwrap_err() else { unreachable!("a loader ran") };
    assert_eq!(error.kind(), ErrorKind::Config);
    error.to_string()
}

#[tokio::test(start_paused = true)]
async fn what_cannot_be_kept_warm_is_an_error_with_its_fix() {
    let (cache, load) = (manager(), || async { Ok::<_, String>(1_u64) });
    let once = refused(cache.keyspace(&PRICES).get_or_load(7_u64, load)).await;
    assert!(once.contains("keep_warm holds 400s") && once.contains("get_or_load_warm"), "{once}");
    let detached = refused(cache.keyspace(&PRICES).get_or_load(7_u64, load).detach()).await;
    assert!(detached.contains(".detach().keep_warm(..)"), "{detached}");
    let own = cache.keyspace(&PRICES).get_or_load(7_u64, load).detach().keep_warm(seconds(9));
    assert_eq!(own.await.unwrap(), 1, "the call says how long");
    let unsaid = refused(cache.keyspace(&COLD).get_or_load_warm(7_u64, load)).await;
    assert!(unsaid.contains("does not say keep_warm"), "{unsaid}");
    let sealed = refused(cache.keyspace(&SEALED).get_or_load_warm(7_u64, load)).await;
    assert!(sealed.contains("say near_too"), "{sealed}");
    let far_only = CacheManager::builder().no_near().primary(common::faulty()).build().unwrap();
    let nowhere = refused(far_only.keyspace(&PRICES).get_or_load_warm(7_u64, load)).await;
    assert!(nowhere.contains("add .near("), "{nowhere}");
    for (policy, named) in [
        (Policy::new().keep_warm(Duration::ZERO), "keep_warm holds 0"),
        (Policy::new().keep_warm(seconds(9)).ttl(Ttl::Never), "what lives for ever"),
    ] {
        let error = policy.check().unwrap_err().to_string();
        assert!(error.contains(named), "{error}");
    }
    let policy = Policy::new().keep_warm(seconds(9));
    let error = CacheManager::builder().near(common::near()).policy(policy).build().unwrap_err().to_string();
    assert!(error.contains("keep_warm holds 9s") && error.contains("policy of a keyspace"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn an_entry_that_ends_while_it_is_kept_is_loaded_and_kept_anew() {
    let (cache, runs) = (manager(), Arc::new(AtomicU64::new(0)));
    let prices = cache.keyspace(&PRICES);
    let ask = || prices.get_or_load_warm(7_u64, counting(&runs));
    assert_eq!(ask().await.unwrap(), 1);
    let _ = prices.expire(7_u64).await.unwrap();
    sleep(seconds(200)).await;
    assert_eq!((runs.load(Ordering::SeqCst), cache.stats().kept_warm), (1, 0));
    assert_eq!(ask().await.unwrap(), 2);
    sleep(seconds(90)).await;
    assert_eq!((runs.load(Ordering::SeqCst), cache.stats().kept_warm), (3, 1));
    let _ = prices.set(7_u64, 70, Ttl::secs(100)).await.unwrap();
    assert_eq!(ask().await.unwrap(), 70);
    sleep(seconds(90)).await;
    assert_eq!((ask().await.unwrap(), cache.stats().kept_warm), (4, 1), "what was set is refreshed too");
}
