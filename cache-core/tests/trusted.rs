//! A near copy is hit no longer than it is trusted, whatever lets it be hit again meanwhile. What a cached function
//! does first asks for the copy and nothing else, so no later look would notice.

#![allow(clippy::needless_borrow, clippy::unwrap_used)]

mod common;

use std::future::pending;
use std::sync::Arc;
use std::time::Duration;

use cache_core::manager::{Builder, CacheManager, Policy};
use cache_core::policy::RefreshAhead;
use cache_core::port::clock::Clock;
use cache_core::private::*;
use cache_core::testkit::TokioTime;
use tokio::time::advance;

/// How often a read of what is kept warm is noted.
const NOTED: Duration = millis(5_000);

const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}

fn built(builder: Builder, clock: &Clock) -> CacheManager {
    builder.near(common::near()).jitter(0.0).clock(clock.clone()).build().unwrap()
}

fn clock() -> Clock {
    Clock::source(Arc::new(TokioTime::new()))
}

/// `price()`, kept warm or not, of a source that answers with this number, or not at all; and whether it was a hit.
async fn ask(cache: &CacheManager, warm: bool, source: Option<u64>) -> (u64, bool) {
    use by_type::*;
    static COLD: Site = Site::named("price");
    static WARM: Site = Site::named("price");
    fn __larder_cold() {}
    fn __larder_warm() {}
    let ty = Ty::<u64>::new();
    let shape = (&&&&ty).larder_shape();
    let hold = (&&val_ty(shape)).larder_hold();
    let probe = Probe(stored(shape, &hold, (&&&ty).larder_share()));
    let probed = if warm {
        let keep = |policy: Policy| policy.ttl(Ttl::secs(100)).keep_warm(NOTED * 8);
        probe.on(WARM.space(cache, __larder_warm, keep), &())
    } else {
        probe.on(COLD.space(cache, __larder_cold, |policy| policy.ttl(Ttl::secs(100))), &())
    };
    let load = async move {
        match source {
            Some(answer) => answer,
            None => pending().await,
        }
    };
    match probed {
        Probed::Hit(value) => (value, true),
        Probed::Miss(missed) => (missed.load_detached(load).await.0, false),
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_being_refreshed_is_hit_until_its_life_ends_and_not_a_moment_longer() {
    let early = Policy::new().refresh_ahead(RefreshAhead::Fraction(0.8));
    let cache = built(CacheManager::builder().policy(early), &clock());
    assert_eq!(ask(&cache, false, Some(1)).await, (1, false));
    advance(millis(99_500)).await;
    assert_eq!(ask(&cache, false, None).await, (1, false), "it is due");
    advance(millis(499)).await;
    assert_eq!(ask(&cache, false, None).await, (1, true));
    advance(millis(1)).await;
    let waits = tokio::time::timeout(millis(1_000), ask(&cache, false, None));
    assert!(waits.await.is_err(), "for the refresh");
}

#[tokio::test(start_paused = true)]
async fn a_copy_of_shared_data_is_hit_no_longer_than_near_ttl_whatever_notes_its_reads() {
    let (primary, clock) = (common::faulty(), clock());
    let builder = || CacheManager::builder().primary(Arc::clone(&primary)).near_ttl(NOTED * 2);
    let (cache, other) = (built(builder(), &clock), built(builder(), &clock));
    assert_eq!(ask(&cache, true, Some(1)).await, (1, false));
    assert_eq!(ask(&cache, true, None).await, (1, true));
    advance(millis(9_500)).await;
    assert_eq!(ask(&cache, true, None).await, (1, false), "this read is noted");
    advance(millis(499)).await;
    assert!(other.set("price", 2_u64, Ttl::secs(100)).await.unwrap().is_stored());
    assert_eq!(ask(&cache, true, None).await, (1, true));
    advance(millis(1)).await;
    assert_eq!(ask(&cache, true, None).await, (2, false));
}
