//! Synchronous functions: the near tier, and threads instead of tasks.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Barrier, Mutex};
use std::time::Duration;

use larder::testkit::ManualTime;
use larder::{CacheManager, Clock, KeyPattern, Near, Reason, Status, cached, invalidate_cache};

use crate::{far, fresh, tiered};

/// It has no serde: a synchronous function stores nothing outside of the process.
#[derive(Debug, Clone, PartialEq)]
struct Report(u64);

#[cached(prefix = "report", ttl = "10s", jitter = 0, skip(cache), cache = cache)]
fn report(cache: &CacheManager, id: u64) -> Result<Option<Report>, String> {
    match id {
        0 => Err("no report".to_owned()),
        1 => Ok(None),
        _ => Ok(Some(Report(fresh()))),
    }
}

#[test]
fn it_is_cached_without_any_runtime() {
    let time = Arc::new(ManualTime::new());
    let cache =
        CacheManager::builder().near(Near::mib(1)).clock(Clock::source(time.clone())).build().unwrap();
    let first = report(&cache, 7);
    assert_eq!(report(&cache, 7), first);
    assert_ne!(report(&cache, 8), first);
    assert_eq!(
        (report(&cache, 0), report(&cache, 0)),
        (Err("no report".to_owned()), Err("no report".to_owned()))
    );
    assert_eq!((report(&cache, 1), report(&cache, 1)), (Ok(None), Ok(None)));
    assert_eq!((cache.stats().loads, cache.stats().near_hits), (6, 1));
    time.advance(Duration::from_secs(10));
    assert_ne!(report(&cache, 7), first);
}

#[test]
fn its_companions_are_synchronous_too() {
    let cache = tiered();
    assert_eq!(report_peek(&cache, 7), None);
    let first = report(&cache, 7);
    assert_eq!(report_peek(&cache, 7), Some(first.clone()));
    assert_ne!(report_uncached(&cache, 7), first);
    let second = report_refresh(&cache, 7);
    assert_ne!(second, first);
    assert_eq!(report(&cache, 7), second);
    assert_eq!(report_invalidate(&cache, 7).removed, 1);
    assert_eq!((report_peek(&cache, 7), report_invalidate(&cache, 7).removed), (None, 0));
    assert_eq!(report_cache_key(&cache, 7).as_str(), "t:d:report:7");
}

#[cached(prefix = "counted", cache = cache, skip(cache, off, force), bypass = off, refresh = force)]
fn counted(cache: &CacheManager, id: u64, off: bool, force: bool) -> Result<u64, String> {
    let _ = (cache, off, force);
    if id == 0 { Err("none".to_owned()) } else { Ok(fresh()) }
}

#[test]
fn an_answer_says_what_it_is_worth() {
    let cache = tiered();
    let status = |answer: (_, Status)| (answer.1.tier, answer.1.reason);
    let first = counted_with_status(&cache, 1, false, false);
    assert_eq!(status(first.clone()), ("loader", Some(Reason::Absent)));
    let second = counted_with_status(&cache, 1, false, false);
    assert_eq!((second.0.clone(), status(second)), (first.0.clone(), ("near", None)));
    let third = counted_with_status(&cache, 1, true, false);
    assert_ne!(third.0, first.0);
    assert_eq!(status(third), ("loader", Some(Reason::Bypassed)));
    let fourth = counted_with_status(&cache, 1, false, true);
    assert_ne!(fourth.0, first.0);
    assert_eq!(counted(&cache, 1, false, false), fourth.0);
    assert_eq!(status(fourth), ("loader", Some(Reason::Bypassed)), "it was to load anew");
    assert_eq!(counted_with_status(&cache, 0, false, false).0, Err("none".to_owned()));
    cache.set_enabled(false);
    assert_eq!(status(counted_with_status(&cache, 1, false, false)), ("loader", Some(Reason::Disabled)));
}

#[test]
fn a_byte_tier_gets_nothing_of_it() {
    let cache = far();
    assert_ne!(report(&cache, 7), report(&cache, 7));
    assert_eq!(cache.stats().loads, 2);
    cache.set_enabled(false);
    let _ = report(&cache, 7);
    assert_eq!((cache.stats().loads, cache.stats().bypassed), (2, 1));
}

#[cached(key(id), cache = cache, skip(cache, loads))]
fn slow(cache: &CacheManager, id: u64, loads: &AtomicU64) -> Result<u64, String> {
    std::thread::sleep(Duration::from_millis(30));
    loads.fetch_add(1, Ordering::Relaxed);
    if id == 0 { Err("down".to_owned()) } else { Ok(id) }
}

