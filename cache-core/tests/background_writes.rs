//! A caller that does not wait for the byte tier: it has its value, the fill goes on, and whatever comes meanwhile wins.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::key::CacheKey;
use cache_core::manager::{Builder, CacheManager, Keyspace, Policy};
use cache_core::policy::RefreshAhead;
use cache_core::port::clock::Clock;
use cache_core::port::spawn::NoSpawner;
use cache_core::testkit::{FaultyBackend, ManualTime, MapBackend, TokioTime, Verb};
use cache_core::time::Ttl;
use tokio::task::yield_now;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

fn behind(primary: &Arc<FaultyBackend>) -> Builder {
    common::over(primary).background_writes(true)
}

async fn load(cache: &CacheManager, key: &str, value: u64) -> u64 {
    cache.get_or_load(key, move || async move { Ok::<_, String>(value) }).await.unwrap()
}

/// What another process finds.
async fn elsewhere(primary: &Arc<FaultyBackend>, key: &str) -> Option<u64> {
    CacheManager::builder().primary(Arc::clone(primary)).build().unwrap().get(key).await.unwrap()
}

/// The background has nothing left to do.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

fn counted(cache: &CacheManager) -> (u64, u64, u64, u64) {
    let stats = cache.stats();
    (stats.stored, stats.not_stored, stats.writing, stats.cut_off)
}

#[tokio::test]
async fn a_caller_goes_on_while_the_byte_tier_is_written() {
    for detached in [false, true] {
        let primary = common::faulty();
        let cache = behind(&primary).build().unwrap();
        let writing = primary.hold_before(Verb::Set);
        let loader = || async { Ok::<_, String>(7_u64) };
        let value = match detached {
            true => cache.get_or_load("report", loader).detach().await,
            false => cache.get_or_load("report", loader).await,
        };
        assert_eq!(value.unwrap(), 7);
        assert_eq!(cache.get::<u64>("report").await.unwrap(), Some(7), "it is near");
        assert_eq!((cache.stats().near_hits, cache.stats().loading, primary.calls(Verb::Get)), (1, 1, 1));
        writing.arrived().await;
        assert_eq!((elsewhere(&primary, "report").await, counted(&cache)), (None, (0, 0, 1, 0)));
        writing.release();
        settle().await;
        assert_eq!((elsewhere(&primary, "report").await, counted(&cache)), (Some(7), (1, 0, 0, 0)));
    }
}

#[tokio::test]
async fn unless_it_is_asked_for_the_caller_waits_for_the_write() {
    static AWAITED: Keyspace<u64> = Keyspace::with("awaited", |policy| policy.background_writes(false));
    let primary = common::faulty();
    let (plain, cache) = (common::over(&primary).build().unwrap(), behind(&primary).build().unwrap());
    let writing = primary.hold_before(Verb::Set);
    let usual = tokio::spawn(async move { load(&plain, "a", 1).await });
    let own = tokio::spawn({
        let awaited = cache.keyspace(&AWAITED);
        async move { awaited.get_or_load(7_u64, || async { Ok::<_, String>(2) }).await.unwrap() }
    });
    let set = tokio::spawn({
        let cache = cache.clone();
        async move { u64::from(cache.set("c", 3_u64, Ttl::secs(60)).await.unwrap().is_stored()) }
    });
    settle().await;
    assert!(!usual.is_finished() && !own.is_finished() && !set.is_finished());
    assert_eq!(load(&cache, "d", 4).await, 4, "and this one does not");
    writing.release();
    assert_eq!((usual.await.unwrap(), own.await.unwrap(), set.await.unwrap()), (1, 2, 1));
}

