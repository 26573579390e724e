//! Expired values answer within their windows, never beyond, and every such answer says so.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::time::Duration;

use cache_core::entry::{Freshness, Reason, Status};
use cache_core::error::ErrorKind;
use cache_core::manager::{Builder, CacheManager, LoadError, Policy};
use cache_core::port::clock::Clock;
use cache_core::testkit::{FaultyBackend, MapBackend, TokioTime, Verb};
use cache_core::time::Ttl;
use tokio::time::{advance, sleep};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A source that answers with a number that grows, or with an error, after a while.
#[derive(Debug, Clone, Default)]
struct Source {
    runs: Arc<AtomicU64>,
    broken: Arc<AtomicU32>,
    slow: Arc<AtomicU64>,
}

impl Source {
    fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }

    /// Fails with this code from now on; 0 is well.
    fn fail(&self, code: u32) {
        self.broken.store(code, Ordering::SeqCst);
    }

    fn take_seconds(&self, seconds: u64) {
        self.slow.store(seconds, Ordering::SeqCst);
    }

    async fn load(self) -> Result<u64, u32> {
        let run = self.runs.fetch_add(1, Ordering::SeqCst) + 1;
        let (slow, code) = (self.slow.load(Ordering::SeqCst), self.broken.load(Ordering::SeqCst));
        if slow > 0 {
            sleep(seconds(slow)).await;
        }
        if code == 0 { Ok(run) } else { Err(code) }
    }
}

fn windows() -> Policy {
    Policy::new().ttl(Ttl::secs(100)).stale_while_revalidate(seconds(10)).stale_if_error(seconds(60))
}

thread_local! {
    /// One clock for all managers of a test, as machines have that keep the same time.
    static CLOCK: Clock = Clock::source(Arc::new(TokioTime::new()));
}

fn clocked(builder: Builder) -> Builder {
    builder.jitter(0.0).clock(CLOCK.with(Clock::clone))
}

fn near_only(policy: Policy) -> CacheManager {
    clocked(CacheManager::builder()).near(common::near()).policy(policy).build().unwrap()
}

fn over(primary: &Arc<FaultyBackend>, policy: Policy) -> CacheManager {
    clocked(common::over(primary)).policy(policy).build().unwrap()
}

async fn ask(cache: &CacheManager, source: &Source) -> Result<(u64, Status), LoadError<u32>> {
    let source = source.clone();
    cache.get_or_load("price", move || source.load()).ttl(Ttl::secs(100)).detach().with_status().await
}

/// Lets tasks in the background run.
async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn stale_for(status: &Status) -> Option<u64> {
    match status.freshness {
        Freshness::Stale(past) => Some(past.as_secs()),
        Freshness::Fresh => None,
    }
}

#[tokio::test(start_paused = true)]
async fn stale_while_revalidate_answers_at_once_and_one_refresh_runs_in_the_background() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(105)).await;
    source.take_seconds(3);
    for _ in 0..50 {
        let (value, status) = ask(&cache, &source).await.unwrap();
        assert_eq!((value, stale_for(&status), status.tier), (1, Some(5), "near"));
        assert_eq!((status.age, status.reason), (seconds(105), Some(Reason::Revalidating)));
    }
    settle().await;
    assert_eq!((source.runs(), cache.stats().stale, cache.stats().refreshes), (2, 50, 1));
    sleep(seconds(4)).await;
    let (value, status) = ask(&cache, &source).await.unwrap();
    assert_eq!((value, status.freshness, status.reason), (2, Freshness::Fresh, None));
    assert_eq!(cache.stats().requests(), 52);
}

