//! `keep_warm`: a body that runs again without a caller, as long as its value is read.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use larder::testkit::TokioTime;
use larder::{CacheManager, Clock, MemoryBackend, Near, cached};
use tokio::time::sleep;

const fn seconds(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// What bodies use: cloned for each run, and without a handle on the manager, which its keepers must not keep.
#[derive(Clone, Default)]
struct Source {
    runs: Arc<AtomicU64>,
    broken: Arc<AtomicBool>,
}

impl Source {
    fn runs(&self) -> u64 {
        self.runs.load(Ordering::SeqCst)
    }
}

static CACHES: std::sync::Mutex<Vec<(u64, CacheManager)>> = std::sync::Mutex::new(Vec::new());

/// A manager that functions find by a number, and not by an argument that owns it.
fn cache(at: u64) -> CacheManager {
    let caches = CACHES.lock().unwrap();
    caches.iter().find(|(number, _)| *number == at).map(|(_, cache)| cache.clone()).unwrap()
}

fn register(builder: larder::Builder) -> (u64, CacheManager) {
    let at = crate::fresh();
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let manager = builder.jitter(0.0).clock(clock).build().unwrap();
    CACHES.lock().unwrap().push((at, manager.clone()));
    (at, manager)
}

fn near() -> (u64, CacheManager) {
    register(CacheManager::builder().near(Near::mib(1)))
}

#[cached(ttl = "100s", keep_warm = "400s", skip(source), cache = cache(at))]
async fn price(at: u64, source: &Source, name: &str) -> Result<u64, String> {
    assert_eq!(name, "tea");
    let run = source.runs.fetch_add(1, Ordering::SeqCst) + 1;
    sleep(seconds(1)).await;
    if source.broken.load(Ordering::SeqCst) { Err("broken".to_owned()) } else { Ok(run) }
}

async fn ask(at: u64, source: &Source) -> u64 {
    price(at, source, "tea").await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_function_is_refreshed_once_per_life_without_a_reader_until_nobody_has_read_it() {
    let ((at, cache), source) = (near(), Source::default());
    assert_eq!((ask(at, &source).await, cache.stats().kept_warm), (1, 1));
    for (passed, runs) in [(79, 1), (3, 2), (78, 2), (3, 3), (78, 3), (3, 4)] {
        sleep(seconds(passed)).await;
        assert_eq!(source.runs(), runs, "{passed} s later");
    }
    sleep(seconds(1_000)).await;
    assert_eq!((source.runs(), cache.stats().kept_warm), (6, 0), "400 s, and an eighth of that");
    assert_eq!((cache.stats().misses, cache.stats().refreshes), (1, 5));
    assert_eq!(ask(at, &source).await, 7, "its life has ended");
}

#[tokio::test(start_paused = true)]
async fn a_hit_is_a_read_though_it_tells_nobody() {
    let ((at, cache), source) = (near(), Source::default());
    ask(at, &source).await;
    for _ in 0..200 {
        sleep(seconds(10)).await;
        ask(at, &source).await;
    }
    let stats = cache.stats();
    assert_eq!((stats.misses, stats.near_hits, stats.stale, stats.kept_warm), (1, 200, 0, 1));
    assert_eq!(source.runs(), 1 + 2_000 / 81, "once per life, however often it is read");
    // One read in a while is enough, whenever it comes in the life.
    for _ in 0..20 {
        sleep(seconds(390)).await;
        ask(at, &source).await;
    }
    assert_eq!((cache.stats().misses, cache.stats().near_hits), (1, 220));
}

#[tokio::test(start_paused = true)]
async fn an_invalidation_ends_it_and_a_shutdown_and_the_next_load_begins_anew() {
    let ((at, cache), source) = (near(), Source::default());
    ask(at, &source).await;
    assert_eq!(price_invalidate(at, "tea").await.unwrap().removed, 1);
    sleep(seconds(200)).await;
    assert_eq!((source.runs(), cache.stats().kept_warm), (1, 0));
    assert_eq!(ask(at, &source).await, 2);
    sleep(seconds(90)).await;
    assert_eq!((source.runs(), cache.stats().kept_warm), (3, 1));
    cache.shutdown().await;
    sleep(seconds(200)).await;
    assert_eq!((source.runs(), cache.stats().kept_warm, Arc::strong_count(&source.runs)), (3, 0, 1));
}

#[tokio::test(start_paused = true)]
async fn it_ends_with_the_last_handle_on_the_manager() {
    let ((at, cache), source) = (near(), Source::default());
    ask(at, &source).await;
    assert_eq!(Arc::strong_count(&source.runs), 2, "the arguments of the keeper");
    CACHES.lock().unwrap().retain(|(number, _)| *number != at);
    drop(cache);
    sleep(seconds(1)).await;
    assert_eq!(Arc::strong_count(&source.runs), 1);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_fails_backs_off_and_readers_have_the_value_until_it_ends() {
    let ((at, cache), source) = (near(), Source::default());
    ask(at, &source).await;
    source.broken.store(true, Ordering::SeqCst);
    sleep(seconds(98)).await;
    let runs = source.runs();
    assert!((3..=7).contains(&runs), "{runs} tries in 18 seconds");
    assert_eq!((ask(at, &source).await, source.runs()), (1, runs), "a reader does not try too");
    sleep(seconds(200)).await;
    assert!(source.runs() <= runs + 1 && cache.stats().kept_warm == 0, "{} tries", source.runs());
}

#[derive(Clone, PartialEq, Debug)]
struct Shelf(Source, u64);

impl PartialEq for Source {
    fn eq(&self, other: &Self) -> bool {
        Arc::ptr_eq(&self.runs, &other.runs)
    }
}

impl std::fmt::Debug for Source {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Source")
    }
}

impl Shelf {
    #[cached(ttl = "10s", keep_warm = "1m", local, shared, cache = cache(self.1))]
    async fn item<T>(&self, kind: T, names: &[u8]) -> Option<(T, usize)>
    where
        T: larder::KeyPart + Clone + Send + Sync + 'static,
    {
        self.0.runs.fetch_add(1, Ordering::SeqCst);
        Some((kind, names.len()))
    }

    #[cached(ttl = "10s", keep_warm = "1m", shared, bypass = id == 0, cache = cache(self.1))]
    async fn owned(self, id: u64) -> u64 {
        self.0.runs.fetch_add(1, Ordering::SeqCst) + id
    }
}

#[tokio::test(start_paused = true)]
async fn methods_generics_and_ways_are_kept_warm_too() {
    let (at, cache) = near();
    let shelf = Shelf(Source::default(), at);
    assert_eq!(shelf.item(7_u64, b"abc").await, Some((7, 3)));
    assert_eq!((shelf.clone().owned(0).await, shelf.clone().owned(10).await), (1, 12));
    assert_eq!(cache.stats().kept_warm, 2, "a call that goes round the cache keeps nothing");
    sleep(seconds(9)).await;
    assert_eq!((shelf.0.runs(), cache.stats().refreshes), (5, 2));
}

#[tokio::test(start_paused = true)]
async fn a_near_copy_that_is_trusted_for_less_than_a_life_is_read_again_and_the_byte_tier_is_kept_warm() {
    let backend = MemoryBackend::builder().max_bytes(1 << 20).build();
    let builder = CacheManager::builder().near(Near::mib(1)).near_ttl(seconds(5)).primary(backend);
    let ((at, cache), source) = (register(builder), Source::default());
    ask(at, &source).await;
    for _ in 0..30 {
        sleep(seconds(30)).await;
        ask(at, &source).await;
    }
    let stats = cache.stats();
    assert_eq!((stats.misses, stats.far_hits + stats.near_hits, stats.kept_warm), (1, 30, 1));
    assert!(stats.far_hits > 25, "{} reads of the byte tier", stats.far_hits);
    assert!((11..=12).contains(&source.runs()), "{} runs in 900 s", source.runs());
}

#[tokio::test(start_paused = true)]
async fn where_nothing_is_near_the_function_is_cached_and_not_kept_warm() {
    let backend = MemoryBackend::builder().max_bytes(1 << 20).build();
    let ((at, cache), source) = (register(CacheManager::builder().primary(backend)), Source::default());
    assert_eq!((ask(at, &source).await, ask(at, &source).await), (1, 1));
    sleep(seconds(90)).await;
    assert_eq!((source.runs(), cache.stats().kept_warm, cache.stats().far_hits), (1, 0, 1));
}

#[cached(ttl = "100s", keep_warm = "400s", skip(source), cache = cache(at))]
async fn stock(at: u64, source: &Source) -> u64 {
    let run = source.runs.fetch_add(1, Ordering::SeqCst) + 1;
    if source.broken.load(Ordering::SeqCst) { std::future::pending().await } else { run }
}

#[tokio::test(start_paused = true)]
async fn a_refresh_that_hangs_ends_at_max_load_time_though_its_result_cannot_say_so() {
    let policy = larder::Policy::new().max_load_time(seconds(30));
    let ((at, cache), source) =
        (register(CacheManager::builder().near(Near::mib(1)).policy(policy)), Source::default());
    assert_eq!(stock(at, &source).await, 1);
    source.broken.store(true, Ordering::SeqCst);
    sleep(seconds(85)).await;
    assert_eq!((source.runs(), cache.stats().detached), (2, 1));
    source.broken.store(false, Ordering::SeqCst);
    sleep(seconds(30)).await;
    assert_eq!(
        (source.runs(), cache.stats().detached, cache.stats().kept_warm),
        (2, 0, 0),
        "beyond its life"
    );
    assert_eq!((stock(at, &source).await, cache.stats().kept_warm), (3, 1), "and it is kept anew");
}

#[cached(ttl = "100s", keep_warm = FOR_EVER, cache = cache(at))]
async fn eternal(at: u64) -> u64 {
    at
}

const FOR_EVER: Duration = Duration::MAX;

#[tokio::test(start_paused = true)]
async fn what_is_kept_warm_for_ever_is_kept() {
    let (at, cache) = near();
    assert_eq!(eternal(at).await, at);
    sleep(seconds(10_000)).await;
    assert_eq!((eternal(at).await, cache.stats().misses, cache.stats().kept_warm), (at, 1, 1));
}
