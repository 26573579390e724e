//! Half sentences of other promises: the part that is easily left out.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)]

mod common;

use std::collections::BTreeSet;
use std::future::pending;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::entry::Reason;
use cache_core::manager::{Builder, CacheManager, Keyspace, Policy};
use cache_core::policy::RefreshAhead;
use cache_core::port::backend::Remaining;
use cache_core::port::clock::{Clock, TimeSource};
use cache_core::testkit::{ManualTime, MapBackend, TokioTime};
use cache_core::time::{Ttl, WallTime};
use tokio::time::advance;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

fn near_only() -> Builder {
    CacheManager::builder().near(common::near()).clock(Clock::source(Arc::new(TokioTime::new())))
}

async fn settle() {
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
}

fn life(remaining: Remaining) -> Duration {
    let Remaining::For(life) = remaining else { panic!("{remaining:?}") };
    life
}

/// How long remembered absence is fresh; `ttl` does not count it.
async fn life_of_absence(cache: &CacheManager, key: &str) -> Duration {
    let explained = cache.explain(key).await.unwrap();
    let entry = explained.tiers.iter().find_map(|tier| tier.entry.clone()).unwrap();
    assert!(entry.negative);
    life(entry.fresh_for)
}

async fn remember_none(cache: &CacheManager, keys: &[String], ttl: Ttl) {
    let none = |_: Vec<String>| async { Ok::<Vec<(String, u64)>, String>(Vec::new()) };
    let answers = cache.get_or_load_many(keys.to_vec(), none).negative_ttl(ttl).await.unwrap();
    assert!(answers.into_values().unwrap().iter().all(Option::is_none));
}

#[tokio::test(start_paused = true)]
async fn a_life_is_drawn_anew_for_each_write_and_for_absence_too() {
    let cache = near_only().jitter(0.5).jitter_seed(7).build().unwrap();
    let mut lives = BTreeSet::new();
    for _ in 0..40 {
        assert!(cache.set("k", 1_u64, Ttl::secs(100)).await.unwrap().is_stored());
        lives.insert(life(cache.ttl("k").await.unwrap()));
    }
    assert!(lives.len() > 35, "{lives:?}");
    let keys: Vec<_> = (0..40).map(|id| format!("absent:{id}")).collect();
    remember_none(&cache, &keys, Ttl::secs(100)).await;
    let mut lives = BTreeSet::new();
    for key in &keys {
        lives.insert(life_of_absence(&cache, key).await);
    }
    assert!(lives.len() > 35, "{lives:?}");
    assert!(lives.first().unwrap() >= &seconds(50) && lives.last().unwrap() <= &seconds(150));
    remember_none(&cache, &["short".to_owned()], Ttl::secs(1)).await;
    assert_eq!(life_of_absence(&cache, "short").await, seconds(1), "a second is exact");
}

#[tokio::test(start_paused = true)]
async fn no_life_is_longer_than_max_ttl_whoever_gives_it() {
    let primary = common::faulty();
    let bounded = |builder: Builder| {
        let clock = Clock::source(Arc::new(TokioTime::new()));
        builder.jitter(0.5).near_ttl(seconds(5_000)).max_ttl(seconds(100)).clock(clock).build().unwrap()
    };
    let cache = bounded(common::over(&primary));
    for ttl in [Ttl::Never, Ttl::Default, Ttl::secs(90), Ttl::secs(100), Ttl::secs(1_000)] {
        for _ in 0..20 {
            assert!(cache.set("k", 1_u64, ttl).await.unwrap().is_stored());
            assert!(life(cache.ttl("k").await.unwrap()) <= seconds(100), "{ttl:?}");
        }
    }
    assert_eq!(cache.increment("n", 1, Ttl::Never).await.unwrap(), 1);
    assert_eq!(life(cache.ttl("n").await.unwrap()), seconds(100));
    remember_none(&cache, &["none".to_owned()], Ttl::Never).await;
    assert!(life_of_absence(&cache, "none").await <= seconds(100));

    let careless = common::over(&primary).build().unwrap();
    assert!(careless.set("theirs", 1_u64, Ttl::Never).await.unwrap().is_stored());
    assert_eq!(cache.get::<u64>("theirs").await.unwrap(), Some(1));
    let explained = cache.explain("theirs").await.unwrap();
    let copy = explained.tiers[0].entry.clone().unwrap();
    assert_eq!(life(copy.fresh_for), seconds(100), "of what another process wrote: {explained}");

    let error = near_only().max_ttl(Duration::ZERO).build().unwrap_err();
    assert!(error.to_string().contains("max_ttl"), "{error}");
}