#[tokio::test(start_paused = true)]
async fn a_life_begins_when_the_value_is_stored_not_when_its_load_began() {
    let (cache, source) = (near_only(Policy::new()), Source::default());
    source.take_seconds(50);
    let (_, status) = ask(&cache, &source).await.unwrap();
    assert_eq!(status.age, Duration::ZERO);
    advance(seconds(99)).await;
    assert_eq!(cache.get::<u64>("price").await.unwrap(), Some(1));
    advance(seconds(1)).await;
    assert_eq!(cache.get::<u64>("price").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn beyond_its_window_a_stale_value_answers_only_in_place_of_an_error() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(120)).await;
    source.fail(500);
    let (value, status) = ask(&cache, &source).await.unwrap();
    assert_eq!((value, stale_for(&status), status.reason), (1, Some(20), Some(Reason::LoadFailed)));
    source.fail(0);
    advance(seconds(2)).await;
    assert_eq!(ask(&cache, &source).await.unwrap().0, 3, "a source that works is asked");
}

#[tokio::test(start_paused = true)]
async fn serving_stale_never_extends_the_total() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    source.fail(500);
    advance(seconds(100)).await;
    for _ in 0..59 {
        assert_eq!(ask(&cache, &source).await.unwrap().0, 1);
        settle().await;
        advance(seconds(1)).await;
    }
    advance(seconds(1)).await;
    assert_eq!(ask(&cache, &source).await.unwrap_err().loader(), Some(&500));
}

#[tokio::test(start_paused = true)]
async fn a_key_whose_loads_fail_is_left_alone_for_a_second_doubling_to_thirty() {
    let policy = Policy::new().stale_if_error(seconds(3_600));
    let (cache, source) = (near_only(policy), Source::default());
    ask(&cache, &source).await.unwrap();
    source.fail(500);
    advance(seconds(100)).await;
    let mut asked_at = Vec::new();
    for tenth in 0..1_500_u64 {
        let before = source.runs();
        let (_, status) = ask(&cache, &source).await.unwrap();
        if source.runs() > before {
            asked_at.push(tenth);
        } else {
            assert_eq!(status.reason, Some(Reason::BacksOff));
        }
        advance(Duration::from_millis(100)).await;
    }
    let pauses: Vec<_> = asked_at.windows(2).map(|pair| pair[1] - pair[0]).collect();
    for (pause, longest) in pauses.iter().zip([10, 20, 40, 80, 160, 300, 300, 300]) {
        assert!((longest * 3 / 4..=longest).contains(pause), "{pauses:?} in tenths of a second");
    }
    assert!(pauses.len() >= 6, "{pauses:?}");
    source.fail(0);
    advance(seconds(31)).await;
    assert_eq!(ask(&cache, &source).await.unwrap().1.freshness, Freshness::Fresh);
}

#[tokio::test(start_paused = true)]
async fn stale_if_says_which_errors_may_be_hidden_and_the_others_end_what_was_stale() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(120)).await;
    let asked = |code: u32| {
        source.fail(code);
        let (cache, source) = (cache.clone(), source.clone());
        async move { cache.get_or_load("price", move || source.load()).stale_if(|code| *code >= 500).await }
    };
    assert_eq!(asked(503).await.unwrap(), 1);
    advance(seconds(2)).await;
    assert_eq!(asked(404).await.unwrap_err().loader(), Some(&404));
    assert_eq!(asked(503).await.unwrap_err().loader(), Some(&503), "nothing stale is left");
}

#[tokio::test(start_paused = true)]
async fn never_stale_data_is_never_stale_whatever_the_manager_says() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(101)).await;
    source.fail(500);
    let load = source.clone();
    let error = cache.get_or_load("price", move || load.load()).never_stale().await.unwrap_err();
    assert_eq!(error.loader(), Some(&500));
}

#[tokio::test(start_paused = true)]
async fn the_readers_windows_decide_not_the_writers() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(101)).await;
    source.fail(500);
    let load = source.clone();
    let call = cache.get_or_load("price", move || load.load());
    let off = call.stale_while_revalidate(Duration::ZERO).stale_if_error(Duration::ZERO);
    assert_eq!(off.await.unwrap_err().loader(), Some(&500));
    assert_eq!(ask(&cache, &source).await.unwrap().0, 1, "who has windows is still answered");
}

