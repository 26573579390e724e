//! No caller waits longer than it asked for, and no loader keeps a key for ever.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::{CacheManager, LoadError, Policy};
use cache_core::testkit::Verb;
use tokio::sync::Notify;
use tokio::time::{Instant, advance};

const SECOND: Duration = Duration::from_secs(1);

fn near_only() -> CacheManager {
    CacheManager::builder().near(common::near()).jitter(0.0).build().unwrap()
}

async fn never() -> Result<u64, String> {
    std::future::pending().await
}

fn names(error: &LoadError<String>, limit: &str) -> bool {
    error.is_timeout() && error.to_string().contains(limit)
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_timeout_while_it_waits_for_the_load_of_another() {
    let cache = near_only();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_load("cold", never).await }
    });
    tokio::task::yield_now().await;
    let began = Instant::now();
    let error = cache.get_or_load("cold", never).timeout(SECOND).await.unwrap_err();
    assert!(names(&error, "timeout = 1s"), "{error}");
    assert_eq!(began.elapsed(), SECOND);
    assert_eq!((cache.stats().loads, cache.stats().loading), (1, 1), "the leader goes on");
    leader.abort();
}

#[tokio::test(start_paused = true)]
async fn a_call_ends_at_its_timeout_while_a_tier_hangs() {
    let primary = common::faulty();
    let cache = common::over(&primary).build().unwrap();
    let _held = primary.hold_before(Verb::Get);
    let error =
        cache.get_or_load("cold", || async { Ok::<_, String>(1_u64) }).timeout(SECOND).await.unwrap_err();
    assert!(names(&error, "timeout = 1s"), "{error}");
    assert_eq!((cache.stats().loads, cache.stats().loading), (0, 0), "nobody is left in the key");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_is_one_deadline_for_everything_a_call_waits_for() {
    let cache = near_only();
    let leader = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_load("cold", never).max_load_time(SECOND).await }
    });
    tokio::task::yield_now().await;
    let began = Instant::now();
    let follower = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_load("cold", never).timeout(SECOND * 3 / 2).await }
    });
    tokio::time::sleep(SECOND / 2).await;
    leader.abort();
    let error = follower.await.unwrap().unwrap_err();
    assert!(names(&error, "timeout = 1.5s"), "{error}");
    assert_eq!(began.elapsed().as_millis() / 10, 150, "half a second as a follower counts");
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_there_in_time_is_not_lost_to_a_slow_write() {
    let primary = common::faulty();
    let cache = common::over(&primary).build().unwrap();
    let _held = primary.hold_before(Verb::Set);
    let began = Instant::now();
    let value = cache.get_or_load("cold", || async { Ok::<_, String>(7_u64) }).timeout(SECOND).await.unwrap();
    assert_eq!((value, began.elapsed().as_secs(), cache.stats().loading), (7, 1, 0));
}

#[tokio::test(start_paused = true)]
async fn a_hung_loader_is_ended_at_max_load_time_and_frees_its_key() {
    let cache = near_only();
    let dropped = Arc::new(());
    let hung = {
        let (cache, held) = (cache.clone(), Arc::clone(&dropped));
        tokio::spawn(async move {
            let loader = || async move {
                let _held = held;
                never().await
            };
            cache.get_or_load("cold", loader).max_load_time(SECOND).await
        })
    };
    tokio::task::yield_now().await;
    let follower = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_load("cold", never).await }
    });
    tokio::task::yield_now().await;
    advance(SECOND).await;
    for call in [hung, follower] {
        let error = call.await.unwrap().unwrap_err();
        assert!(names(&error, "max_load_time = 1s"), "{error}");
    }
    assert_eq!(Arc::strong_count(&dropped), 1, "the load was dropped");
    let stats = cache.stats();
    assert_eq!(
        (stats.loads, stats.load_failures, stats.loading, stats.misses, stats.coalesced),
        (1, 1, 0, 1, 1)
    );
    assert_eq!(cache.get_or_load("cold", || async { Ok::<_, String>(2_u64) }).await.unwrap(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_manager_says_its_limits_for_all_calls() {
    let policy = Policy::new().max_load_time(SECOND).timeout(SECOND * 2);
    let cache = CacheManager::builder().near(common::near()).policy(policy).build().unwrap();
    let error = cache.get_or_load("cold", never).await.unwrap_err();
    assert!(names(&error, "max_load_time = 1s"), "{error}");
    let error = cache.get_or_load("cold", never).max_load_time(SECOND * 9).await.unwrap_err();
    assert!(names(&error, "timeout = 2s"), "{error}");
}

#[tokio::test(start_paused = true)]
async fn a_caller_that_times_out_hands_its_load_over_to_who_still_waits() {
    let cache = near_only();
    let (runs, go) = (Arc::new(AtomicU32::new(0)), Arc::new(Notify::new()));
    let call = |timeout: Duration| {
        let (cache, runs, go) = (cache.clone(), Arc::clone(&runs), Arc::clone(&go));
        tokio::spawn(async move {
            let loader = || async move {
                let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
                go.notified().await;
                Ok::<_, String>(u64::from(run))
            };
            cache.get_or_load("cold", loader).timeout(timeout).await
        })
    };
    let (hasty, patient) = (call(SECOND), call(SECOND * 60));
    let error = hasty.await.unwrap().unwrap_err();
    assert_eq!(error.loader(), None);
    while runs.load(Ordering::SeqCst) < 2 {
        tokio::task::yield_now().await;
    }
    go.notify_one();
    assert_eq!(patient.await.unwrap().unwrap(), 2);
}

#[tokio::test]
async fn a_caller_that_goes_away_is_counted_as_abandoned() {
    let cache = near_only();
    let call = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get_or_load("cold", never).await }
    });
    while cache.stats().loads == 0 {
        tokio::task::yield_now().await;
    }
    call.abort();
    assert!(call.await.unwrap_err().is_cancelled());
    let stats = cache.stats();
    assert_eq!((stats.abandoned, stats.misses, stats.requests(), stats.loading), (1, 0, 1, 0));
}

#[test]
fn a_timeout_is_transient_and_says_what_to_do() {
    let cache = near_only();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
    let call = async { cache.get_or_load("cold", never).timeout(Duration::from_millis(1)).await };
    let Err(LoadError::Cache(error)) = runtime.block_on(call) else { panic!("no cache error") };
    assert!(error.is_transient() && error.kind() == ErrorKind::Timeout);
    assert!(error.to_string().contains("raise timeout"), "{error}");
}