#[tokio::test]
async fn whatever_invalidates_or_replaces_the_key_meanwhile_wins() {
    for how in ["delete", "pattern", "clear", "tags", "expire", "set", "take"] {
        let primary = common::faulty();
        let cache = behind(&primary).build().unwrap();
        let writing = primary.hold_before(Verb::Set);
        let call = cache.get_or_load("user:7", || async { Ok::<_, String>(1_u64) });
        let call = if how == "tags" { call.tags(["users"]) } else { call };
        assert_eq!(call.await.unwrap(), 1);
        writing.arrived().await;
        let change = tokio::spawn({
            let cache = cache.clone();
            async move {
                match how {
                    "delete" => drop(cache.delete("user:7").await.unwrap()),
                    "pattern" => drop(cache.delete_pattern("user:*").await.unwrap()),
                    "clear" => drop(cache.clear().await.unwrap()),
                    "tags" => drop(cache.invalidate_tags(["users"]).await.unwrap()),
                    "expire" => drop(cache.expire("user:7").await.unwrap()),
                    "set" => assert!(cache.set("user:7", 2_u64, Ttl::secs(60)).await.unwrap().is_stored()),
                    _ => drop(cache.get_and_delete::<u64>("user:7").await.unwrap()),
                }
            }
        });
        settle().await;
        writing.release();
        change.await.unwrap();
        settle().await;
        let left = (how == "set").then_some(2);
        assert_eq!(cache.get::<u64>("user:7").await.unwrap(), left, "{how}");
        let again = common::over(&primary).build().unwrap();
        let call = again.get_or_load("user:7", || async { Ok::<_, String>(3_u64) });
        let call = if how == "tags" { call.tags(["users"]) } else { call };
        assert_eq!(call.await.unwrap(), left.unwrap_or(3), "{how}");
    }
}

#[tokio::test]
async fn a_fill_that_another_process_has_overtaken_takes_its_near_copy_along() {
    let server = Arc::new(MapBackend::shared());
    let connect = || FaultyBackend::new(Arc::clone(&server) as _);
    let primary = connect();
    let (here, there) = (behind(&primary).build().unwrap(), common::over(&connect()).build().unwrap());
    let writing = primary.hold_before(Verb::Set);
    assert_eq!(load(&here, "user:7", 1).await, 1);
    writing.arrived().await;
    let _ = there.delete("user:7").await.unwrap();
    assert_eq!(here.get::<u64>("user:7").await.unwrap(), Some(1), "as any near copy within near_ttl");
    writing.release();
    settle().await;
    assert_eq!((here.get::<u64>("user:7").await.unwrap(), server.is_empty()), (None, true));
    assert_eq!((here.stats().rejected, counted(&here)), (1, (0, 1, 0, 0)));
}

#[tokio::test]
async fn a_refresh_that_is_written_behind_is_not_followed_by_the_older_value() {
    let (primary, near) = (common::faulty(), common::near());
    let time = Arc::new(ManualTime::new());
    let ahead = Policy::new().refresh_ahead(RefreshAhead::Fraction(0.5));
    let builder = behind(&primary).near(Arc::clone(&near)).policy(ahead).clock(Clock::source(time.clone()));
    let cache = builder.build().unwrap();
    let ask = |value: u64| cache.get_or_load("price", move || async move { Ok::<_, String>(value) });
    assert_eq!(ask(1).ttl(Ttl::secs(100)).await.unwrap(), 1);
    settle().await;
    time.advance(SECOND * 60);
    let writing = primary.hold_before(Verb::Set);
    assert_eq!(ask(2).ttl(Ttl::secs(100)).await.unwrap(), 2);
    writing.arrived().await;
    assert_eq!(cache.get::<u64>("price").await.unwrap(), Some(2));
    assert!(near.remove(&CacheKey::direct(cache.namespace(), "price").unwrap()).is_some(), "it is evicted");
    assert_eq!(cache.get::<u64>("price").await.unwrap(), Some(1), "the byte tier has the older one");
    writing.release();
    settle().await;
    assert_eq!((cache.get::<u64>("price").await.unwrap(), counted(&cache)), (Some(2), (2, 0, 0, 0)));
}

#[tokio::test]
async fn beyond_the_bound_the_caller_waits_and_without_a_runtime_too() {
    let primary = common::faulty();
    let cache = behind(&primary).max_background_writes(2).build().unwrap();
    let writing = primary.hold_before(Verb::Set);
    assert_eq!((load(&cache, "a", 1).await, load(&cache, "b", 2).await), (1, 2));
    let third = tokio::spawn({
        let cache = cache.clone();
        async move { load(&cache, "c", 3).await }
    });
    settle().await;
    assert_eq!((third.is_finished(), cache.stats().writing), (false, 2));
    writing.release();
    assert_eq!((third.await.unwrap(), elsewhere(&primary, "c").await), (3, Some(3)));

    let alone = behind(&primary).spawner(NoSpawner).build().unwrap();
    assert_eq!((load(&alone, "d", 4).await, elsewhere(&primary, "d").await), (4, Some(4)));
    assert_eq!((alone.get::<u64>("d").await.unwrap(), counted(&alone)), (Some(4), (1, 0, 0, 0)));
}