#[tokio::test(start_paused = true)]
async fn an_invalidated_value_is_never_served_stale() {
    let primary = common::faulty();
    for (cache, far) in [(near_only(windows()), false), (over(&primary, windows()), true)] {
        for how in 0..5 {
            let source = Source::default();
            assert_eq!(ask(&cache, &source).await.unwrap().0, 1);
            advance(seconds(101)).await;
            match how {
                0 => assert_eq!(cache.delete("price").await.unwrap().removed, u64::from(far)),
                1 => assert!(!cache.delete_pattern("pri*").await.unwrap().journalled),
                2 => assert!(!cache.clear().await.unwrap().journalled),
                3 => cache.set_enabled(false),
                _ => assert_eq!(cache.get_and_delete::<u64>("price").await.unwrap(), None),
            }
            cache.set_enabled(true);
            source.fail(500);
            assert_eq!(ask(&cache, &source).await.unwrap_err().loader(), Some(&500), "{how}");
            assert!(!cache.clear().await.unwrap().journalled);
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_value_that_is_invalidated_while_its_load_fails_is_not_served_stale() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(120)).await;
    source.take_seconds(2);
    source.fail(500);
    let call = tokio::spawn({
        let (cache, source) = (cache.clone(), source.clone());
        async move { ask(&cache, &source).await }
    });
    sleep(seconds(1)).await;
    assert!(!cache.delete("price").await.unwrap().journalled);
    assert_eq!(call.await.unwrap().unwrap_err().loader(), Some(&500));
}

#[tokio::test(start_paused = true)]
async fn what_only_the_far_tier_still_holds_is_a_stale_candidate_too() {
    let primary = common::faulty();
    let source = Source::default();
    ask(&over(&primary, windows()), &source).await.unwrap();
    advance(seconds(105)).await;
    let restarted = over(&primary, windows());
    source.fail(500);
    let (value, status) = ask(&restarted, &source).await.unwrap();
    assert_eq!((value, status.tier, stale_for(&status), status.age), (1, "map", Some(5), seconds(105)));
    advance(seconds(45)).await;
    let (value, status) = ask(&restarted, &source).await.unwrap();
    assert_eq!((value, status.tier, stale_for(&status)), (1, "near", Some(50)), "its window goes on near");
    advance(seconds(10)).await;
    assert_eq!(ask(&restarted, &source).await.unwrap_err().loader(), Some(&500));
}

#[tokio::test(start_paused = true)]
async fn a_far_value_that_somebody_else_refreshed_is_adopted_without_a_load() {
    let primary = common::faulty();
    let (here, there) = (over(&primary, windows()), over(&primary, windows()));
    let source = Source::default();
    ask(&here, &source).await.unwrap();
    advance(seconds(103)).await;
    assert!(there.set("price", 70_u64, Ttl::secs(100)).await.unwrap().is_stored());
    assert_eq!(ask(&here, &source).await.unwrap().0, 1);
    settle().await;
    assert_eq!((ask(&here, &source).await.unwrap().0, source.runs()), (70, 1));
}

#[tokio::test(start_paused = true)]
async fn a_soft_timeout_that_nothing_can_answer_is_an_error() {
    let soft = Policy::new().soft_timeout(seconds(1));
    let error = CacheManager::builder().near(common::near()).policy(soft.clone()).build().unwrap_err();
    assert!(
        error.to_string().contains("soft_timeout holds 1s, but no value may ever answer stale"),
        "{error}"
    );
    let (cache, source) = (near_only(Policy::new()), Source::default());
    let ask = |policy| {
        let load = source.clone();
        cache.get_or_load("price", move || load.load()).policy(policy).into_future()
    };
    let LoadError::Cache(error) = ask(soft.clone()).await.unwrap_err() else { panic!("the loader ran") };
    assert_eq!(error.kind(), ErrorKind::Config);
    assert_eq!(ask(soft.clone().stale_if_error(seconds(9))).await.unwrap(), 1);
    let source = Source::default();
    let load = source.clone();
    let usual = near_only(windows());
    assert_eq!(usual.get_or_load("price", move || load.load()).policy(soft).await.unwrap(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_soft_timeout_answers_stale_and_the_load_goes_on() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(120)).await;
    source.take_seconds(5);
    let load = source.clone();
    let call =
        cache.get_or_load("price", move || load.load()).detach().soft_timeout(seconds(1)).with_status();
    let (value, status) = call.await.unwrap();
    assert_eq!((value, stale_for(&status), status.reason), (1, Some(21), Some(Reason::TimedOut)));
    sleep(seconds(5)).await;
    assert_eq!(ask(&cache, &source).await.unwrap().0, 2);
    assert_eq!((source.runs(), cache.stats().stale), (2, 1));
}

#[tokio::test(start_paused = true)]
async fn a_soft_timeout_answers_who_waits_for_the_load_of_another() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(120)).await;
    source.take_seconds(5);
    let attached = || {
        let (cache, load) = (cache.clone(), source.clone());
        async move { cache.get_or_load("price", move || load.load()).soft_timeout(seconds(1)).await.unwrap() }
    };
    let leader = tokio::spawn(attached());
    settle().await;
    assert_eq!(attached().await, 1);
    assert_eq!((leader.await.unwrap(), source.runs()), (2, 2), "who runs its own load waits on");
}

