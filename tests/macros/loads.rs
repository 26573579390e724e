//! Limits of loads, loads that go on by themselves, and answers that are past their time.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use larder::testkit::{FaultyBackend, ManualTime, MapBackend};
use larder::{CacheManager, Clock, Near, Reason, cached};
use tokio::sync::Notify;
use tokio::time::Instant;

use crate::fresh;

fn steered() -> (CacheManager, Arc<ManualTime>) {
    let time = Arc::new(ManualTime::new());
    let builder = CacheManager::builder().near(Near::mib(1)).clock(Clock::source(time.clone())).jitter(0.0);
    (builder.build().unwrap(), time)
}

#[derive(Debug, Clone, PartialEq)]
enum Failure {
    Own(&'static str),
    Cache(larder::ErrorKind),
}

impl From<larder::Error> for Failure {
    fn from(error: larder::Error) -> Self {
        Self::Cache(error.kind())
    }
}

#[cached(timeout = "30ms", skip(cache), cache = cache)]
async fn hangs(cache: &CacheManager, id: u64) -> Result<u64, Failure> {
    std::future::pending::<()>().await;
    Ok(id)
}

#[cached(max_load_time = Duration::from_millis(30), skip(cache), cache = cache)]
async fn hangs_too(cache: &CacheManager, id: u64) -> Result<u64, Box<dyn std::error::Error + Send + Sync>> {
    std::future::pending::<()>().await;
    Ok(id)
}

#[tokio::test]
async fn a_call_has_an_end_and_says_so_as_the_functions_own_error() {
    let (cache, _) = steered();
    assert_eq!(hangs(&cache, 1).await, Err(Failure::Cache(larder::ErrorKind::Timeout)));
    let error = hangs_too(&cache, 1).await.unwrap_err();
    assert!(error.to_string().contains("max_load_time"), "{error}");
}

#[derive(Clone)]
struct Source {
    cache: CacheManager,
    loads: Arc<AtomicU64>,
    begun: Arc<Notify>,
    go: Arc<Notify>,
}

impl Source {
    fn new(cache: CacheManager) -> Self {
        Self { cache, loads: Arc::default(), begun: Arc::default(), go: Arc::default() }
    }

