//! A loaded answer says why it was not a hit: what was found instead of one.

#![allow(clippy::needless_borrow, clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_core::entry::{Freshness, Reason, Status};
use cache_core::manager::{Builder, CacheManager, Keyspace, Policy};
use cache_core::policy::RefreshAhead;
use cache_core::port::backend::{CacheBackend, SetOptions};
use cache_core::port::clock::Clock;
use cache_core::private::*;
use cache_core::testkit::TokioTime;
use tokio::sync::Notify;
use tokio::time::advance;

static PRICES: Keyspace<u64> = Keyspace::with("price", |policy| policy.ttl(Ttl::secs(100)));
static TEXTS: Keyspace<String> = Keyspace::with("price", |policy| policy.ttl(Ttl::secs(100)));
static LATER: Keyspace<u64> = Keyspace::with("price", |policy| policy.schema(2));

thread_local! {
    /// One clock for all managers of a test.
    static CLOCK: Clock = Clock::source(Arc::new(TokioTime::new()));
}

fn built(builder: Builder) -> CacheManager {
    builder.jitter(0.0).clock(CLOCK.with(Clock::clone)).build().unwrap()
}

fn near_only() -> Builder {
    CacheManager::builder().near(common::near())
}

/// Why a price was loaded; `None` when it was a hit. It goes on by itself, or is its caller's.
async fn why(cache: &CacheManager, of: &'static Keyspace<u64>, detached: bool) -> Option<Reason> {
    let call = cache.keyspace(of).get_or_load(7_u64, || async { Ok::<_, String>(1_u64) }).tags(["tea"]);
    let answer = if detached { call.detach().with_status().await } else { call.with_status().await };
    let Status { tier, age, freshness, reason, .. } = answer.unwrap().1;
    assert_eq!(tier == "loader", reason.is_some());
    assert!(reason.is_none() || (age, freshness) == (Duration::ZERO, Freshness::Fresh));
    reason
}

async fn price_of(cache: &CacheManager, detached: bool) -> Option<Reason> {
    why(cache, &PRICES, detached).await
}

