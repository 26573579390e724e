//! Fills that nobody waits for, and what comes after them: the last load is the one that stays.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_core::manager::Policy;
use cache_core::policy::RefreshAhead;
use cache_core::port::clock::Clock;
use cache_core::testkit::{TokioTime, Verb};
use cache_core::time::Ttl;
use tokio::task::yield_now;
use tokio::time::sleep;

const SECOND: Duration = Duration::from_secs(1);

/// The background has nothing left to do.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_slow_fill_does_not_undo_the_refresh_that_comes_after_it() {
    let (primary, clock) = (common::faulty(), Clock::source(Arc::new(TokioTime::new())));
    let ahead = Policy::new().refresh_ahead(RefreshAhead::Fraction(0.5));
    let over = || common::over(&primary).clock(clock.clone());
    let cache = over().background_writes(true).policy(ahead).build().unwrap();
    let (elsewhere, slow) = (over().build().unwrap(), &primary);
    let first = move || async move {
        slow.delay(SECOND * 6);
        Ok::<_, String>(1_u64)
    };
    assert_eq!(cache.get_or_load("price", first).ttl(Ttl::secs(8)).await.unwrap(), 1);
    settle().await;
    primary.delay(Duration::ZERO);
    sleep(SECOND * 5).await;
    let second = || async { Ok::<_, String>(2_u64) };
    let _first_or_second = cache.get_or_load("price", second).ttl(Ttl::secs(8)).await.unwrap();
    sleep(SECOND * 2).await;
    settle().await;
    assert_eq!((primary.calls(Verb::Set) > 0, cache.stats().writing), (true, 0));
    let here = cache.get::<u64>("price").await.unwrap();
    assert_eq!(elsewhere.get::<u64>("price").await.unwrap(), here);
    let third = || async { Ok::<_, String>(3_u64) };
    assert!(cache.get_or_load("price", third).ttl(Ttl::secs(8)).await.unwrap() > 1, "it is refreshed");
}

#[tokio::test(start_paused = true)]
async fn a_slow_fill_answers_no_longer_than_a_near_copy_is_trusted() {
    for has_near in [true, false] {
        let (primary, clock) = (common::faulty(), Clock::source(Arc::new(TokioTime::new())));
        let builder = common::over(&primary).clock(clock).background_writes(true).near_ttl(SECOND);
        let cache = if has_near { builder } else { builder.no_near() }.build().unwrap();
        let writing = primary.hold_before(Verb::Set);
        let load = |value: u64| cache.get_or_load("price", move || async move { Ok::<_, String>(value) });
        assert_eq!(load(1).await.unwrap(), 1);
        writing.arrived().await;
        sleep(SECOND / 2).await;
        assert_eq!(load(2).await.unwrap(), 1);
        sleep(SECOND).await;
        assert_eq!(load(3).await.unwrap(), 3, "with a near tier: {has_near}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_that_waits_for_fills_counts_those_that_are_under_way() {
    let primary = common::faulty();
    let cache = common::over(&primary).background_writes(true).build().unwrap();
    let writing = primary.hold_before(Verb::Set);
    assert_eq!(cache.get_or_load("a", || async { Ok::<_, String>(1) }).await.unwrap(), 1);
    writing.arrived().await;
    let shutdown = tokio::spawn({
        let cache = cache.clone();
        async move { cache.shutdown().await }
    });
    settle().await;
    assert_eq!((shutdown.is_finished(), cache.stats().writing), (false, 1));
    writing.release();
    assert_eq!((shutdown.await.unwrap(), cache.stats().writing, cache.stats().cut_off), (0, 0, 0));
}
