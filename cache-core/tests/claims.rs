//! Nobody is told that they hold what they may not hold, and nothing stays held by nobody.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::{CacheManager, Claim, ClaimResult};
use cache_core::policy::FailMode;
use cache_core::port::backend::{CacheBackend, NullBackend};
use cache_core::port::clock::Clock;
use cache_core::port::spawn::NoSpawner;
use cache_core::testkit::{FaultyBackend, MapBackend, TokioTime, Verb};
use cache_core::time::Ttl;
use common::{faulty, near, over};
use tokio::time::{advance, sleep};

const TTL: Duration = Duration::from_secs(300);

/// A manager whose clock is tokio's, over a backend that misbehaves on demand.
fn stand() -> (Arc<FaultyBackend>, CacheManager) {
    let primary = faulty();
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let cache = over(&primary).fallback(MapBackend::new()).clock(clock).build().unwrap();
    (primary, cache)
}

async fn claim(cache: &CacheManager, key: &str) -> Option<Claim> {
    cache.claim(key, TTL).await.unwrap()
}

/// Lets the tasks run that are ready.
async fn settle() {
    for _ in 0..20 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test(start_paused = true)]
async fn one_holds_it_and_a_dropped_claim_is_given_back() {
    let (_, cache) = stand();
    let first = claim(&cache, "report:7").await.unwrap();
    assert!(first.is_held() && first.key() == "report:7");
    assert_eq!(first.remaining(), TTL - TTL / 100 - Duration::from_millis(2));
    assert!(claim(&cache, "report:7").await.is_none());
    let (other, token) = (claim(&cache, "report:8").await.unwrap(), first.fencing_token());
    drop(first);
    settle().await;
    let second = claim(&cache, "report:7").await.unwrap();
    assert!(second.fencing_token() > token && other.is_held());
    assert!(second.release().await.unwrap());
    assert!(claim(&cache, "report:7").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_not_said_to_be_held_when_it_may_have_ended() {
    let (_, cache) = stand();
    let held = cache.claim("report:7", Duration::from_secs(10)).await.unwrap().unwrap();
    advance(Duration::from_millis(9_897)).await;
    assert!(held.is_held() && !held.remaining().is_zero());
    advance(Duration::from_millis(1)).await;
    assert!(!held.is_held() && held.remaining().is_zero());
    assert!(claim(&cache, "report:7").await.is_none(), "the store's own end is later");
    assert!(held.renew().await.unwrap() && held.is_held(), "so it can still be renewed");
    advance(Duration::from_secs(10)).await;
    let next = claim(&cache, "report:7").await.unwrap();
    assert!(!held.renew().await.unwrap() && !held.is_held());
    assert!(!held.release().await.unwrap());
    assert!(next.is_held() && claim(&cache, "report:7").await.is_none(), "a successor's is not released");
}

#[tokio::test(start_paused = true)]
async fn an_outcome_that_is_not_known_is_not_held_and_is_undone() {
    let (primary, cache) = stand();
    primary.lose_answers(true);
    let unknown = cache.claim("report:7", TTL).await.unwrap_err();
    assert_eq!(unknown.kind(), ErrorKind::Timeout);
    primary.lose_answers(false);
    settle().await;
    assert!(claim(&cache, "report:7").await.unwrap().release().await.unwrap());
    primary.fail_writes(true);
    primary.forget_calls();
    assert_eq!(cache.claim("report:8", TTL).await.unwrap_err().kind(), ErrorKind::Refused);
    settle().await;
    assert_eq!(primary.calls(Verb::ReleaseClaim), 0, "what was refused needs no undoing");
}

#[tokio::test(start_paused = true)]
async fn a_claim_whose_caller_went_away_is_undone() {
    let (primary, cache) = stand();
    let stopped = primary.hold_after(Verb::Claim);
    let caller = tokio::spawn({
        let cache = cache.clone();
        async move { cache.claim("report:7", TTL).await }
    });
    stopped.arrived().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    drop(stopped);
    settle().await;
    assert!(claim(&cache, "report:7").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn an_answer_that_comes_too_late_is_no_claim() {
    let (primary, cache) = stand();
    primary.delay(Duration::from_millis(995));
    let late = cache.claim("report:7", Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(late.kind(), ErrorKind::Timeout, "{late}");
    primary.delay(Duration::ZERO);
    settle().await;
    sleep(Duration::from_secs(1)).await;
    assert_eq!((primary.calls(Verb::ReleaseClaim), claim(&cache, "report:7").await.is_some()), (1, true));
}

#[tokio::test]
async fn the_fallback_never_answers() {
    let (primary, fallback) = (faulty(), faulty());
    let cache = over(&primary).fallback(Arc::clone(&fallback)).build().unwrap();
    primary.down(true);
    assert!(cache.add("job:7", 1_u64, TTL).await.unwrap(), "the fallback serves");
    fallback.forget_calls();
    let (claimed, listed) = (cache.claim("report:7", TTL).await, cache.claims("user:7").await);
    assert_eq!(claimed.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(listed.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(fallback.total_calls(), 0);
    primary.down(false);
    assert!(claim(&cache, "report:7").await.is_some(), "and nothing has to be recovered first");
}

#[tokio::test]
async fn without_a_store_nobody_holds_anything() {
    let primary = faulty();
    let off = over(&primary).enabled(false).build().unwrap();
    assert_eq!(off.claim("report:7", TTL).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(off.claims("user:7").await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(primary.total_calls(), 0);
    let near_only = CacheManager::builder().near(near()).build().unwrap();
    let null = CacheManager::builder().primary(NullBackend).build().unwrap();
    for cache in [near_only, null] {
        let error = cache.claim("report:7", TTL).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        assert!(error.to_string().contains(".primary(MemoryBackend::new())"), "{error}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_claim_is_renewed_as_long_as_it_is_there() {
    let (primary, cache) = stand();
    let held = cache.claim("report:7", Duration::from_secs(3)).renewing().await.unwrap().unwrap();
    sleep(Duration::from_millis(60_500)).await;
    assert!(held.is_held() && claim(&cache, "report:7").await.is_none());
    assert_eq!(primary.calls(Verb::RenewClaim), 60, "every third of its ttl");
    drop(held);
    settle().await;
    primary.forget_calls();
    let next = claim(&cache, "report:7").await.unwrap();
    sleep(Duration::from_secs(60)).await;
    assert_eq!((primary.calls(Verb::RenewClaim), next.is_held()), (0, true));
}

#[tokio::test(start_paused = true)]
async fn renewals_survive_a_short_outage_and_end_with_a_long_one() {
    let (primary, cache) = stand();
    let held = cache.claim("report:7", Duration::from_secs(30)).renewing().await.unwrap().unwrap();
    primary.down(true);
    sleep(Duration::from_secs(25)).await;
    primary.down(false);
    sleep(Duration::from_secs(25)).await;
    assert!(held.is_held());
    primary.down(true);
    sleep(Duration::from_secs(31)).await;
    assert!(!held.is_held());
    primary.down(false);
    primary.forget_calls();
    sleep(Duration::from_secs(60)).await;
    assert_eq!(primary.calls(Verb::RenewClaim), 0, "what was lost is not renewed");
    assert!(claim(&cache, "report:7").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_release_that_does_not_arrive_is_tried_again() {
    let (primary, cache) = stand();
    let (dropped, released) = (claim(&cache, "a").await.unwrap(), claim(&cache, "b").await.unwrap());
    primary.down(true);
    drop(dropped);
    assert_eq!(released.release().await.unwrap_err().kind(), ErrorKind::Unavailable);
    sleep(Duration::from_secs(20)).await;
    primary.down(false);
    sleep(Duration::from_secs(6)).await;
    assert!(claim(&cache, "a").await.is_some() && claim(&cache, "b").await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_shutdown_waits_for_what_is_being_given_back() {
    let (map, clock) = (Arc::new(MapBackend::new()), Clock::source(Arc::new(TokioTime::new())));
    let primary = FaultyBackend::new(Arc::clone(&map) as Arc<dyn CacheBackend>);
    let cache = over(&primary).clock(clock).build().unwrap();
    let held = claim(&cache, "report:7").await.unwrap();
    primary.delay(Duration::from_millis(500));
    drop(held);
    cache.shutdown().await;
    let next = CacheManager::builder().primary(map).build().unwrap();
    assert!(claim(&next, "report:7").await.is_some());
    assert_eq!(cache.claim("report:8", TTL).await.unwrap_err().kind(), ErrorKind::Unavailable);
}

#[tokio::test(start_paused = true)]
async fn without_tasks_a_claim_ends_with_its_ttl() {
    let cache = CacheManager::builder().primary(MapBackend::new()).spawner(NoSpawner).build().unwrap();
    drop(claim(&cache, "report:7").await.unwrap());
    settle().await;
    assert!(claim(&cache, "report:7").await.is_none());
    sleep(TTL).await;
    assert!(claim(&cache, "report:7").await.unwrap().release().await.unwrap());
}

#[tokio::test]
async fn slots_are_counted_per_group_and_say_why_not() {
    let (_, cache) = stand();
    let first = cache.claim_slot("user:7", 2, "report:1", TTL).payload(&("weekly", 7_u64)).await.unwrap();
    let second = cache.claim_slot("user:7", 2, "report:2", TTL).await.unwrap().unwrap();
    let refused = |key: &'static str| cache.claim_slot("user:7", 2, key, TTL).outcome();
    assert!(matches!(refused("report:1").await.unwrap(), ClaimResult::Taken));
    assert!(matches!(refused("report:3").await.unwrap(), ClaimResult::Full));
    assert!(cache.claim_slot("user:8", 2, "report:1", TTL).await.unwrap().is_some());
    assert!(cache.claim("user:7", TTL).await.unwrap().is_some(), "a claim and a group do not meet");

    let listed = cache.claims("user:7").await.unwrap();
    assert_eq!(
        listed.iter().map(|claim| claim.key().to_owned()).collect::<Vec<_>>(),
        ["report:1", "report:2"]
    );
    assert_eq!(listed[0].payload::<(String, u64)>(), Some(("weekly".to_owned(), 7)));
    assert_eq!((listed[0].payload::<u64>(), listed[1].payload::<u64>()), (None, None));
    assert_eq!(listed[1].fencing_token(), second.fencing_token());
    assert!(listed[0].remaining() <= TTL && listed[0].remaining() > TTL / 2);
    assert!(!format!("{listed:?} {first:?}").contains("report"), "members may name people");
}

#[tokio::test]
async fn who_holds_a_claim_can_be_read_and_clear_spares_it() {
    let (_, cache) = stand();
    assert!(cache.claim_holder("report:7").await.unwrap().is_none());
    let held = cache.claim("report:7", TTL).payload("worker 3").await.unwrap().unwrap();
    let _ = cache.clear().await.unwrap();
    let _ = cache.delete_pattern("*").await.unwrap();
    let holder = cache.claim_holder("report:7").await.unwrap().unwrap();
    assert_eq!(holder.payload::<String>().unwrap(), "worker 3");
    assert_eq!((holder.fencing_token(), holder.key()), (held.fencing_token(), "report:7"));
    assert_eq!(cache.get::<String>("report:7").await.unwrap(), None);
}

#[tokio::test]
async fn terms_that_cannot_be_kept_are_errors_whatever_the_fail_mode() {
    for mode in [FailMode::Open, FailMode::Closed] {
        let cache = CacheManager::builder().primary(MapBackend::new()).fail_mode(mode).build().unwrap();
        let kind = |error: cache_core::error::Error| error.kind();
        assert_eq!(cache.claim("", TTL).await.map_err(kind).unwrap_err(), ErrorKind::Key);
        assert_eq!(cache.claim("a", Ttl::Never).await.map_err(kind).unwrap_err(), ErrorKind::Ttl);
        assert_eq!(cache.claim("a", Ttl::secs(0)).await.map_err(kind).unwrap_err(), ErrorKind::Ttl);
        assert_eq!(cache.claim_slot("g", 0, "a", TTL).await.map_err(kind).unwrap_err(), ErrorKind::Config);
        let heavy = cache.claim("a", TTL).payload(&"x".repeat(5_000)).await.unwrap_err();
        assert_eq!(
            (heavy.kind(), heavy.to_string()),
            (
                ErrorKind::TooLarge,
                "claim: what a claim carries takes more than 4 KiB; carry what names it; keep the rest in an \
                 entry of its own"
                    .to_owned()
            )
        );
        let held = cache.claim("a", Ttl::Default).payload(&"x".repeat(4_000)).await.unwrap().unwrap();
        assert!(held.remaining() > Duration::from_secs(290), "the manager's default, 300 s");
    }
}