    #[cached(detach, shared, cache = self.cache)]
    async fn slow(&self, id: u64, name: &str) -> String {
        self.begun.notify_one();
        self.go.notified().await;
        format!("{name}{id} {}", self.loads.fetch_add(1, Ordering::Relaxed))
    }
}

#[tokio::test]
async fn a_detached_load_goes_on_without_its_caller() {
    let source = Source::new(steered().0);
    {
        let call = source.slow(7, "a");
        tokio::pin!(call);
        tokio::select! {
            _ = &mut call => panic!("nobody let it go on"),
            () = source.begun.notified() => {}
        }
    }
    source.go.notify_one();
    while source.slow_peek(7, "a").await.is_none() {
        tokio::task::yield_now().await;
    }
    assert_eq!(source.slow(7, "a").await, "a7 0");
    assert_eq!(source.loads.load(Ordering::Relaxed), 1);
}

static IS_DOWN: AtomicBool = AtomicBool::new(false);

#[cached(ttl = "10s", stale_if_error = "1m", stale_if = |error: &Failure| *error == Failure::Own("down"), skip(cache), cache = cache)]
async fn fragile(cache: &CacheManager, id: u64) -> Result<u64, Failure> {
    if IS_DOWN.load(Ordering::Relaxed) {
        Err(Failure::Own(if id == 1 { "down" } else { "gone" }))
    } else {
        Ok(fresh())
    }
}

#[tokio::test]
async fn an_older_value_answers_in_place_of_the_errors_that_it_may() {
    let (cache, time) = steered();
    let (first, _) = (fragile(&cache, 1).await, fragile(&cache, 2).await);
    IS_DOWN.store(true, Ordering::Relaxed);
    time.advance(Duration::from_secs(11));
    assert_eq!(fragile(&cache, 1).await, first);
    assert_eq!(fragile(&cache, 2).await, Err(Failure::Own("gone")));
    time.advance(Duration::from_secs(61));
    assert_eq!(fragile(&cache, 1).await, Err(Failure::Own("down")));
    IS_DOWN.store(false, Ordering::Relaxed);
}

#[cached(ttl = "10s", stale_while_revalidate = "1m", skip(cache), cache = cache)]
async fn popular(cache: CacheManager, name: &'static str) -> u64 {
    let _ = name;
    fresh()
}

#[cached(ttl = "10s", refresh_ahead = 0.8, skip(cache), cache = cache)]
async fn ahead(cache: &CacheManager, id: u64) -> u64 {
    id + fresh()
}

#[tokio::test]
async fn a_value_is_refreshed_behind_its_readers() {
    let (cache, time) = steered();
    let first = popular(cache.clone(), "a").await;
    time.advance(Duration::from_secs(11));
    assert_eq!(popular(cache.clone(), "a").await, first);
    while popular(cache.clone(), "a").await == first {
        tokio::task::yield_now().await;
    }
    assert_eq!(cache.stats().loads, 2);

    let first = ahead(&cache, 1).await;
    time.advance(Duration::from_secs(9));
    assert_eq!(ahead(&cache, 1).await, first, "it has not expired");
    while ahead(&cache, 1).await == first {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn a_caller_may_ask_what_an_answer_is_worth() {
    let (cache, time) = steered();
    let (first, status) = ahead_with_status(&cache, 5).await;
    assert_eq!((status.tier, status.reason), ("loader", Some(Reason::Absent)));
    time.advance(Duration::from_secs(3));
    let (again, status) = ahead_with_status(&cache, 5).await;
    assert_eq!(
        (again, status.tier, status.age, status.reason),
        (first, "near", Duration::from_secs(3), None)
    );
    cache.set_enabled(false);
    let (_, status) = ahead_with_status(&cache, 5).await;
    assert_eq!(status.reason, Some(Reason::Disabled));
}

#[cached(never_stale, ttl = 10, skip(cache), cache = cache)]
async fn token(cache: &CacheManager, id: u64) -> Option<u64> {
    Some(id + fresh())
}

#[tokio::test]
async fn what_is_never_stale_is_not_whatever_the_manager_says() {
    let time = Arc::new(ManualTime::new());
    let usual = larder::Policy::new().stale_while_revalidate(Duration::from_secs(60));
    let builder = CacheManager::builder().near(Near::mib(1)).clock(Clock::source(time.clone())).policy(usual);
    let cache = builder.jitter(0.0).build().unwrap();
    let first = token(&cache, 1).await;
    assert_eq!(token(&cache, 1).await, first);
    time.advance(Duration::from_secs(10));
    assert_ne!(token(&cache, 1).await, first);
}

#[cached(timeout = "50ms", tags("all"), ttl = 60, skip(cache), cache = cache)]
async fn grouped(cache: &CacheManager, id: u64) -> Result<u64, Failure> {
    Ok(id + fresh())
}

#[tokio::test(start_paused = true)]
async fn a_refresh_waits_for_the_markers_of_its_tags_no_longer_than_its_timeout() {
    let primary = FaultyBackend::new(Arc::new(MapBackend::new()));
    let cache = CacheManager::builder().primary(Arc::clone(&primary)).build().unwrap();
    grouped(&cache, 7).await.unwrap();
    let _ = cache.invalidate_tags(["all"]).await.unwrap();
    primary.delay(Duration::from_secs(5));
    let began = Instant::now();
    assert_eq!(grouped_refresh(&cache, 7).await, Err(Failure::Cache(larder::ErrorKind::Timeout)));
    assert!(began.elapsed() < Duration::from_millis(60), "{:?}", began.elapsed());
}

#[cached(soft_timeout = "20ms", ttl = 10, detach, skip(source), cache = source.cache)]
async fn soft(source: Source, id: u64) -> u64 {
    let value = id + fresh();
    if source.loads.fetch_add(1, Ordering::SeqCst) > 0 {
        source.go.notified().await;
    }
    value
}

#[tokio::test]
async fn a_soft_timeout_is_answered_within_the_managers_window_and_without_one_the_function_is_cached() {
    let time = Arc::new(ManualTime::new());
    let usual = larder::Policy::new().stale_if_error(Duration::from_secs(60));
    let builder = CacheManager::builder().near(Near::mib(1)).clock(Clock::source(time.clone())).policy(usual);
    let source = Source::new(builder.jitter(0.0).build().unwrap());
    let first = soft(source.clone(), 1).await;
    time.advance(Duration::from_secs(10));
    assert_eq!(soft(source.clone(), 1).await, first, "the load hangs");
    assert_eq!(source.loads.load(Ordering::SeqCst), 2);

    let source = Source::new(steered().0);
    let first = soft(source.clone(), 1).await;
    assert_eq!((soft(source.clone(), 1).await, source.loads.load(Ordering::SeqCst)), (first, 1));
}