#[tokio::test(start_paused = true)]
async fn a_loaded_answer_says_what_became_of_the_near_entry() {
    for detached in [false, true] {
        let cache = built(near_only());
        let why = async || price_of(&cache, detached).await;
        assert_eq!((why().await, why().await), (Some(Reason::Absent), None));
        advance(Duration::from_secs(100)).await;
        assert_eq!((why().await, why().await), (Some(Reason::Expired), None));
        let _ = cache.invalidate_tags(["tea"]).await.unwrap();
        assert_eq!((why().await, why().await), (Some(Reason::Invalidated), None));
        let _ = cache.keyspace(&PRICES).delete(7_u64).await.unwrap();
        assert_eq!((why().await, why().await), (Some(Reason::Absent), None));
        cache.set_enabled(false);
        assert_eq!(why().await, Some(Reason::Disabled));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_loaded_before_its_life_has_ended_was_to_be_refreshed() {
    let early = Policy::new().refresh_ahead(RefreshAhead::Fraction(0.8));
    let cache = built(near_only().policy(early));
    assert_eq!(why(&cache, &PRICES, false).await, Some(Reason::Absent));
    advance(Duration::from_secs(90)).await;
    assert_eq!(why(&cache, &PRICES, false).await, Some(Reason::Revalidating));
}

#[tokio::test(start_paused = true)]
async fn a_loaded_answer_says_what_became_of_the_stored_bytes() {
    for detached in [false, true] {
        let primary = common::faulty();
        let far_only = || CacheManager::builder().no_near().primary(Arc::clone(&primary));
        let keeps = Policy::new().stale_if_error(Duration::from_secs(1_000));
        let (cache, keeps) = (built(far_only()), built(far_only().policy(keeps)));
        let why = async || price_of(&cache, detached).await;
        let prices = cache.keyspace(&PRICES);
        let key = prices.key(7_u64);
        assert_eq!((why().await, why().await), (Some(Reason::Absent), None));
        for cache in [&keeps, &cache] {
            let _ = prices.delete(7_u64).await.unwrap();
            assert_eq!(price_of(&keeps, detached).await, Some(Reason::Absent));
            advance(Duration::from_secs(100)).await;
            assert_eq!(price_of(cache, detached).await, Some(Reason::Expired), "it is kept");
        }
        let _ = cache.invalidate_tags(["tea"]).await.unwrap();
        assert_eq!((why().await, why().await), (Some(Reason::TagChanged), None));
        assert!(prices.set(7_u64, 2, Ttl::secs(9)).await.unwrap().is_stored());
        assert_eq!((why().await, why().await), (Some(Reason::TagsDiffer), None), "it has no tag");

        let frame = primary.get(&key).await.unwrap().unwrap();
        let store = async |bytes: Vec<u8>| primary.set(&key, Bytes::from(bytes), SetOptions::default()).await;
        let mut newer = frame.to_vec();
        newer[0] += 1;
        assert!(store(newer).await.unwrap());
        assert_eq!(why().await, Some(Reason::WrongFormat));
        let mut damaged = frame.to_vec();
        *damaged.last_mut().unwrap() ^= 1;
        assert!(store(damaged).await.unwrap());
        assert_eq!((why().await, why().await), (Some(Reason::Checksum), None));
        assert!(store(frame[..frame.len() - 1].to_vec()).await.unwrap());
        assert_eq!((why().await, why().await), (Some(Reason::Malformed), None));
        assert!(cache.keyspace(&TEXTS).set(7_u64, "tea".to_owned(), Ttl::Default).await.unwrap().is_stored());
        assert_eq!((why().await, why().await), (Some(Reason::Undecodable), None));

        primary.down(true);
        assert_eq!(why().await, Some(Reason::TierError));
    }
}

#[tokio::test(start_paused = true)]
async fn another_schema_is_another_key() {
    let cache = built(near_only().primary(common::faulty()));
    assert_eq!(why(&cache, &PRICES, false).await, Some(Reason::Absent));
    assert_eq!(why(&cache, &LATER, false).await, Some(Reason::Absent));
    assert_eq!((why(&cache, &PRICES, false).await, why(&cache, &LATER, false).await), (None, None));
}

#[tokio::test(start_paused = true)]
async fn of_two_tiers_the_one_that_says_more_is_told() {
    let (primary, other) = (common::faulty(), common::faulty());
    for (backend, far_is_gone, expected) in
        [(&primary, true, Reason::Invalidated), (&other, false, Reason::Checksum)]
    {
        let cache = built(near_only().primary(Arc::clone(backend)));
        let key = cache.keyspace(&PRICES).key(7_u64);
        assert_eq!(why(&cache, &PRICES, false).await, Some(Reason::Absent));
        let mut frame = backend.get(&key).await.unwrap().unwrap().to_vec();
        let _ = cache.invalidate_tags(["tea"]).await.unwrap();
        if far_is_gone {
            assert!(backend.delete(&key, Default::default()).await.unwrap());
        } else {
            *frame.last_mut().unwrap() ^= 1;
            assert!(backend.set(&key, Bytes::from(frame), SetOptions::default()).await.unwrap());
        }
        assert_eq!(why(&cache, &PRICES, false).await, Some(expected));
    }
}

#[tokio::test(start_paused = true)]
async fn who_waits_for_the_load_of_another_is_told_that_nothing_was_there() {
    let cache = built(near_only());
    assert_eq!(why(&cache, &PRICES, false).await, Some(Reason::Absent));
    advance(Duration::from_secs(100)).await;
    let go = Notify::new();
    let leads = cache.keyspace(&PRICES).get_or_load(7_u64, async || {
        go.notified().await;
        Ok::<_, String>(2)
    });
    let ((led, status), followed, ()) =
        tokio::join!(async { leads.with_status().await.unwrap() }, why(&cache, &PRICES, false), async {
            go.notify_one()
        });
    assert_eq!((led, status.reason, followed), (2, Some(Reason::Expired), Some(Reason::Absent)));
}

#[test]
fn a_function_that_is_not_async_says_it_too() {
    use by_type::*;
    static SITE: Site = Site::named("price");
    fn __larder_price() {}
    let time = Arc::new(cache_core::testkit::ManualTime::new());
    let clock = Clock::source(Arc::clone(&time) as _);
    let cache = near_only().jitter(0.0).clock(clock).build().unwrap();
    let why = |refresh| {
        let ty = Ty::<u64>::new();
        let shape = (&&&&ty).larder_shape();
        let hold = (&&val_ty(shape)).larder_hold();
        let kind = stored(shape, &hold, (&&&ty).larder_share());
        let space = SITE.space(&cache, __larder_price, |policy| policy.ttl(Ttl::secs(100)).local());
        let entry = Find.on(space, &(part(&7_u64), ())).unless(false, refresh);
        entry.with_status_blocking(kind, || 1).1.reason
    };
    assert_eq!((why(false), why(false)), (Some(Reason::Absent), None));
    time.advance(Duration::from_secs(100));
    assert_eq!((why(false), why(false)), (Some(Reason::Expired), None));
    assert_eq!((why(true), why(false)), (Some(Reason::Bypassed), None));
}
