//! A hit through `#[cached]`: nothing is allocated, and the future is small.
#![allow(clippy::panic, clippy::unwrap_used)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock};
use std::time::Duration;

use larder::testkit::ManualTime;
use larder::{CacheManager, Clock, Near, cached};

#[cached(ttl = "1h", local)]
async fn shared(id: u64) -> Arc<String> {
    Arc::new(format!("value {id}"))
}

#[cached(ttl = "1h")]
async fn named(tenant: &str, id: Option<u64>) -> Result<Arc<String>, String> {
    Ok(Arc::new(format!("{tenant} {id:?}")))
}

/// Most of what can be said about a key and a call.
#[cached(ttl = "1h", user = user, tenant = tenant, sensitive(email), bypass = off, refresh = force, skip(off, force))]
async fn scoped(tenant: &str, user: Option<u64>, email: &str, off: bool, force: bool) -> Arc<String> {
    let _ = (off, force);
    Arc::new(format!("{tenant} {user:?} {email}"))
}

#[cached(ttl = "1h")]
fn at_once(id: u64, name: &str) -> Option<Arc<String>> {
    Some(Arc::new(format!("{name} {id}")))
}

#[tokio::test]
async fn a_hot_hit_does_not_allocate() {
    larder::cache_manager().set_enabled(true);
    assert_eq!(
        (shared(7).await, named("acme", Some(1)).await.unwrap()),
        (shared(7).await, named("acme", Some(1)).await.unwrap())
    );
    let _ = (scoped("acme", Some(7), "ann@example.org", false, false).await, at_once(7, "ann"));
    let counted = allocation_counter::measure(|| {
        for _ in 0..1_000 {
            let hit = std::pin::pin!(shared(7));
            assert!(ready(hit).len() == 7);
            let hit = std::pin::pin!(named("acme", Some(1)));
            assert!(ready(hit).unwrap().starts_with("acme"));
            let hit = std::pin::pin!(scoped("acme", Some(7), "ann@example.org", false, false));
            assert!(ready(hit).starts_with("acme"));
            assert!(at_once(7, "ann").unwrap().starts_with("ann"));
        }
    });
    assert_eq!(counted.count_total, 0);
}

/// A hit is ready when it is first polled.
fn ready<F: Future>(future: std::pin::Pin<&mut F>) -> F::Output {
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    match future.poll(&mut context) {
        std::task::Poll::Ready(output) => output,
        std::task::Poll::Pending => panic!("a hit waited"),
    }
}

#[test]
fn the_future_of_a_cached_function_is_small() {
    assert!(size_of_val(&shared(7)) <= 48, "{}", size_of_val(&shared(7)));
    assert!(size_of_val(&named("acme", None)) <= 96, "{}", size_of_val(&named("acme", None)));
}

static TIME: LazyLock<Arc<ManualTime>> = LazyLock::new(|| Arc::new(ManualTime::new()));
static CLOCKED: LazyLock<CacheManager> = LazyLock::new(|| {
    CacheManager::builder().near(Near::mib(1)).clock(Clock::source(TIME.clone())).build().unwrap()
});

#[cached(ttl = "10s", jitter = 0.0, local, cache = &*CLOCKED)]
async fn timed() -> u64 {
    static RUNS: AtomicU64 = AtomicU64::new(0);
    RUNS.fetch_add(1, Ordering::SeqCst) + 1
}

#[tokio::test]
async fn a_hit_ends_at_its_deadline_exactly() {
    assert_eq!(timed().await, 1);
    TIME.advance(Duration::from_millis(9_999));
    assert_eq!(timed().await, 1);
    TIME.advance(Duration::from_millis(1));
    assert_eq!(timed().await, 2);
}

#[cached(ttl = "1h", local)]
async fn held_up(id: u64) -> Arc<u64> {
    std::future::pending::<()>().await;
    Arc::new(id)
}

/// Polls once what has to wait.
fn waits<F: Future>(future: F) -> std::pin::Pin<Box<F>> {
    let mut future = Box::pin(future);
    let mut context = std::task::Context::from_waker(std::task::Waker::noop());
    assert!(future.as_mut().poll(&mut context).is_pending());
    future
}

/// What each of a hundred who wait for one load holds: pieces of memory, and bytes.
fn held_by_each<F: Future>(call: impl Fn() -> F) -> (i64, i64) {
    const FOLLOWERS: i64 = 128;
    let leader = waits(call());
    let mut held = Vec::with_capacity(128);
    // The list of wakers grows by doubling; what it takes once is not of one of them.
    held.push(waits(call()));
    let counted = allocation_counter::measure(|| held.extend((1..FOLLOWERS).map(|_| waits(call()))));
    drop((leader, held));
    (counted.count_current / (FOLLOWERS - 1), counted.bytes_current / (FOLLOWERS - 1))
}

#[tokio::test]
async fn who_waits_for_the_load_of_another_holds_little_memory() {
    larder::cache_manager().set_enabled(true);
    let cache = CacheManager::builder().near(Near::mib(1)).build().unwrap();
    let of_function = held_by_each(|| held_up(1));
    let of_call =
        held_by_each(|| cache.get_or_load("cold", std::future::pending::<Result<u64, String>>).into_future());
    for (pieces, bytes) in [of_function, of_call] {
        // The test's own box is one of the pieces.
        assert!(pieces == 2 && bytes <= 384, "{pieces} pieces of memory, {bytes} bytes");
    }
}
