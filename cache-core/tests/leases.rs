//! What was loaded before another process removed, replaced or filled a key is stored nowhere; trouble with a lease is
//! nobody's trouble.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::key::CacheKey;
use cache_core::manager::{Builder, CacheManager, Policy};
use cache_core::policy::SingleFlight;
use cache_core::port::backend::CacheBackend;
use cache_core::port::clock::Clock;
use cache_core::testkit::{FaultyBackend, MapBackend, TokioTime, Verb};
use cache_core::time::Ttl;
use common::bare::Bare;
use common::{load_that_waits, near, over};
use tokio::task::yield_now;
use tokio::time::sleep;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// A server that several managers share, each over a connection of its own.
#[derive(Debug, Clone)]
struct Server(Arc<MapBackend>);

impl Server {
    fn new() -> Self {
        Self(Arc::new(MapBackend::shared()))
    }

    fn connection(&self) -> Arc<FaultyBackend> {
        FaultyBackend::new(Arc::clone(&self.0) as _)
    }

    fn manager(&self) -> CacheManager {
        over(&self.connection()).build().unwrap()
    }

    /// Whether somebody holds the lease of a key.
    async fn is_leased(&self, cache: &CacheManager, key: &str) -> bool {
        let (key, probe) = (CacheKey::direct(cache.namespace(), key).unwrap(), u128::MAX);
        let leased = self.0.acquire_lease(&key, probe, seconds(1)).await.unwrap() != probe;
        self.0.release_lease(&key, probe).await.unwrap();
        leased
    }
}

fn counted(cache: &CacheManager) -> (u64, u64, u64) {
    let stats = cache.stats();
    (stats.stored, stats.not_stored, stats.rejected)
}

/// The background has nothing left to do.
async fn settle() {
    for _ in 0..100 {
        yield_now().await;
    }
}

#[tokio::test]
async fn an_invalidation_by_another_process_is_not_undone_by_a_load() {
    for how in ["delete", "delete_many", "get_and_delete", "pattern", "clear", "expire"] {
        let server = Server::new();
        let (here, there) = (server.manager(), server.manager());
        let (load, go) = load_that_waits(&here, "user:7", 1_u64).await;
        match how {
            "delete" => drop(there.delete("user:7").await.unwrap()),
            "delete_many" => drop(there.delete_many(["user:7", "user:8"]).await.unwrap()),
            "get_and_delete" => drop(there.get_and_delete::<u64>("user:7").await.unwrap()),
            "pattern" => drop(there.delete_pattern("user:*").await.unwrap()),
            "expire" => drop(there.expire("user:7").await.unwrap()),
            _ => drop(there.clear().await.unwrap()),
        }
        go.notify_one();
        assert_eq!(load.await.unwrap(), 1, "the callers get it all the same");
        for cache in [&here, &there] {
            assert_eq!(cache.get::<u64>("user:7").await.unwrap(), None, "{how}");
        }
        assert!(server.0.is_empty());
        assert_eq!(counted(&here), (0, 1, 1), "{how}");
        let again = here.get_or_load("user:7", || async { Ok::<_, String>(2_u64) }).await.unwrap();
        assert_eq!((again, there.get::<u64>("user:7").await.unwrap()), (2, Some(2)));
    }
}

#[tokio::test]
async fn a_set_by_another_process_wins_over_a_load() {
    let server = Server::new();
    let (here, there) = (server.manager(), server.manager());
    let (load, go) = load_that_waits(&here, "user:7", 1_u64).await;
    let _ = there.set("user:7", 2_u64, Ttl::secs(60)).await.unwrap();
    go.notify_one();
    assert_eq!(load.await.unwrap(), 1);
    assert_eq!(here.get::<u64>("user:7").await.unwrap(), Some(2));
    assert_eq!(counted(&here), (0, 1, 1));
}

