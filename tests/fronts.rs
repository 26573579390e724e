//! What a thread has copied for itself is served as long as what it was copied from, and no longer.
#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, LazyLock, mpsc};
use std::thread;

use larder::{CacheManager, Near, cached, invalidate_cache};

fn manager(near: Near) -> CacheManager {
    CacheManager::builder().namespace("fronts").near(near).jitter(0.0).build().unwrap()
}

/// A thread that calls when it is told to: it has a front of its own.
struct Elsewhere {
    asks: mpsc::Sender<u64>,
    answers: mpsc::Receiver<Arc<u64>>,
}

impl Elsewhere {
    fn new(call: fn(u64) -> Arc<u64>) -> Self {
        let (asks, asked) = mpsc::channel();
        let (answer, answers) = mpsc::channel();
        thread::spawn(move || asked.iter().for_each(|id| answer.send(call(id)).unwrap()));
        Self { asks, answers }
    }

    fn call(&self, id: u64) -> Arc<u64> {
        self.asks.send(id).unwrap();
        self.answers.recv().unwrap()
    }
}

static ROOMY: LazyLock<CacheManager> = LazyLock::new(|| manager(Near::mib(1)));
static ROOMY_LOADS: AtomicU64 = AtomicU64::new(0);

#[cached(cache = &*ROOMY, prefix = "page", ttl = "1h")]
fn page(_id: u64) -> Arc<u64> {
    Arc::new(ROOMY_LOADS.fetch_add(1, Ordering::SeqCst))
}

#[invalidate_cache(all(page), cache = &*ROOMY)]
async fn forget_pages() {}

#[tokio::test]
async fn nothing_that_was_invalidated_is_found_in_any_thread_even_while_somebody_holds_the_value() {
    let elsewhere = Elsewhere::new(page);
    for (way, name) in ["key", "keyspace", "pattern", "everything"].into_iter().enumerate() {
        let held = [page(7), page(7), elsewhere.call(7), elsewhere.call(7), page(7)];
        let current = u64::try_from(way).unwrap();
        assert!(held.iter().all(|value| **value == current), "{name}: {held:?}");
        match name {
            "key" => drop(page_invalidate(7)),
            "keyspace" => forget_pages().await,
            "pattern" => drop(ROOMY.delete_pattern("page:*").await.unwrap()),
            _ => drop(ROOMY.clear().await.unwrap()),
        }
        assert_eq!((*elsewhere.call(7), *page(7)), (current + 1, current + 1), "{name}");
    }
}

static TIGHT: LazyLock<CacheManager> = LazyLock::new(|| manager(Near::default().max_entries(1)));
static TIGHT_LOADS: AtomicU64 = AtomicU64::new(0);

#[cached(cache = &*TIGHT, prefix = "page", ttl = "1h")]
fn evicted_page(_id: u64) -> Arc<u64> {
    Arc::new(TIGHT_LOADS.fetch_add(1, Ordering::SeqCst))
}

#[tokio::test]
async fn a_pattern_reaches_the_copy_of_an_entry_that_the_store_has_evicted() {
    let held = [evicted_page(7), evicted_page(7), evicted_page(7)];
    let others: Vec<_> = (8..20).map(evicted_page).collect();
    assert_eq!(TIGHT.stats().near_entries, 1, "the store has let go of it");
    assert!(Arc::ptr_eq(&held[0], &evicted_page(7)), "somebody holds the value: a front still knows it");
    let _ = TIGHT.delete_pattern("page:*").await.unwrap();
    assert_eq!(*evicted_page(7), 13, "one load for each of them before");
    drop(others);
}

static RENEWED: LazyLock<CacheManager> = LazyLock::new(|| manager(Near::mib(1)));
static VERSION: AtomicU64 = AtomicU64::new(0);

#[cached(cache = &*RENEWED, ttl = "1h")]
fn version() -> u64 {
    VERSION.load(Ordering::SeqCst)
}

#[test]
fn a_value_that_was_replaced_is_seen_by_every_thread_at_once() {
    const VERSIONS: u64 = 20_000;
    let published = AtomicU64::new(version());
    thread::scope(|scope| {
        for _ in 0..2 {
            scope.spawn(|| {
                loop {
                    let least = published.load(Ordering::SeqCst);
                    assert!(version() >= least);
                    if least == VERSIONS {
                        return;
                    }
                }
            });
        }
        for _ in 0..VERSIONS {
            VERSION.fetch_add(1, Ordering::SeqCst);
            published.store(version_refresh(), Ordering::SeqCst);
        }
    });
}