#[tokio::test(start_paused = true)]
async fn a_timeout_and_max_load_time_are_answered_stale_where_that_is_allowed() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(120)).await;
    source.take_seconds(60);
    let load = source.clone();
    let late = cache.get_or_load("price", move || load.load()).timeout(seconds(1)).await;
    assert_eq!(late.unwrap(), 1);
    let load = source.clone();
    let hung = cache.get_or_load("price", move || load.load()).max_load_time(seconds(1)).with_status().await;
    assert_eq!(hung.unwrap().1.reason, Some(Reason::TimedOut));
    assert_eq!(cache.stats().loading, 0);
}

#[tokio::test(start_paused = true)]
async fn without_detached_loads_the_first_caller_refreshes_and_the_others_are_answered() {
    let (cache, source) = (near_only(windows()), Source::default());
    ask(&cache, &source).await.unwrap();
    advance(seconds(105)).await;
    source.take_seconds(3);
    let first = tokio::spawn({
        let (cache, load) = (cache.clone(), source.clone());
        async move { cache.get_or_load("price", move || load.load()).await.unwrap() }
    });
    settle().await;
    let load = source.clone();
    assert_eq!(cache.get_or_load("price", move || load.load()).await.unwrap(), 1);
    assert_eq!((first.await.unwrap(), source.runs()), (2, 2));
}

#[tokio::test(start_paused = true)]
async fn at_most_thirty_two_refreshes_of_a_keyspace_run_at_a_time() {
    let (cache, source) = (near_only(windows()), Source::default());
    let ask = |id: u64| {
        let (cache, source) = (cache.clone(), source.clone());
        async move {
            let load = move || source.load();
            cache.get_or_load(format!("price:{id}"), load).ttl(Ttl::secs(100)).detach().await.unwrap()
        }
    };
    for id in 0..100 {
        ask(id).await;
    }
    advance(seconds(105)).await;
    source.take_seconds(3);
    for id in 0..100 {
        ask(id).await;
    }
    settle().await;
    assert_eq!((source.runs(), cache.stats().refreshes, cache.stats().detached), (132, 32, 32));
    sleep(seconds(4)).await;
    assert_eq!(cache.stats().detached, 0);
}

