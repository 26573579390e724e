//! Values that are read are refreshed before they expire, once, and never against an invalidation.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::{Builder, CacheManager, Cached, LoadError, Policy, Previous};
use cache_core::policy::RefreshAhead;
use cache_core::port::clock::Clock;
use cache_core::testkit::{TokioTime, Verb};
use cache_core::time::Ttl;
use tokio::time::{advance, sleep};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Answers with a number that grows, after two seconds.
#[derive(Debug, Clone, Default)]
struct Source {
    runs: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
}

impl Source {
    fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }

    async fn load(self) -> Result<u64, String> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        sleep(seconds(2)).await;
        if self.broken.load(Ordering::SeqCst) { Err("broken".to_owned()) } else { Ok(run) }
    }
}

thread_local! {
    static CLOCK: Clock = Clock::source(Arc::new(TokioTime::new()));
}

fn build(builder: Builder, ahead: RefreshAhead) -> CacheManager {
    let policy = Policy::new().refresh_ahead(ahead);
    builder.policy(policy).jitter(0.0).jitter_seed(7).clock(CLOCK.with(Clock::clone)).build().unwrap()
}

fn near_only(ahead: RefreshAhead) -> CacheManager {
    build(CacheManager::builder().near(common::near()), ahead)
}

async fn ask(cache: &CacheManager, source: &Source) -> u64 {
    let source = source.clone();
    cache.get_or_load("price", move || source.load()).ttl(Ttl::secs(100)).detach().await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_read_near_the_end_of_a_life_refreshes_once_in_the_background_and_all_reads_are_hits() {
    let (cache, source) = (near_only(RefreshAhead::Fraction(0.8)), Source::default());
    assert_eq!(ask(&cache, &source).await, 1);
    advance(seconds(79)).await;
    assert_eq!((ask(&cache, &source).await, source.runs()), (1, 1), "not yet");
    advance(seconds(2)).await;
    for _ in 0..50 {
        assert_eq!(ask(&cache, &source).await, 1);
        tokio::task::yield_now().await;
    }
    assert_eq!((source.runs(), cache.stats().refreshes), (2, 1));
    sleep(seconds(3)).await;
    assert_eq!(ask(&cache, &source).await, 2);
    let stats = cache.stats();
    assert_eq!((stats.near_hits, stats.misses, stats.stale, stats.requests()), (52, 1, 0, 53));
    advance(seconds(70)).await;
    assert_eq!((ask(&cache, &source).await, source.runs()), (2, 2), "a life of its own");
}

#[tokio::test(start_paused = true)]
async fn nobody_reads_nobody_refreshes() {
    let (cache, source) = (near_only(RefreshAhead::Fraction(0.5)), Source::default());
    ask(&cache, &source).await;
    sleep(seconds(99)).await;
    assert_eq!(source.runs(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_refresh_looks_at_the_far_tier_first_and_adopts_what_is_newer() {
    let primary = common::faulty();
    let ahead = RefreshAhead::Fraction(0.8);
    let (here, there) = (build(common::over(&primary), ahead), build(common::over(&primary), ahead));
    let source = Source::default();
    ask(&here, &source).await;
    advance(seconds(81)).await;
    assert!(there.set("price", 70_u64, Ttl::secs(100)).await.unwrap().is_stored());
    assert_eq!(ask(&here, &source).await, 1);
    sleep(seconds(1)).await;
    assert_eq!((ask(&here, &source).await, source.runs()), (70, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_by_the_first_reader_adopts_what_is_newer_too() {
    let primary = common::faulty();
    let ahead = RefreshAhead::Fraction(0.8);
    let (here, there) = (build(common::over(&primary), ahead), build(common::over(&primary), ahead));
    let source = Source::default();
    ask(&here, &source).await;
    advance(seconds(81)).await;
    assert!(there.set("price", 70_u64, Ttl::secs(100)).await.unwrap().is_stored());
    let load = source.clone();
    let attached = here.get_or_load("price", move || load.load()).ttl(Ttl::secs(100));
    assert_eq!((attached.await.unwrap(), source.runs()), (70, 1));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_replaces_what_is_in_the_far_tier() {
    let primary = common::faulty();
    let cache = build(common::over(&primary), RefreshAhead::Fraction(0.8));
    let source = Source::default();
    ask(&cache, &source).await;
    advance(seconds(81)).await;
    ask(&cache, &source).await;
    sleep(seconds(3)).await;
    let other = build(common::over(&primary), RefreshAhead::Fraction(0.8));
    assert_eq!((other.get::<u64>("price").await.unwrap(), primary.calls(Verb::Set)), (Some(2), 2));
}

#[tokio::test(start_paused = true)]
async fn a_refresh_carries_a_stamp_and_does_not_undo_an_invalidation() {
    let (cache, source) = (near_only(RefreshAhead::Fraction(0.8)), Source::default());
    ask(&cache, &source).await;
    advance(seconds(81)).await;
    ask(&cache, &source).await;
    sleep(seconds(1)).await;
    assert_eq!(source.runs(), 2, "the refresh is under way");
    assert_eq!(cache.delete("price").await.unwrap().removed, 1);
    sleep(seconds(5)).await;
    assert_eq!(cache.get::<u64>("price").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_failed_refresh_is_not_seen_and_backs_off() {
    let (cache, source) = (near_only(RefreshAhead::Fraction(0.5)), Source::default());
    ask(&cache, &source).await;
    source.broken.store(true, Ordering::SeqCst);
    advance(seconds(50)).await;
    for _ in 0..45 {
        assert_eq!(ask(&cache, &source).await, 1);
        sleep(seconds(1)).await;
    }
    let refreshes = source.runs() - 1;
    assert!((3..=8).contains(&refreshes), "{refreshes} refreshes in 45 s, not 20");
    assert_eq!(cache.stats().load_failures, refreshes);
    source.broken.store(false, Ordering::SeqCst);
    sleep(seconds(10)).await;
    let before = source.runs();
    assert_eq!(ask(&cache, &source).await, before + 1, "expired: loaded");
}

#[tokio::test(start_paused = true)]
async fn xfetch_refreshes_by_chance_so_long_before_the_expiry_that_a_load_ends_in_time() {
    let (cache, source) = (near_only(RefreshAhead::XFetch { beta: 3.0 }), Source::default());
    let ask = |id: u64| {
        let load = source.clone();
        let call = cache.get_or_load(format!("price:{id}"), move || load.load());
        call.ttl(Ttl::secs(1_000)).detach().into_future()
    };
    // Until a load was measured nothing is known; the first one is.
    ask(0).await.unwrap();
    for load in (1..=40).map(|id| tokio::spawn(ask(id))).collect::<Vec<_>>() {
        load.await.unwrap().unwrap();
    }
    let mut begun = Vec::new();
    for _ in 0..999 {
        for id in 1..=40 {
            ask(id).await.unwrap();
        }
        begun.push(cache.stats().refreshes);
        sleep(seconds(1)).await;
    }
    assert_eq!(begun[900], 0, "6 s ahead of the expiry on average: long before it there is none");
    assert!(begun[998] > 20, "{} of 40 began before their values expired", begun[998]);
    assert_eq!((cache.stats().misses, cache.stats().stale), (41, 0));
}

#[tokio::test(start_paused = true)]
async fn without_detached_loads_the_first_reader_refreshes_and_the_others_hit() {
    let (cache, source) = (near_only(RefreshAhead::Fraction(0.8)), Source::default());
    ask(&cache, &source).await;
    advance(seconds(81)).await;
    let first = tokio::spawn({
        let (cache, load) = (cache.clone(), source.clone());
        async move { cache.get_or_load("price", move || load.load()).ttl(Ttl::secs(100)).await.unwrap() }
    });
    sleep(seconds(1)).await;
    let load = source.clone();
    assert_eq!(cache.get_or_load("price", move || load.load()).await.unwrap(), 1);
    assert_eq!((first.await.unwrap(), source.runs()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn add_sees_a_value_that_is_due_for_a_refresh() {
    let (cache, source) = (near_only(RefreshAhead::Fraction(0.8)), Source::default());
    ask(&cache, &source).await;
    advance(seconds(81)).await;
    assert!(!cache.add("price", 9_u64, Ttl::secs(100)).await.unwrap());
    assert!(cache.exists("price").await.unwrap());
    assert_eq!(cache.get::<u64>("price").await.unwrap(), Some(1));
}

#[tokio::test]
async fn a_fraction_out_of_range_is_refused() {
    let policy = Policy::new().refresh_ahead(RefreshAhead::Fraction(1.5));
    let error = CacheManager::builder().near(common::near()).policy(policy.clone()).build().unwrap_err();
    assert!(error.kind() == ErrorKind::Config && error.to_string().contains("refresh_ahead"), "{error}");
    let cache = CacheManager::builder().near(common::near()).build().unwrap();
    let refused = cache.get_or_load("price", || async { Ok::<_, String>(1_u64) }).policy(policy).await;
    assert!(matches!(refused.unwrap_err(), LoadError::Cache(error) if error.kind() == ErrorKind::Config));
}

/// As [`ask`], and kept warm until nobody has asked for five minutes.
async fn ask_warm(cache: &CacheManager, source: &Source) -> u64 {
    let source = source.clone();
    let load = cache.get_or_load("price", move || source.load()).ttl(Ttl::secs(100)).detach();
    load.keep_warm(seconds(300)).await.unwrap()
}

fn warm() -> (CacheManager, Source) {
    (build(CacheManager::builder().near(common::near()), RefreshAhead::Fraction(0.8)), Source::default())
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_warm_is_refreshed_without_a_read_until_nobody_has_read_it_for_a_while() {
    let (cache, source) = warm();
    assert_eq!(ask_warm(&cache, &source).await, 1);
    for (passed, runs) in [(79, 1), (5, 2), (82, 3), (82, 4)] {
        sleep(seconds(passed)).await;
        assert_eq!(source.runs(), runs, "{passed} s later");
    }
    assert_eq!((cache.get::<u64>("price").await.unwrap(), cache.stats().misses), (Some(4), 1));
    sleep(seconds(1_000)).await;
    assert_eq!(source.runs(), 4, "nobody has asked for five minutes");
    assert_eq!(cache.get::<u64>("price").await.unwrap(), None);
    assert_eq!(ask_warm(&cache, &source).await, 5);
    for _ in 0..10 {
        sleep(seconds(81)).await;
        ask_warm(&cache, &source).await;
    }
    assert!(source.runs() >= 14, "every read keeps it warm: {}", source.runs());
    assert_eq!(cache.stats().misses, 3, "nobody waited again: two loads, and the read of nothing");
}

#[tokio::test(start_paused = true)]
async fn many_reads_keep_an_entry_warm_once() {
    let (cache, source) = warm();
    for _ in 0..100 {
        ask_warm(&cache, &source).await;
    }
    sleep(seconds(90)).await;
    assert_eq!((source.runs(), cache.stats().refreshes), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_ends_what_is_kept_warm_also_while_it_is_refreshed() {
    for during in [false, true] {
        let (cache, source) = warm();
        ask_warm(&cache, &source).await;
        sleep(seconds(if during { 81 } else { 20 })).await;
        assert_eq!(source.runs(), if during { 2 } else { 1 });
        assert_eq!(cache.delete("price").await.unwrap().removed, 1);
        sleep(seconds(200)).await;
        assert_eq!(
            (source.runs(), cache.get::<u64>("price").await.unwrap()),
            (if during { 2 } else { 1 }, None)
        );
        assert_eq!(ask_warm(&cache, &source).await, if during { 3 } else { 2 });
        sleep(seconds(90)).await;
        assert_eq!(source.runs(), if during { 4 } else { 3 }, "it is kept warm anew");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_of_what_is_kept_warm_that_fails_backs_off_and_ends_with_the_life() {
    let (cache, source) = warm();
    ask_warm(&cache, &source).await;
    source.broken.store(true, Ordering::SeqCst);
    sleep(seconds(99)).await;
    let runs = source.runs();
    assert!((3..=7).contains(&runs), "{runs} tries in 19 seconds");
    sleep(seconds(200)).await;
    assert!(source.runs() <= runs + 1, "{} tries", source.runs());
}

#[tokio::test(start_paused = true)]
async fn nothing_is_kept_warm_beyond_the_manager_and_none_of_what_means_nothing() {
    let (cache, source) = warm();
    let load = cache.get_or_load("zero", || async { Ok::<_, String>(1_u64) }).detach();
    let LoadError::Cache(error) = load.keep_warm(Duration::ZERO).await.unwrap_err() else { unreachable!() };
    assert_eq!(error.kind(), ErrorKind::Config);
    let held = Arc::clone(&source.runs);
    ask_warm(&cache, &source).await;
    drop((cache, source));
    tokio::task::yield_now().await;
    tokio::task::yield_now().await;
    assert_eq!(Arc::strong_count(&held), 1, "the keeper and its loader are gone");
}

#[tokio::test(start_paused = true)]
async fn what_is_kept_warm_is_compared_with_its_source_and_says_what_it_is_worth() {
    let (cache, source) = warm();
    let ask = || {
        let runs = Arc::clone(&source.runs);
        let load = move |previous: Option<Previous<u64>>| async move {
            runs.fetch_add(1, Ordering::SeqCst);
            Ok::<_, String>(match previous.as_ref().and_then(Previous::validator) {
                Some("v1") => Cached::not_modified(),
                _ => Cached::new(7_u64).validator("v1"),
            })
        };
        let page = cache.get_or_revalidate_with("page", load).ttl(Ttl::secs(100));
        page.detach().keep_warm(seconds(1_000)).with_status()
    };
    let (value, status) = ask().await.unwrap();
    assert_eq!((value, status.tier), (7, "loader"));
    sleep(seconds(85)).await;
    let (value, status) = ask().await.unwrap();
    assert_eq!((value, status.tier, status.age, source.runs()), (7, "near", seconds(5), 2));
    let tokens = Arc::clone(&source.runs);
    let load = move |older: Option<u64>| async move {
        let run = tokens.fetch_add(1, Ordering::SeqCst);
        Ok::<_, String>(Cached::new(older.map_or(run, |older| older + 100)).ttl(seconds(10)))
    };
    let plain = cache.get_or_revalidate("token", load).detach().keep_warm(seconds(30));
    assert_eq!(plain.await.unwrap(), 2);
    sleep(seconds(9)).await;
    assert_eq!(cache.get::<u64>("token").await.unwrap(), Some(102), "it was shown the older value");
}

#[tokio::test(start_paused = true)]
async fn keeping_warm_what_is_not_held_near_is_an_error_with_its_fix() {
    let load = || async { Ok::<_, String>(1_u64) };
    let refused = async |cache: &CacheManager, policy: Policy| {
        let warm = cache.get_or_load("price", load).policy(policy).detach().keep_warm(seconds(9));
        let LoadError::Cache(error) = warm.await.unwrap_err() else { unreachable!() };
        assert_eq!(error.kind(), ErrorKind::Config);
        error.to_string()
    };
    let far_only = CacheManager::builder().no_near().primary(common::faulty()).build().unwrap();
    let error = refused(&far_only, Policy::new()).await;
    assert!(error.contains("keep_warm holds 9s") && error.contains("add .near("), "{error}");
    assert_eq!(far_only.stats().loads, 0);
    let sealing = common::over(&common::faulty()).master_key([7; 32]).build().unwrap();
    let error = refused(&sealing, Policy::secure()).await;
    assert!(error.contains("sealed values") && error.contains("say near_too"), "{error}");
    let near_too = sealing.get_or_load("price", load).policy(Policy::secure().near_too()).detach();
    assert_eq!(near_too.keep_warm(seconds(9)).await.unwrap(), 1);
}