#[test]
fn one_thread_loads_and_the_others_wait() {
    for (id, expected) in [(7, Ok(7)), (0, Err("down".to_owned()))] {
        let (cache, loads, start) = (tiered(), AtomicU64::new(0), Barrier::new(8));
        std::thread::scope(|scope| {
            for _ in 0..8 {
                scope.spawn(|| {
                    start.wait();
                    assert_eq!(slow(&cache, id, &loads), expected);
                });
            }
        });
        let stats = cache.stats();
        assert_eq!((loads.load(Ordering::Relaxed), stats.loads, stats.coalesced), (1, 1, 7));
    }
}

#[tokio::test]
async fn threads_wait_also_where_a_task_blocks() {
    let (cache, loads) = (tiered(), Arc::new(AtomicU64::new(0)));
    let other = std::thread::spawn({
        let (cache, loads) = (cache.clone(), Arc::clone(&loads));
        move || slow(&cache, 7, &loads)
    });
    while cache.stats().loads == 0 {
        std::thread::yield_now();
    }
    // A task whose budget is spent would be polled to no end.
    for _ in 0..256 {
        let _ = tokio::sync::Semaphore::new(1).acquire().await.unwrap();
    }
    assert_eq!(slow(&cache, 7, &loads), Ok(7));
    assert_eq!((other.join().unwrap(), loads.load(Ordering::Relaxed)), (Ok(7), 1));
}

#[cached(skip(cache, panics), cache = cache)]
fn fragile(cache: &CacheManager, id: u64, panics: &AtomicU64) -> u64 {
    std::thread::sleep(Duration::from_millis(20));
    assert!(panics.fetch_add(1, Ordering::Relaxed) > 0, "the first leader falls");
    id
}

#[test]
fn a_leader_that_panics_hands_over() {
    let (cache, panics, start) = (tiered(), AtomicU64::new(0), Barrier::new(4));
    let answers = std::thread::scope(|scope| {
        let ask = || {
            start.wait();
            fragile(&cache, 7, &panics)
        };
        let threads: Vec<_> = (0..4).map(|_| scope.spawn(ask)).collect();
        threads.into_iter().map(|thread| thread.join().ok()).collect::<Vec<_>>()
    });
    assert_eq!(answers.iter().filter(|answer| answer.is_none()).count(), 1);
    assert_eq!(answers.iter().filter(|answer| **answer == Some(7)).count(), 3);
    assert_eq!((panics.load(Ordering::Relaxed), fragile(&cache, 7, &panics)), (2, 7));
}

#[cached(cache = cache, skip(cache))]
fn fibonacci(cache: &CacheManager, n: u64) -> u64 {
    if n < 2 { n } else { fibonacci(cache, n - 1) + fibonacci(cache, n - 2) }
}

#[cached(cache = cache, skip(cache, depth))]
fn asks_itself(cache: &CacheManager, id: u64, depth: u32) -> u64 {
    if depth == 0 { id } else { asks_itself(cache, id, depth - 1) + 1 }
}

#[test]
fn it_may_ask_itself() {
    let cache = tiered();
    assert_eq!(fibonacci(&cache, 80), 23_416_728_348_467_685);
    assert_eq!(cache.stats().loads, 81);
    assert_eq!(asks_itself(&cache, 5, 3), 8);
}

/// Two loads that ask for each other, on two threads: without a look at who waits for whom both would wait for ever.
#[test]
fn a_circle_of_threads_is_not_closed() {
    #[cached(cache = cache, skip(cache, meet))]
    fn left(cache: &CacheManager, id: u64, meet: Option<&Barrier>) -> u64 {
        if let Some(meet) = meet {
            meet.wait();
            return right(cache, id, None) + 1;
        }
        id
    }
    #[cached(cache = cache, skip(cache, meet))]
    fn right(cache: &CacheManager, id: u64, meet: Option<&Barrier>) -> u64 {
        if let Some(meet) = meet {
            meet.wait();
            return left(cache, id, None) + 1;
        }
        id
    }
    let (cache, meet) = (tiered(), Barrier::new(2));
    std::thread::scope(|scope| {
        let one = scope.spawn(|| left(&cache, 10, Some(&meet)));
        let other = scope.spawn(|| right(&cache, 10, Some(&meet)));
        let mut answers = [one.join().unwrap(), other.join().unwrap()];
        answers.sort_unstable();
        assert!(answers == [11, 12] || answers == [11, 11], "{answers:?}");
    });
}