#[tokio::test(start_paused = true)]
async fn a_full_bulkhead_is_answered_stale_where_that_is_allowed() {
    let builder = clocked(CacheManager::builder()).near(common::near()).policy(windows());
    let cache = builder.max_detached_loads(1).build().unwrap();
    let source = Source::default();
    ask(&cache, &source).await.unwrap();
    advance(seconds(120)).await;
    let hung = tokio::spawn({
        let cache = cache.clone();
        async move {
            let load = || std::future::pending::<Result<u64, u32>>();
            cache.get_or_load("other", load).detach().await
        }
    });
    settle().await;
    let (value, status) = ask(&cache, &source).await.unwrap();
    assert_eq!((value, status.reason), (1, Some(Reason::Overloaded)));
    hung.abort();
}

#[tokio::test(start_paused = true)]
async fn add_takes_the_place_of_what_is_kept_only_to_answer_stale() {
    let primary = common::faulty();
    let cache = over(&primary, windows());
    assert!(cache.set("once", 1_u64, Ttl::secs(100)).await.unwrap().is_stored());
    assert!(!cache.add("once", 2_u64, Ttl::secs(100)).await.unwrap());
    advance(seconds(101)).await;
    assert_eq!(cache.get::<u64>("once").await.unwrap(), None, "a plain read is never stale");
    assert!(!cache.exists("once").await.unwrap());
    assert!(cache.add("once", 2_u64, Ttl::secs(100)).await.unwrap());
    assert_eq!(cache.get::<u64>("once").await.unwrap(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn expire_keeps_the_entry_as_a_stale_candidate_in_every_tier_and_delete_does_not() {
    let primary = common::faulty();
    let source = Source::default();
    for near_holds_it in [true, false] {
        let cache = over(&primary, windows());
        source.fail(0);
        let first = ask(&cache, &source).await.unwrap().0;
        assert_eq!(cache.expire("price").await.unwrap().removed, 1);
        assert_eq!(
            (cache.get::<u64>("price").await.unwrap(), cache.exists("price").await.unwrap()),
            (None, false)
        );
        let reader = if near_holds_it { cache.clone() } else { over(&primary, windows()) };
        source.fail(500);
        advance(seconds(12)).await;
        let (value, status) = ask(&reader, &source).await.unwrap();
        assert_eq!((value, stale_for(&status)), (first, Some(12)), "near: {near_holds_it}");
        advance(seconds(48)).await;
        assert_eq!(
            ask(&reader, &source).await.unwrap_err().loader(),
            Some(&500),
            "the window began with expire"
        );
        assert!(!cache.clear().await.unwrap().journalled);
    }
    let cache = near_only(windows());
    assert_eq!(cache.expire("nothing").await.unwrap().removed, 0);
}

/// A primary that goes away and comes back, and managers over it that have a fallback, or none.
fn with_fallback(primary: &Arc<FaultyBackend>, fallback: bool) -> CacheManager {
    let builder = clocked(CacheManager::builder()).primary(Arc::clone(primary)).policy(windows());
    let builder = if fallback { builder.fallback(MapBackend::new()) } else { builder };
    builder.build().unwrap()
}

/// What a process gets that has nothing but the primary, whose source is broken.
async fn rescued_from(primary: &Arc<FaultyBackend>, source: &Source) -> Result<u64, LoadError<u32>> {
    source.fail(500);
    let found = ask(&over(primary, windows()), source).await.map(|(value, _)| value);
    source.fail(0);
    found
}

#[tokio::test(start_paused = true)]
async fn expire_keeps_what_only_the_far_tier_holds_beside_a_fallback_too() {
    for fallback in [false, true] {
        let (primary, source) = (common::faulty(), Source::default());
        let cache = with_fallback(&primary, fallback);
        ask(&cache, &source).await.unwrap();
        let expired = cache.expire("price").await.unwrap();
        assert_eq!((expired.removed, expired.journalled), (1, false));
        assert_eq!(cache.get::<u64>("price").await.unwrap(), None);
        let again = cache.expire("price").await.unwrap();
        assert_eq!((again.removed, again.journalled), (0, false), "it had expired");
        assert_eq!(rescued_from(&primary, &source).await.unwrap(), 1, "fallback: {fallback}");
        assert_eq!(cache.delete("price").await.unwrap().removed, 1);
        assert!(rescued_from(&primary, &source).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn an_expire_that_the_primary_misses_is_told_to_it_with_its_time_when_it_is_back() {
    for fallback in [false, true] {
        let (primary, source) = (common::faulty(), Source::default());
        let cache = with_fallback(&primary, fallback);
        ask(&cache, &source).await.unwrap();
        primary.down(true);
        assert!(cache.expire("price").await.unwrap().journalled);
        assert_eq!(cache.get::<u64>("price").await.unwrap(), None);
        advance(seconds(20)).await;
        primary.down(false);
        assert_eq!(cache.get::<u64>("price").await.unwrap(), None, "fallback: {fallback}");
        assert!(!cache.health_now().journal_pending);
        assert_eq!(rescued_from(&primary, &source).await.unwrap(), 1, "fallback: {fallback}");
        advance(seconds(40)).await;
        assert!(rescued_from(&primary, &source).await.is_err(), "the window began with expire");
    }
}

#[tokio::test(start_paused = true)]
async fn a_delete_while_the_primary_is_away_outdoes_an_expire() {
    for delete_first in [true, false] {
        let (primary, source) = (common::faulty(), Source::default());
        let cache = with_fallback(&primary, true);
        ask(&cache, &source).await.unwrap();
        primary.down(true);
        if delete_first {
            assert!(cache.delete("price").await.unwrap().journalled);
        }
        assert!(cache.expire("price").await.unwrap().journalled);
        if !delete_first {
            assert!(cache.delete("price").await.unwrap().journalled);
        }
        primary.down(false);
        assert_eq!(cache.get::<u64>("price").await.unwrap(), None);
        assert!(rescued_from(&primary, &source).await.is_err());
    }
}

#[tokio::test(start_paused = true)]
async fn an_expire_that_is_abandoned_half_way_leaves_nothing_fresh() {
    let (primary, source) = (common::faulty(), Source::default());
    let cache = over(&primary, windows());
    ask(&cache, &source).await.unwrap();
    let held = primary.hold_before(Verb::Set);
    let expire = tokio::spawn({
        let cache = cache.clone();
        async move { cache.expire("price").await }
    });
    held.arrived().await;
    expire.abort();
    assert!(expire.await.unwrap_err().is_cancelled());
    held.release();
    assert_eq!(cache.get::<u64>("price").await.unwrap(), None);
    assert_eq!(over(&primary, windows()).get::<u64>("price").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_load_that_began_before_expire_is_not_stored_after_it() {
    let (cache, source) = (near_only(windows()), Source::default());
    source.take_seconds(2);
    let call = tokio::spawn({
        let (cache, source) = (cache.clone(), source.clone());
        async move { ask(&cache, &source).await.unwrap().0 }
    });
    sleep(seconds(1)).await;
    assert_eq!(cache.expire("price").await.unwrap().removed, 0);
    assert_eq!((call.await.unwrap(), cache.get::<u64>("price").await.unwrap()), (1, None));
}

#[tokio::test(start_paused = true)]
async fn an_expire_never_brings_back_what_another_process_deleted_meanwhile() {
    let primary = common::faulty();
    let (here, there) = (over(&primary, windows()), over(&primary, windows()));
    let source = Source::default();
    ask(&here, &source).await.unwrap();
    let held = primary.hold_before(Verb::Set);
    let expire = tokio::spawn({
        let here = here.clone();
        async move { here.expire("price").await.unwrap() }
    });
    held.arrived().await;
    assert_eq!(there.delete("price").await.unwrap().removed, 1);
    held.release();
    assert!(!expire.await.unwrap().journalled);
    source.fail(500);
    assert_eq!(ask(&there, &source).await.unwrap_err().loader(), Some(&500));
}
