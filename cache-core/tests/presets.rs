//! Each preset does what its name means, to the second.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::entry::{Reason, Status};
use cache_core::manager::{CacheManager, LoadError, Policy};
use cache_core::port::clock::Clock;
use cache_core::testkit::TokioTime;
use cache_core::time::Ttl;
use tokio::time::{Instant, advance, sleep};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// How the source is: it answers, fails, or hangs.
const WELL: u64 = 0;
const BROKEN: u64 = 1;
const HANGS: u64 = 2;

struct World {
    cache: CacheManager,
    source: Arc<AtomicU64>,
    runs: Arc<AtomicU64>,
}

impl World {
    /// A value that lives for 100 s has been loaded.
    async fn new(policy: Policy) -> Self {
        let builder = CacheManager::builder().near(common::near()).jitter(0.0).policy(policy);
        let cache = builder.clock(Clock::source(Arc::new(TokioTime::new()))).build().unwrap();
        let world = Self { cache, source: Arc::default(), runs: Arc::default() };
        assert_eq!(world.ask().await.unwrap().0, 1);
        world
    }

    fn source_is(&self, how: u64) {
        self.source.store(how, Ordering::SeqCst);
    }

    fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }

    async fn ask(&self) -> Result<(u64, Status), LoadError<String>> {
        let (source, runs) = (Arc::clone(&self.source), Arc::clone(&self.runs));
        let load = move || async move {
            let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
            match source.load(Ordering::SeqCst) {
                WELL => Ok(run),
                BROKEN => Err("broken".to_owned()),
                _ => std::future::pending().await,
            }
        };
        self.cache.get_or_load("price", load).ttl(Ttl::secs(100)).detach().with_status().await
    }

    /// What is asked for, and how many seconds that took.
    async fn timed(&self) -> (Result<(u64, Status), LoadError<String>>, u64) {
        let began = Instant::now();
        let answer = self.ask().await;
        (answer, began.elapsed().as_secs())
    }
}

async fn settle() {
    for _ in 0..50 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn minimal_is_a_cache_and_nothing_else() {
    let world = World::new(Policy::minimal()).await;
    advance(seconds(99)).await;
    assert_eq!(world.ask().await.unwrap().0, 1);
    settle().await;
    assert_eq!(world.runs(), 1, "nothing is refreshed ahead");
    advance(seconds(1)).await;
    world.source_is(BROKEN);
    assert_eq!(world.ask().await.unwrap_err().loader().map(String::as_str), Some("broken"));
}

#[tokio::test(start_paused = true)]
async fn production_refreshes_at_four_fifths_waits_five_seconds_and_hides_errors_for_a_minute() {
    let world = World::new(Policy::production()).await;
    advance(seconds(79)).await;
    assert_eq!(world.ask().await.unwrap().0, 1);
    settle().await;
    assert_eq!(world.runs(), 1);
    advance(seconds(1)).await;
    assert_eq!(world.ask().await.unwrap().0, 1);
    settle().await;
    assert_eq!((world.runs(), world.ask().await.unwrap().0), (2, 2));

    world.source_is(BROKEN);
    advance(seconds(159)).await;
    let (value, status) = world.ask().await.unwrap();
    assert_eq!((value, status.reason), (2, Some(Reason::LoadFailed)), "59 s after its expiry");
    advance(seconds(1)).await;
    assert!(world.ask().await.is_err(), "a minute after it");

    world.source_is(HANGS);
    advance(seconds(60)).await;
    let (late, took) = world.timed().await;
    assert!(late.unwrap_err().is_timeout());
    assert_eq!((took, world.cache.stats().loading), (5, 1), "the load goes on for others");
    sleep(seconds(24)).await;
    assert_eq!(world.cache.stats().loading, 1);
    sleep(seconds(1)).await;
    settle().await;
    assert_eq!(world.cache.stats().loading, 0, "30 s is as long as a load may take");
}

#[tokio::test(start_paused = true)]
async fn resilient_answers_at_once_for_a_minute_in_a_second_afterwards_and_for_a_day_in_place_of_errors() {
    let world = World::new(Policy::resilient()).await;
    world.source_is(HANGS);
    advance(seconds(159)).await;
    let (stale, took) = world.timed().await;
    assert_eq!((stale.unwrap().1.reason, took), (Some(Reason::Revalidating), 0));
    sleep(seconds(31)).await;

    let (late, took) = world.timed().await;
    let (value, status) = late.unwrap();
    assert_eq!((value, took), (1, u64::from(status.reason == Some(Reason::TimedOut))), "{status:?}");
    world.source_is(BROKEN);
    sleep(seconds(31)).await;
    let (value, status) = world.ask().await.unwrap();
    assert_eq!((value, status.reason), (1, Some(Reason::LoadFailed)));
    advance(seconds(24 * 3_600)).await;
    assert!(world.ask().await.is_err());
}