#[tokio::test]
async fn of_two_processes_that_load_at_once_the_first_fills() {
    let server = Server::new();
    let (here, there) = (server.manager(), server.manager());
    let (slow, go) = load_that_waits(&here, "user:7", 1_u64).await;
    assert_eq!(there.get_or_load("user:7", || async { Ok::<_, String>(2_u64) }).await.unwrap(), 2);
    assert_eq!(counted(&there), (1, 0, 0), "it waited for nobody");
    go.notify_one();
    assert_eq!(slow.await.unwrap(), 1);
    assert_eq!(here.get::<u64>("user:7").await.unwrap(), Some(2));
    assert_eq!(counted(&here), (0, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn an_expiry_by_another_process_is_not_undone_by_a_refresh() {
    let server = Server::new();
    let managers = [0, 1].map(|_| {
        let clock = Clock::source(Arc::new(TokioTime::new()));
        let policy = Policy::new().stale_if_error(seconds(600));
        over(&server.connection()).policy(policy).clock(clock).build().unwrap()
    });
    let [here, there] = &managers;
    let _ = here.set("user:7", 1_u64, Ttl::secs(5)).await.unwrap();
    sleep(seconds(10)).await;
    let (load, go) = load_that_waits(here, "user:7", 2_u64).await;
    assert_eq!(there.expire("user:7").await.unwrap().removed, 0, "it had ended before");
    go.notify_one();
    assert_eq!(load.await.unwrap(), 2);
    assert_eq!(there.get::<u64>("user:7").await.unwrap(), None);
    let failing = there.get_or_load("user:7", || async { Err::<u64, _>("broken".to_owned()) });
    assert_eq!(failing.await.unwrap(), 1, "the stale copy is still there");
    assert_eq!(here.stats().rejected, 1);
}

#[tokio::test]
async fn a_batch_stores_what_was_not_touched() {
    let server = Server::new();
    let (here, there) = (server.manager(), server.manager());
    let reply = here
        .get_or_load_many(["a", "b", "c"], |ids: Vec<&str>| {
            let there = there.clone();
            async move {
                let _ = there.delete("b").await.unwrap();
                Ok::<_, String>(ids.into_iter().map(|id| (id, 1_u64)).collect::<Vec<_>>())
            }
        })
        .key_by(|id| (*id).to_owned())
        .await
        .unwrap();
    assert_eq!(reply.len(), 3);
    for (key, held) in [("a", Some(1)), ("b", None), ("c", Some(1))] {
        assert_eq!(here.get::<u64>(key).await.unwrap(), held, "{key}");
        assert!(!server.is_leased(&here, key).await, "{key}");
    }
    assert_eq!(counted(&here), (2, 1, 1));
}

#[tokio::test]
async fn a_load_that_fails_or_is_dropped_gives_its_lease_back() {
    let server = Server::new();
    let here = server.manager();
    here.get_or_load("user:7", || async { Err::<u64, _>("broken".to_owned()) }).await.unwrap_err();
    settle().await;
    assert!(!server.is_leased(&here, "user:7").await);
    let (load, _go) = load_that_waits(&here, "user:7", 1_u64).await;
    assert!(server.is_leased(&here, "user:7").await);
    load.abort();
    load.await.unwrap_err();
    settle().await;
    assert!(!server.is_leased(&here, "user:7").await);
    let reply = here.get_or_load_many(["a", "b"], |_: Vec<&str>| async {
        Err::<Vec<(&str, u64)>, _>("broken".to_owned())
    });
    assert!(reply.key_by(|id| (*id).to_owned()).await.unwrap().iter().all(|(_, loaded)| loaded.is_err()));
    settle().await;
    assert!(!server.is_leased(&here, "a").await && !server.is_leased(&here, "b").await);
}

#[tokio::test(start_paused = true)]
async fn a_load_of_any_length_keeps_its_lease() {
    let server = Server::new();
    let connection = server.connection();
    let here = over(&connection).lease_time(seconds(3)).build().unwrap();
    let load = here.get_or_load("report", || async {
        sleep(seconds(60)).await;
        Ok::<_, String>(1_u64)
    });
    assert_eq!(load.await.unwrap(), 1);
    assert_eq!((counted(&here), connection.calls(Verb::RenewLease)), ((1, 0, 0), 59));
    let (load, go) = load_that_waits(&here, "other", 1_u64).await;
    let _ = server.manager().delete("other").await.unwrap();
    connection.forget_calls();
    sleep(seconds(60)).await;
    assert_eq!(connection.calls(Verb::RenewLease), 1, "what was ended does not come back");
    go.notify_one();
    load.await.unwrap();
    assert_eq!(counted(&here), (1, 1, 1));
}

#[tokio::test]
async fn a_lease_that_cannot_be_had_costs_the_load_nothing() {
    let server = Server::new();
    let connection = server.connection();
    let here = over(&connection).build().unwrap();
    for lose_the_answer in [false, true] {
        let key = if lose_the_answer { "lost" } else { "refused" };
        let asking = connection.hold_before(Verb::AcquireLease);
        let load = tokio::spawn({
            let here = here.clone();
            async move { here.get_or_load(key, || async { Ok::<_, String>(1_u64) }).await.unwrap() }
        });
        asking.arrived().await;
        if lose_the_answer {
            connection.lose_answers(true);
        } else {
            connection.fail_writes(true);
        }
        let releasing = connection.hold_before(Verb::Set);
        asking.release();
        releasing.arrived().await;
        connection.lose_answers(false);
        connection.fail_writes(false);
        releasing.release();
        assert_eq!(load.await.unwrap(), 1);
        assert_eq!(here.get::<u64>(key).await.unwrap(), Some(1));
        settle().await;
        assert!(!server.is_leased(&here, key).await, "what may have been taken is given back");
    }
    assert_eq!(counted(&here), (2, 0, 0));
}

#[tokio::test]
async fn a_tier_of_ones_own_is_asked_for_no_lease() {
    let primary = FaultyBackend::new(Arc::new(MapBackend::leasing()));
    let cache = over(&primary).build().unwrap();
    cache.get_or_load("k", || async { Ok::<_, String>(1_u64) }).await.unwrap();
    let shared = Server::new();
    let connection = shared.connection();
    let here = over(&connection).build().unwrap();
    let local = Policy::new().local();
    here.get_or_load("k", || async { Ok::<_, String>(1_u64) }).policy(local).await.unwrap();
    assert_eq!((primary.calls(Verb::AcquireLease), connection.calls(Verb::AcquireLease)), (0, 0));
    connection.forget_calls();
    let _ = here.get::<u64>("absent").await.unwrap();
    here.get_or_load("far", || async { Ok::<_, String>(1_u64) }).await.unwrap();
    let verbs = [Verb::Get, Verb::AcquireLease, Verb::Set, Verb::ReleaseLease];
    assert_eq!(verbs.map(|verb| connection.calls(verb)), [2, 1, 1, 0], "one round trip more for a miss");
}

fn distributed(builder: Builder) -> CacheManager {
    let policy = Policy::new().single_flight(SingleFlight::Distributed);
    builder.policy(policy).clock(Clock::source(Arc::new(TokioTime::new()))).build().unwrap()
}

/// Loads a key after two seconds; how often it did.
async fn ask(
    cache: &CacheManager,
    key: &'static str,
    runs: &Arc<AtomicU64>,
) -> std::result::Result<u64, String> {
    let runs = Arc::clone(runs);
    let loader = || async move {
        let run = runs.fetch_add(1, Ordering::SeqCst) + 1;
        sleep(seconds(2)).await;
        Ok::<_, String>(run)
    };
    cache.get_or_load(key, loader).await.map_err(|error| error.to_string())
}

#[tokio::test(start_paused = true)]
async fn a_thousand_callers_in_twenty_processes_load_once() {
    let (server, runs) = (Server::new(), Arc::new(AtomicU64::new(0)));
    let managers: Vec<_> = (0..20).map(|_| distributed(over(&server.connection()))).collect();
    let calls = managers.iter().flat_map(|cache| (0..50).map(|_| cache.clone())).map(|cache| {
        let runs = Arc::clone(&runs);
        tokio::spawn(async move { ask(&cache, "cold", &runs).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), 1);
    }
    assert_eq!(runs.load(Ordering::SeqCst), 1);
    settle().await;
    assert!(!server.is_leased(&managers[0], "cold").await);
}

#[tokio::test(start_paused = true)]
async fn a_dead_holder_costs_at_most_the_lease_time() {
    let (server, runs) = (Server::new(), Arc::new(AtomicU64::new(0)));
    let managers: Vec<_> =
        (0..5).map(|_| distributed(over(&server.connection()).lease_time(seconds(10)))).collect();
    let key = CacheKey::direct(managers[0].namespace(), "cold").unwrap();
    assert_eq!(server.0.acquire_lease(&key, 7, seconds(10)).await.unwrap(), 7);
    let began = tokio::time::Instant::now();
    let calls = managers.iter().cloned().map(|cache| {
        let runs = Arc::clone(&runs);
        tokio::spawn(async move { ask(&cache, "cold", &runs).await.unwrap() })
    });
    for call in calls.collect::<Vec<_>>() {
        call.await.unwrap();
    }
    let took = began.elapsed();
    assert!((seconds(10)..seconds(13)).contains(&took), "{took:?}");
    assert!((1..=5).contains(&runs.load(Ordering::SeqCst)));
    assert_eq!(managers.iter().map(|cache| cache.stats().stored).sum::<u64>(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_goes_on_for_longer_is_not_waited_for() {
    let (server, runs) = (Server::new(), Arc::new(AtomicU64::new(0)));
    let [slow, here] = [0, 1].map(|_| distributed(over(&server.connection()).lease_time(seconds(10))));
    let (load, go) = load_that_waits(&slow, "cold", 7_u64).await;
    let began = tokio::time::Instant::now();
    assert_eq!(ask(&here, "cold", &runs).await.unwrap(), 1);
    assert_eq!(began.elapsed(), seconds(12), "the lease time, and its own load");
    assert_eq!(counted(&here), (1, 0, 0), "it shared the lease and was the first");
    go.notify_one();
    assert_eq!(load.await.unwrap(), 7);
    assert_eq!(counted(&slow), (0, 1, 1));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_for_another_process_keeps_its_own_deadline() {
    let (server, runs) = (Server::new(), Arc::new(AtomicU64::new(0)));
    let [slow, here] = [0, 1].map(|_| distributed(over(&server.connection())));
    let (_load, _go) = load_that_waits(&slow, "cold", 7_u64).await;
    let began = tokio::time::Instant::now();
    let policy = Policy::new().single_flight(SingleFlight::Distributed).timeout(seconds(1));
    let answer = here.get_or_load("cold", || async { Ok::<_, String>(1_u64) }).policy(policy).await;
    assert!(answer.unwrap_err().to_string().contains("within timeout = 1s"));
    assert_eq!((began.elapsed(), runs.load(Ordering::SeqCst)), (seconds(1), 0));
}

#[tokio::test(start_paused = true)]
async fn a_holder_that_fails_is_followed_at_once() {
    let (server, runs) = (Server::new(), Arc::new(AtomicU64::new(0)));
    let [failing, here] = [0, 1].map(|_| distributed(over(&server.connection())));
    let load = tokio::spawn(async move {
        let loader = || async {
            sleep(seconds(1)).await;
            Err::<u64, _>("broken".to_owned())
        };
        failing.get_or_load("cold", loader).await.unwrap_err();
    });
    yield_now().await;
    let began = tokio::time::Instant::now();
    assert_eq!(ask(&here, "cold", &runs).await.unwrap(), 1);
    let waited = began.elapsed() - seconds(2);
    assert!(waited >= seconds(1) && waited <= Duration::from_millis(1_300), "{waited:?}");
    load.await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_tier_that_goes_away_ends_the_waiting() {
    let (server, runs) = (Server::new(), Arc::new(AtomicU64::new(0)));
    let (slow, connection) = (distributed(over(&server.connection())), server.connection());
    let here = distributed(over(&connection));
    let (_load, _go) = load_that_waits(&slow, "cold", 7_u64).await;
    let call = tokio::spawn({
        let runs = Arc::clone(&runs);
        async move {
            let began = tokio::time::Instant::now();
            (ask(&here, "cold", &runs).await.unwrap(), began.elapsed())
        }
    });
    sleep(seconds(1)).await;
    connection.down(true);
    let (value, took) = call.await.unwrap();
    assert_eq!(value, 1);
    assert!(took <= Duration::from_millis(3_250), "{took:?}");
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_ends_the_waiting_with_a_new_load() {
    let (server, runs) = (Server::new(), Arc::new(AtomicU64::new(0)));
    let [slow, here, third] = [0, 1, 2].map(|_| distributed(over(&server.connection())));
    let (load, go) = load_that_waits(&slow, "cold", 7_u64).await;
    let call = tokio::spawn({
        let (here, runs) = (here.clone(), Arc::clone(&runs));
        async move { ask(&here, "cold", &runs).await.unwrap() }
    });
    sleep(seconds(1)).await;
    let _ = third.delete("cold").await.unwrap();
    assert_eq!(call.await.unwrap(), 1);
    go.notify_one();
    assert_eq!(load.await.unwrap(), 7);
    assert_eq!(third.get::<u64>("cold").await.unwrap(), Some(1), "the later load's value");
}

#[tokio::test(start_paused = true)]
async fn without_single_flight_every_caller_loads() {
    for (builder, rejected) in
        [(CacheManager::builder().near(near()), 0), (over(&Server::new().connection()), 9)]
    {
        let cache = builder.policy(Policy::new().single_flight(SingleFlight::Off)).build().unwrap();
        let runs = Arc::new(AtomicU64::new(0));
        let calls = (0..10).map(|_| {
            let (cache, runs) = (cache.clone(), Arc::clone(&runs));
            tokio::spawn(async move { ask(&cache, "cold", &runs).await.unwrap() })
        });
        for call in calls.collect::<Vec<_>>() {
            call.await.unwrap();
        }
        let stats = cache.stats();
        assert_eq!((stats.loads, stats.misses, stats.coalesced), (10, 10, 0));
        assert_eq!((stats.stored, stats.rejected), (10 - rejected, rejected));
        assert!(cache.get::<u64>("cold").await.unwrap().is_some());
        let (load, go) = load_that_waits(&cache, "other", 1_u64).await;
        let _ = cache.delete("other").await.unwrap();
        go.notify_one();
        load.await.unwrap();
        assert_eq!(cache.get::<u64>("other").await.unwrap(), None, "stamps hold all the same");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_behind_is_left_to_the_process_that_does_it() {
    for (who, runs) in [(SingleFlight::Distributed, 1), (SingleFlight::Local, 2)] {
        let (server, loads) = (Server::new(), Arc::new(AtomicU64::new(0)));
        let policy = Policy::new().single_flight(who).stale_while_revalidate(seconds(600));
        let managers = [0, 1].map(|_| {
            let clock = Clock::source(Arc::new(TokioTime::new()));
            over(&server.connection()).policy(policy.clone()).clock(clock).build().unwrap()
        });
        let ask = |cache: &CacheManager| {
            let (cache, loads) = (cache.clone(), Arc::clone(&loads));
            async move {
                let loader = || async move {
                    let run = loads.fetch_add(1, Ordering::SeqCst);
                    sleep(seconds(2)).await;
                    Ok::<_, String>(run)
                };
                cache.get_or_load("price", loader).ttl(Ttl::secs(5)).detach().await.unwrap()
            }
        };
        assert_eq!((ask(&managers[0]).await, ask(&managers[1]).await), (0, 0));
        sleep(seconds(10)).await;
        assert_eq!((ask(&managers[0]).await, ask(&managers[1]).await), (0, 0), "stale, at once");
        sleep(seconds(3)).await;
        assert_eq!(loads.load(Ordering::SeqCst), 1 + runs, "{who:?}");
        ask(&managers[1]).await;
        settle().await;
        let newer = [ask(&managers[0]).await, ask(&managers[1]).await];
        assert!(newer.iter().all(|value| *value > 0), "{newer:?}");
        assert_eq!(loads.load(Ordering::SeqCst), 1 + runs, "what another has refreshed is adopted");
    }
}

#[test]
fn what_cannot_be_honoured_is_named_when_the_manager_is_built() {
    let builder = || CacheManager::builder().primary(Bare::shared());
    let policy = Policy::new().single_flight(SingleFlight::Distributed);
    let error = builder().policy(policy.clone()).lease_time(Duration::ZERO).build().unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Config);
    for named in ["lease_time holds 0ns", "the primary, which others share, offers no leases; use Local"] {
        assert!(error.to_string().contains(named), "{error}");
    }
    builder().build().unwrap();
    CacheManager::builder().near(near()).policy(policy).build().unwrap();
}
