//! Conditional refresh: a validator beside the value, shown to the loader that asks whether the value still stands.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::{Builder, CacheManager, Cached, LoadError, Policy, Previous};
use cache_core::policy::RefreshAhead;
use cache_core::port::clock::Clock;
use cache_core::testkit::{FaultyBackend, TokioTime};
use cache_core::time::Ttl;
use tokio::time::{advance, sleep};

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

thread_local! {
    static CLOCK: Clock = Clock::source(Arc::new(TokioTime::new()));
}

fn build(builder: Builder) -> CacheManager {
    builder.jitter(0.0).clock(CLOCK.with(Clock::clone)).build().unwrap()
}

fn near_only() -> CacheManager {
    build(CacheManager::builder().near(common::near()))
}

fn over(primary: &Arc<FaultyBackend>) -> CacheManager {
    build(common::over(primary))
}

/// A value and its validator, as a loader is shown them.
type Shown = Option<(u64, Option<String>)>;

/// A server with entity tags: it answers a page, or that the one with this tag still stands.
#[derive(Debug, Clone, Default)]
struct Server {
    page: Arc<Mutex<(u64, String)>>,
    sent: Arc<AtomicU64>,
    /// What the loader was shown, each time.
    shown: Arc<Mutex<Vec<Shown>>>,
}

impl Server {
    fn new(page: u64, etag: &str) -> Self {
        let server = Self::default();
        server.publish(page, etag);
        server
    }

    fn publish(&self, page: u64, etag: &str) {
        *self.page.lock().unwrap() = (page, etag.to_owned());
    }

    fn sent(&self) -> u64 {
        self.sent.load(Ordering::SeqCst)
    }

    fn last_shown(&self) -> Shown {
        self.shown.lock().unwrap().last().unwrap().clone()
    }

    async fn ask(self, previous: Option<Previous<u64>>) -> Result<Cached<u64>, String> {
        let etag = previous.as_ref().and_then(Previous::validator).map(ToOwned::to_owned);
        let shown = previous.map(|previous| (*previous.value(), etag.clone()));
        self.shown.lock().unwrap().push(shown);
        let (page, current) = self.page.lock().unwrap().clone();
        if etag.is_some_and(|etag| etag == current) {
            return Ok(Cached::not_modified());
        }
        self.sent.fetch_add(1, Ordering::SeqCst);
        Ok(Cached::new(page).validator(current))
    }
}

async fn page(cache: &CacheManager, server: &Server) -> u64 {
    let server = server.clone();
    let load = cache.get_or_revalidate_with("page", move |previous| server.ask(previous));
    load.ttl(Ttl::secs(100)).stale_if_error(seconds(60)).await.unwrap()
}

fn shown(page: u64, etag: &str) -> Shown {
    Some((page, Some(etag.to_owned())))
}

/// The same story in every place where the entry can be.
async fn a_page_is_sent_once_per_change(caches: &[CacheManager; 4]) {
    let server = Server::new(7, "\"v1\"");
    assert_eq!((page(&caches[0], &server).await, server.last_shown()), (7, None));
    advance(seconds(99)).await;
    for cache in &caches[1..3] {
        advance(seconds(11)).await;
        assert_eq!((page(cache, &server).await, server.last_shown()), (7, shown(7, "\"v1\"")));
        advance(seconds(99)).await;
        assert_eq!(cache.get::<u64>("page").await.unwrap(), Some(7), "its life began again");
    }
    assert_eq!(server.sent(), 1);
    server.publish(8, "\"v2\"");
    advance(seconds(11)).await;
    assert_eq!((page(&caches[2], &server).await, server.sent()), (8, 2));
    advance(seconds(110)).await;
    assert_eq!((page(&caches[3], &server).await, server.last_shown()), (8, shown(8, "\"v2\"")));
    assert_eq!(server.sent(), 2);
}

#[tokio::test(start_paused = true)]
async fn a_validator_beside_the_value_is_shown_and_kept_when_nothing_was_modified() {
    let cache = near_only();
    a_page_is_sent_once_per_change(&[cache.clone(), cache.clone(), cache.clone(), cache]).await;
}

#[tokio::test(start_paused = true)]
async fn a_validator_survives_in_a_byte_tier_and_in_the_near_copy_of_another_process() {
    let primary = common::faulty();
    let [one, two, three, four] = std::array::from_fn(|_| over(&primary));
    a_page_is_sent_once_per_change(&[one, two, three, four]).await;
}