/// A year's jump of the wall clock, either way, between a write and the reads.
#[tokio::test]
async fn a_clock_that_jumps_neither_kills_what_is_held_nor_stretches_what_is_found() {
    const YEAR: u64 = 365 * 24 * 3_600 * 1_000;
    let (backend, time) = (Arc::new(MapBackend::new()), Arc::new(ManualTime::new()));
    let clock = || Clock::source(Arc::clone(&time) as Arc<dyn TimeSource>);
    let open = || {
        let builder = CacheManager::builder().near(common::near()).primary(Arc::clone(&backend));
        builder.jitter(0.0).near_ttl(seconds(500)).clock(clock()).build().unwrap()
    };
    let here = open();
    let load = || async { Ok::<_, String>(1_u64) };
    assert_eq!(here.get_or_load("k", load).ttl(Ttl::secs(60)).await.unwrap(), 1);
    let now = time.wall();

    time.set_wall(WallTime(now.0 + YEAR));
    time.advance(seconds(59));
    assert_eq!(here.get::<u64>("k").await.unwrap(), Some(1), "a copy is judged by the time that passes");
    time.advance(seconds(1));
    assert_eq!(here.get::<u64>("k").await.unwrap(), None);

    time.set_wall(now);
    let there = open();
    assert_eq!(there.get_or_load("other", load).ttl(Ttl::secs(60)).await.unwrap(), 1);
    time.set_wall(WallTime(now.0 - YEAR));
    let third = open();
    let never = || async { Err::<u64, _>("the frame was not found".to_owned()) };
    let (_, status) = third.get_or_load("other", never).ttl(Ttl::secs(30)).with_status().await.unwrap();
    assert_eq!((status.tier, status.age), ("map", Duration::ZERO), "a negative age is none");
    let Remaining::For(left) =
        third.explain("other").await.unwrap().tiers[0].entry.clone().unwrap().fresh_for
    else {
        panic!("for ever")
    };
    assert!(left <= seconds(30), "the reader's own life is the longest: {left:?}");
}

#[tokio::test(start_paused = true)]
async fn keys_that_failed_together_do_not_come_back_together() {
    let policy = Policy::new().stale_if_error(seconds(3_600));
    let cache = near_only().jitter(0.0).policy(policy).build().unwrap();
    let asked = Arc::new(AtomicU64::new(0));
    let ask = async |id: u64, fails: bool| {
        let asked = Arc::clone(&asked);
        let load = move || async move {
            asked.fetch_add(1, Ordering::SeqCst);
            if fails { Err("broken".to_owned()) } else { Ok(id) }
        };
        cache.get_or_load(format!("k:{id}"), load).ttl(Ttl::secs(100)).await.unwrap()
    };
    for id in 0..40 {
        ask(id, false).await;
    }
    advance(seconds(100)).await;
    for id in 0..40 {
        ask(id, true).await;
    }
    let mut came_back = Vec::new();
    for millis in (0..=1_000).step_by(25) {
        let before = asked.load(Ordering::SeqCst);
        for id in 0..40 {
            ask(id, true).await;
        }
        if asked.load(Ordering::SeqCst) > before {
            came_back.push(millis);
        }
        advance(Duration::from_millis(25)).await;
    }
    assert!(came_back.len() >= 6, "the 40 keys came back at {came_back:?} ms");
    assert!(*came_back.first().unwrap() >= 750, "{came_back:?}");
}

static ONE: Keyspace<u64> = Keyspace::with("one", |policy| policy.ttl(Ttl::secs(100)));
static OTHER: Keyspace<u64> = Keyspace::with("other", |policy| policy.ttl(Ttl::secs(100)));