#[test]
fn what_is_invalidated_while_it_loads_is_not_stored() {
    #[cached(prefix = "raced", cache = cache, skip(cache, loading))]
    fn raced(cache: &CacheManager, id: u64, loading: &(Barrier, Barrier)) -> u64 {
        loading.0.wait();
        loading.1.wait();
        id
    }
    let (cache, loading) = (tiered(), (Barrier::new(2), Barrier::new(2)));
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    let invalidations: [&dyn Fn(); 3] = [
        &|| {
            let _ = raced_invalidate(&cache, 7);
        },
        &|| {
            let _ = runtime.block_on(cache.delete_pattern(KeyPattern::parse("raced:*").unwrap())).unwrap();
        },
        &|| {
            let _ = runtime.block_on(cache.clear()).unwrap();
        },
    ];
    for invalidate in invalidations {
        std::thread::scope(|scope| {
            let thread = scope.spawn(|| raced(&cache, 7, &loading));
            loading.0.wait();
            invalidate();
            loading.1.wait();
            assert_eq!(thread.join().unwrap(), 7);
        });
        assert_eq!(raced_peek(&cache, 7), None);
    }
}

#[cached(prefix = "profile", cache = cache, skip(cache))]
async fn profile(cache: &CacheManager, id: u64) -> u64 {
    fresh() + id
}

#[cached(prefix = "badge", cache = cache, skip(cache))]
fn badge(cache: &CacheManager, id: u64) -> u64 {
    fresh() + id
}

#[invalidate_cache(profile(cache, id), badge(cache, id), patterns("badge:{name}:*"), cache = cache)]
fn rename(cache: &CacheManager, id: u64, name: String) -> Result<usize, String> {
    if name.is_empty() { Err("empty".to_owned()) } else { Ok(name.into_bytes().len()) }
}

#[test]
fn a_synchronous_change_invalidates_near_and_far() {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    for cache in [tiered(), far()] {
        let first = runtime.block_on(profile(&cache, 7));
        let _ = badge(&cache, 7);
        assert!(rename(&cache, 7, String::new()).is_err());
        assert_eq!(runtime.block_on(profile(&cache, 7)), first);

        assert_eq!(rename(&cache, 7, "ann".to_owned()), Ok(3));
        assert_eq!(badge_peek(&cache, 7), None);
        assert_eq!(
            runtime.block_on(profile_peek(&cache, 7)),
            None,
            "also the byte tier, though nobody ran a task"
        );
        assert_ne!(runtime.block_on(profile(&cache, 7)), first);

        let second = runtime.block_on(profile(&cache, 7));
        runtime.block_on(async { rename(&cache, 7, "bob".to_owned()).unwrap() });
        assert_ne!(runtime.block_on(profile(&cache, 7)), second);
    }
}

struct Table {
    rows: Mutex<Vec<String>>,
    cache: CacheManager,
}

trait Rows {
    fn row(&self, index: usize) -> Option<String>;
}

impl Table {
    #[cached(shared, cache = self.cache, ttl_with = |text: &String| Duration::from_secs(text.len() as u64))]
    fn first<'a, T: AsRef<str> + larder::KeyPart + ?Sized>(&'a self, prefix: &'a T) -> Option<String> {
        let rows = self.rows.lock().unwrap();
        let row = rows.iter().find(|row| row.starts_with(prefix.as_ref()))?;
        if row.is_empty() {
            return None;
        }
        Some(row.clone())
    }

    #[invalidate_cache(self.first(prefix))]
    fn push(&self, prefix: &str) {
        self.rows.lock().unwrap().insert(0, format!("{prefix}{}", fresh()));
    }
}

impl Rows for Table {
    #[cached(companions = "none", shared, cache = self.cache, cache_none)]
    fn row(&self, index: usize) -> Option<String> {
        let rows = self.rows.lock().unwrap();
        Some(rows.get(index)?.clone())
    }
}

#[test]
fn methods_generics_and_traits_work() {
    let table = Table { rows: Mutex::new(vec!["ann".to_owned()]), cache: tiered() };
    assert_eq!(table.first("a").as_deref(), Some("ann"));
    table.rows.lock().unwrap().clear();
    assert_eq!(table.first("a").as_deref(), Some("ann"));
    table.push("a");
    assert!(table.first("a").unwrap().starts_with('a'));
    assert_ne!(table.first("a").as_deref(), Some("ann"));

    assert_eq!((table.row(1), table.row(1)), (None, None));
    assert_eq!(table.row(0), table.row(0));
    assert_eq!(table.cache.stats().loads, 4);
}