#[tokio::test(start_paused = true)]
async fn a_far_value_that_is_kept_near_keeps_its_validator() {
    let primary = common::faulty();
    let (one, two, server) = (over(&primary), over(&primary), Server::new(7, "e"));
    page(&one, &server).await;
    assert_eq!(page(&two, &server).await, 7, "read from the byte tier");
    primary.down(true);
    advance(seconds(110)).await;
    assert_eq!((page(&two, &server).await, server.last_shown()), (7, shown(7, "e")));
    assert_eq!(server.sent(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_answer_of_not_modified_may_carry_another_validator() {
    let cache = near_only();
    let ask = |answer: Cached<u64>, expected: Option<&'static str>| {
        let load = move |previous: Option<Previous<u64>>| async move {
            assert_eq!(previous.as_ref().and_then(Previous::validator), expected);
            Ok::<_, String>(answer)
        };
        cache.get_or_revalidate_with("page", load).ttl(Ttl::secs(100)).stale_if_error(seconds(60))
    };
    for (answer, expected) in [
        (Cached::new(1).validator("a"), None),
        (Cached::not_modified().validator("b"), Some("a")),
        (Cached::not_modified(), Some("b")),
        (Cached::new(2), Some("b")),
        (Cached::new(3).validator("c"), None),
    ] {
        ask(answer, expected).await.unwrap();
        advance(seconds(110)).await;
    }
    assert!(cache.set("page", 4_u64, Ttl::secs(100)).await.unwrap().is_stored());
    advance(seconds(110)).await;
    ask(Cached::new(5), None).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_refresh_ahead_and_an_expire_keep_the_validator() {
    let cache = near_only();
    let server = Server::new(7, "e");
    let ahead = || {
        let server = server.clone();
        let load = cache.get_or_revalidate_with("page", move |previous| server.ask(previous));
        load.ttl(Ttl::secs(100)).refresh_ahead(RefreshAhead::Fraction(0.8)).detach()
    };
    ahead().await.unwrap();
    advance(seconds(81)).await;
    ahead().await.unwrap();
    sleep(seconds(1)).await;
    assert_eq!((server.last_shown(), server.sent()), (shown(7, "e"), 1));
    assert_eq!(page(&cache, &server).await, 7);

    let cache = near_only();
    page(&cache, &server).await;
    assert_eq!(cache.expire("page").await.unwrap().removed, 1);
    assert_eq!((page(&cache, &server).await, server.last_shown()), (7, shown(7, "e")));
}

#[tokio::test(start_paused = true)]
async fn a_plain_revalidation_keeps_the_validator_for_those_who_ask_for_it() {
    let (cache, server) = (near_only(), Server::new(7, "e"));
    page(&cache, &server).await;
    advance(seconds(110)).await;
    let load = |older: Option<u64>| async move {
        assert_eq!(older, Some(7));
        Ok::<_, String>(Cached::not_modified())
    };
    cache.get_or_revalidate("page", load).ttl(Ttl::secs(100)).stale_if_error(seconds(60)).await.unwrap();
    advance(seconds(110)).await;
    assert_eq!((page(&cache, &server).await, server.last_shown()), (7, shown(7, "e")));
}

#[tokio::test(start_paused = true)]
async fn a_validator_that_is_too_long_is_an_error_that_names_both_sizes() {
    let cache = near_only();
    let load = |_| async { Ok::<_, String>(Cached::new(1_u64).validator("e".repeat(2_000))) };
    let asked = cache.get_or_revalidate_with("page", load).stale_if_error(seconds(60));
    let LoadError::Cache(error) = asked.await.unwrap_err() else { unreachable!() };
    assert_eq!(error.kind(), ErrorKind::TooLarge);
    assert!(error.to_string().contains("2000 bytes, the most are 1024"), "{error}");
    assert_eq!(cache.get::<u64>("page").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_comparison_that_could_never_be_made_is_an_error_with_its_fix() {
    let server = Server::new(7, "e");
    let ask = |cache: &CacheManager, policy: Policy| {
        let server = server.clone();
        cache.get_or_revalidate_with("page", move |previous| server.ask(previous)).policy(policy)
    };
    let cache = near_only();
    let LoadError::Cache(error) = ask(&cache, Policy::new()).await.unwrap_err() else { unreachable!() };
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("give stale_if_error"), "{error}");
    assert!(ask(&cache, Policy::new().stale_while_revalidate(Duration::ZERO)).await.is_err());
    let never = Policy::new().never_stale();
    assert!(ask(&cache, never.clone()).await.is_err());
    assert!(ask(&cache, never.refresh_ahead(RefreshAhead::Fraction(0.8))).await.is_ok());
    let policy = Policy::new().stale_if_error(seconds(60));
    let usual = build(CacheManager::builder().near(common::near()).policy(policy));
    assert!(ask(&usual, Policy::new()).await.is_ok(), "the manager's window will do");
}