#[tokio::test(start_paused = true)]
async fn a_keyspace_that_refreshes_much_leaves_the_places_of_others_alone() {
    let policy = Policy::new().stale_while_revalidate(seconds(10));
    let cache = near_only().jitter(0.0).policy(policy).build().unwrap();
    let hangs = Arc::new(AtomicU64::new(0));
    let ask = async |space: &'static Keyspace<u64>| {
        for id in 0..40_u64 {
            let hangs = Arc::clone(&hangs);
            let load = move || async move {
                if hangs.load(Ordering::SeqCst) > 0 {
                    pending::<()>().await;
                }
                Ok::<_, String>(id)
            };
            assert_eq!(cache.keyspace(space).get_or_load(id, load).detach().await.unwrap(), id);
        }
    };
    ask(&ONE).await;
    ask(&OTHER).await;
    advance(seconds(105)).await;
    hangs.store(1, Ordering::SeqCst);
    ask(&ONE).await;
    assert_eq!(cache.stats().refreshes, 32);
    ask(&OTHER).await;
    assert_eq!((cache.stats().refreshes, cache.stats().keyspace("other").refreshes), (64, 32));
    cache.shutdown().await;
}

#[tokio::test(start_paused = true)]
async fn remembered_absence_is_never_stale() {
    let policy = Policy::new().stale_while_revalidate(seconds(50)).stale_if_error(seconds(50));
    let cache = near_only().jitter(0.0).policy(policy).build().unwrap();
    remember_none(&cache, &["k".to_owned()], Ttl::secs(10)).await;
    advance(seconds(10)).await;
    let broken = |_: Vec<&str>| async { Err::<Vec<(&str, u64)>, _>("broken") };
    assert!(cache.get_or_load_many(["k"], broken).await.unwrap().into_values().is_err());
}

#[tokio::test(start_paused = true)]
async fn explaining_what_is_due_or_stale_refreshes_and_counts_nothing() {
    let policy = Policy::new().stale_while_revalidate(seconds(50)).refresh_ahead(RefreshAhead::Fraction(0.5));
    let cache = near_only().jitter(0.0).policy(policy).build().unwrap();
    assert!(cache.set("k", 1_u64, Ttl::secs(100)).await.unwrap().is_stored());
    for passed in [60, 50] {
        advance(seconds(passed)).await;
        let before = cache.stats();
        let explained = cache.explain("k").await.unwrap();
        settle().await;
        assert!(!explained.loading && explained.tiers[0].entry.is_some());
        assert_eq!(cache.stats(), before, "{explained}");
    }
    let reason = cache.explain("k").await.unwrap().tiers[0].reason;
    assert_eq!(reason, Some(Reason::Expired));
}

#[tokio::test(start_paused = true)]
async fn the_last_manager_takes_every_task_with_it() {
    let primary = common::faulty();
    let policy = Policy::new().stale_while_revalidate(seconds(50));
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let cache =
        common::over(&primary).fallback(MapBackend::new()).policy(policy).clock(clock).build().unwrap();
    let another = cache.clone();
    let well = || async { Ok::<_, String>(1_u64) };
    let warm = cache.get_or_load("warm", well).ttl(Ttl::secs(100)).detach();
    assert_eq!(warm.keep_warm(seconds(1_000)).await.unwrap(), 1);
    let claim = cache.claim("job", seconds(30)).renewing().await.unwrap().unwrap();
    for key in ["a", "b", "c"] {
        let hung = cache.get_or_load(key, || async { pending::<Result<u64, String>>().await }).detach();
        assert!(tokio::time::timeout(seconds(1), hung).await.is_err());
    }
    assert!(cache.set("old", 1_u64, Ttl::secs(9)).await.unwrap().is_stored());
    advance(seconds(10)).await;
    let refreshing = cache.get_or_load("old", || async { pending::<Result<u64, String>>().await }).detach();
    assert_eq!(refreshing.await.unwrap(), 1);
    primary.down(true);
    assert!(cache.delete("x").await.unwrap().journalled);
    settle().await;
    let tasks = || tokio::runtime::Handle::current().metrics().num_alive_tasks();
    assert!(tasks() >= 5, "{} tasks", tasks());
    primary.down(false);
    drop((cache, claim));
    settle().await;
    assert!(tasks() >= 4, "another handle keeps them: {}", tasks());
    drop(another);
    settle().await;
    assert_eq!(tasks(), 0);
}
