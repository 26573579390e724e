//! A manager over a backend that hangs: no call is over its deadline, nothing stale comes back, and it heals alone.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use cache_core::layer::{BreakerState, Layered, Resilience, TimeoutLayer};
use cache_core::manager::CacheManager;
use cache_core::port::backend::Verb;
use cache_core::port::clock::Clock;
use cache_core::testkit::{FaultyBackend, MapBackend, Recorded, RecordingRecorder, TokioTime};
use cache_core::time::Ttl;

use crate::support::{faulty, millis, timed};

struct Stand {
    backend: Arc<FaultyBackend>,
    guard: Resilience,
    recorder: Arc<RecordingRecorder>,
    cache: CacheManager,
}

fn stand(with_fallback: bool) -> Stand {
    let (backend, recorder) = (faulty(), Arc::new(RecordingRecorder::new()));
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let guard = Resilience::builder().clock(clock.clone()).build().unwrap();
    let builder = CacheManager::builder().primary(backend.clone().layered(&guard)).clock(clock);
    let builder = builder.no_near().jitter(0.0).recorder(recorder.clone());
    let builder = if with_fallback { builder.fallback(MapBackend::new()) } else { builder };
    Stand { backend, guard, recorder, cache: builder.build().unwrap() }
}

/// Every verb once; how long each took.
async fn every_verb(cache: &CacheManager, round: u64, slowest: &mut BTreeMap<&'static str, Duration>) {
    let mut note = |verb, took: Duration| {
        let slowest = slowest.entry(verb).or_default();
        *slowest = took.max(*slowest);
    };
    note("get", timed(async { cache.get::<u64>("a").await.unwrap() }).await.1);
    note("set", timed(async { cache.set("b", round, Ttl::secs(60)).await.unwrap() }).await.1);
    let load = || async { Ok::<_, String>(round) };
    let (loaded, took) = timed(cache.get_or_load(format!("load:{round}"), load).into_future()).await;
    assert_eq!(loaded.unwrap(), round);
    note("get_or_load", took);
    note("delete", timed(async { cache.delete("a").await.unwrap() }).await.1);
    note("get_and_delete", timed(async { cache.get_and_delete::<u64>("a").await.unwrap() }).await.1);
    note("increment", timed(async { cache.increment("n", 1, Ttl::secs(60)).await.unwrap() }).await.1);
}

/// Without layers a call of this stand never ends: `FaultyBackend` hangs for ever. The numbers are virtual time, so exact.
async fn no_call_is_over_its_deadline(with_fallback: bool) {
    let stand = stand(with_fallback);
    let _ = stand.cache.set("a", 1_u64, Ttl::secs(3_600)).await.unwrap();
    stand.backend.hang(true);
    let mut slowest = BTreeMap::new();
    for round in 0..300 {
        every_verb(&stand.cache, round, &mut slowest).await;
        tokio::time::sleep(millis(50)).await;
    }
    // A read and a write of one call that loads; what else is owed to a primary that hangs costs one write's deadline.
    for (verb, took) in &slowest {
        assert!(*took <= millis(350), "{verb} took {took:?}: {slowest:?}");
    }
    assert!(slowest["get"] <= millis(250) && slowest["set"] <= millis(500), "{slowest:?}");
    let calls = stand.backend.total_calls();
    assert!(calls < 100, "1,800 calls of the manager asked the hanging backend {calls} times");
    let switches = stand.recorder.count(|event| matches!(event, Recorded::Switched { .. }));
    assert_eq!(switches, 1, "probes that fail are no change of the tier that serves");
    heals(&stand).await;
}

async fn heals(stand: &Stand) {
    stand.backend.hang(false);
    let mut waited = Duration::ZERO;
    while stand.cache.health_now().on_fallback || stand.cache.health_now().journal_pending {
        assert!(waited <= Duration::from_secs(10), "the breaker is open for at most 10 s");
        assert_eq!(stand.cache.get::<u64>("a").await.unwrap(), None, "it was deleted meanwhile");
        tokio::time::sleep(millis(50)).await;
        waited += millis(50);
    }
    assert_eq!(stand.guard.breaker().unwrap().state(), BreakerState::Closed);
    assert_eq!(stand.cache.get::<u64>("a").await.unwrap(), None, "nor does it come back");
    let _ = stand.cache.set("a", 2_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(stand.cache.get::<u64>("a").await.unwrap(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn a_backend_that_hangs_costs_no_call_more_than_its_deadline() {
    no_call_is_over_its_deadline(false).await;
}

#[tokio::test(start_paused = true)]
async fn the_fallback_serves_while_the_primary_hangs() {
    no_call_is_over_its_deadline(true).await;
}

#[tokio::test(start_paused = true)]
async fn the_time_out_alone_is_enough_to_keep_every_deadline() {
    let backend = faulty();
    let cache = CacheManager::builder().primary(backend.clone().layered(&TimeoutLayer::default())).no_near();
    let cache = cache.build().unwrap();
    backend.hang(true);
    let (found, took) = timed(cache.get::<u64>("a")).await;
    assert_eq!((found.unwrap(), took), (None, millis(100)));
    let loaded = timed(cache.get_or_load("b", || async { Ok::<_, String>(7_u64) }).into_future()).await;
    assert_eq!((loaded.0.unwrap(), loaded.1), (7, millis(350)), "a read, and the write of what was loaded");
}

#[tokio::test(start_paused = true)]
async fn what_the_fallback_holds_outlives_probes_that_fail() {
    let stand = stand(true);
    stand.backend.down(true);
    for _ in 0..5 {
        let _ = stand.cache.set("a", 7_u64, Ttl::secs(3_600)).await.unwrap();
    }
    stand.backend.forget_calls();
    stand.backend.down(false);
    stand.backend.hang(true);
    for _ in 0..600 {
        assert_eq!(stand.cache.get::<u64>("a").await.unwrap(), Some(7));
        tokio::time::sleep(millis(50)).await;
    }
    let probes = stand.backend.calls(Verb::Exists);
    assert!((3..60).contains(&probes), "{probes} probes in half a minute");
    assert_eq!(stand.backend.total_calls(), probes, "nothing but probes reaches a primary that hangs");
}