#[tokio::test]
async fn without_a_near_tier_who_asks_meanwhile_gets_what_was_loaded() {
    let primary = common::faulty();
    let cache = behind(&primary).no_near().build().unwrap();
    let writing = primary.hold_before(Verb::Set);
    assert_eq!((load(&cache, "a", 1).await, load(&cache, "a", 2).await), (1, 1));
    assert_eq!((cache.stats().loads, cache.stats().coalesced), (1, 1));
    writing.release();
    settle().await;
    assert_eq!((load(&cache, "a", 3).await, cache.stats().far_hits, cache.stats().loading), (1, 1, 0));
}

#[tokio::test]
async fn a_fill_that_fails_leaves_the_value_near_and_is_owed() {
    let primary = common::faulty();
    let cache = behind(&primary).build().unwrap();
    primary.lose_answers(true);
    assert_eq!(load(&cache, "a", 1).await, 1);
    settle().await;
    primary.lose_answers(false);
    assert!(cache.health_now().journal_pending, "it may still arrive after what comes next");
    assert_eq!((cache.get::<u64>("a").await.unwrap(), counted(&cache)), (Some(1), (1, 1, 0, 0)));
    assert_eq!(cache.delete("a").await.unwrap().removed, 1, "it was only here");
    assert_eq!((cache.get::<u64>("a").await.unwrap(), elsewhere(&primary, "a").await), (None, None));
}

#[tokio::test(start_paused = true)]
async fn a_tier_that_never_answers_ends_a_fill_after_ten_seconds_or_the_life_of_its_value() {
    for (ttl, longest) in [(100, 10), (3, 3)] {
        let primary = common::faulty();
        let cache = behind(&primary).clock(Clock::source(Arc::new(TokioTime::new()))).build().unwrap();
        let load = cache.keyspace(&FRESH).get_or_load(7_u64, || async { Ok::<_, String>(1_u64) });
        let writing = primary.hold_before(Verb::Set);
        assert_eq!(load.ttl(Ttl::secs(ttl)).await.unwrap(), 1);
        sleep(SECOND * longest - SECOND / 2).await;
        assert_eq!(cache.stats().writing, 1, "{ttl}");
        sleep(SECOND).await;
        assert_eq!(cache.stats().writing, 0, "{ttl}");
        assert_eq!(cache.stats().errors, [(ErrorKind::Timeout, 1)]);
        drop(writing);
    }
}

static FRESH: Keyspace<u64> = Keyspace::new("fresh");

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_a_second_for_what_is_written_and_counts_what_it_cuts_off() {
    for answers in [true, false] {
        let primary = common::faulty();
        let cache = behind(&primary).build().unwrap();
        let writing = primary.hold_before(Verb::Set);
        let keys = ["a", "b", "c"];
        let calls: Vec<_> = keys
            .map(|key| {
                let cache = cache.clone();
                tokio::spawn(async move { load(&cache, key, 1).await })
            })
            .into();
        for call in calls {
            assert_eq!(call.await.unwrap(), 1);
        }
        assert_eq!(cache.stats().writing, 3);
        let answer = tokio::spawn(async move {
            sleep(if answers { SECOND / 2 } else { SECOND * 5 }).await;
            writing.release();
        });
        let began = tokio::time::Instant::now();
        assert_eq!(cache.shutdown().await, 0, "no invalidation is owed");
        assert!(began.elapsed() <= SECOND * 11 / 10, "{:?}", began.elapsed());
        let (stored, cut_off) = if answers { (3, 0) } else { (0, 3) };
        assert_eq!(counted(&cache), (stored, cut_off, 0, cut_off));
        answer.await.unwrap();
        settle().await;
        assert_eq!(elsewhere(&primary, "a").await, answers.then_some(1));
    }
}

#[tokio::test]
async fn the_last_manager_dropped_ends_its_fills() {
    let primary = common::faulty();
    let cache = behind(&primary).build().unwrap();
    let writing = primary.hold_before(Verb::Set);
    assert_eq!(load(&cache, "a", 1).await, 1);
    writing.arrived().await;
    drop(cache);
    settle().await;
    writing.release();
    settle().await;
    assert_eq!((elsewhere(&primary, "a").await, Arc::strong_count(&primary)), (None, 1));
}

#[test]
fn a_bound_of_none_is_refused() {
    let builder = CacheManager::builder().near(common::near()).background_writes(true);
    let error = builder.max_background_writes(0).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("max_background_writes holds 0"), "{error}");
}
