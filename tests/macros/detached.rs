//! Detached functions whose result cannot carry trouble of the cache: whatever happens to the load, there is an answer.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use larder::{CacheManager, Near, Policy, Spawner, Task, cached};
use tokio::sync::Notify;

#[derive(Clone)]
struct Source {
    cache: CacheManager,
    runs: Arc<AtomicU64>,
    go: Arc<Notify>,
}

impl Source {
    fn over(cache: CacheManager) -> Self {
        Self { cache, runs: Arc::default(), go: Arc::default() }
    }

    #[cached(detach, shared, cache = self.cache)]
    async fn plain(&self, id: u64) -> u64 {
        let run = self.runs.fetch_add(1, Ordering::SeqCst);
        self.go.notified().await;
        id + run
    }

    #[cached(detach, shared, cache = self.cache, condition = |_| panic!("judged on purpose"))]
    async fn judged(&self, id: u64) -> u64 {
        id
    }
}

fn builder() -> larder::Builder {
    CacheManager::builder().near(Near::mib(1)).jitter(0.0)
}

/// Takes tasks, and runs none.
#[derive(Debug)]
struct Drops;

impl Spawner for Drops {
    fn spawn(&self, task: Task) -> bool {
        drop(task);
        true
    }
}

#[tokio::test]
async fn a_plain_function_whose_task_was_dropped_runs_in_its_caller() {
    let source = Source::over(builder().spawner(Drops).build().unwrap());
    source.go.notify_one();
    assert_eq!((source.plain(7).await, source.plain(7).await), (7, 7));
    assert_eq!(source.runs.load(Ordering::SeqCst), 1);
}

#[tokio::test]
async fn a_plain_function_beyond_the_detached_loads_runs_in_its_caller() {
    let source = Source::over(builder().max_detached_loads(0).build().unwrap());
    source.go.notify_one();
    assert_eq!((source.plain(7).await, source.plain(7).await), (7, 7));
    assert_eq!((source.runs.load(Ordering::SeqCst), source.cache.stats().loads), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn a_plain_function_past_its_load_time_goes_on_for_who_waits_and_ends_where_nobody_does() {
    let limit = Policy::new().max_load_time(Duration::from_secs(1));
    let source = Source::over(builder().policy(limit).build().unwrap());
    let waits = tokio::spawn({
        let source = source.clone();
        async move { source.plain(7).await }
    });
    tokio::time::sleep(Duration::from_secs(2)).await;
    assert_eq!((source.cache.stats().loading, source.cache.stats().detached), (0, 1), "its key is free");
    source.go.notify_one();
    assert_eq!(waits.await.unwrap(), 7);

    let forsaken = tokio::time::timeout(Duration::from_millis(500), source.plain(8)).await;
    assert!(forsaken.is_err() && source.cache.stats().detached == 1);
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert_eq!(source.cache.stats().detached, 0, "a load that nobody waits for ends at its limit");
}

#[tokio::test]
async fn a_panic_of_what_judges_the_value_is_its_callers() {
    let source = Source::over(builder().build().unwrap());
    let panic = tokio::spawn({
        let source = source.clone();
        async move { source.judged(7).await }
    });
    let panic = panic.await.unwrap_err().into_panic();
    assert_eq!(panic.downcast_ref::<&str>(), Some(&"judged on purpose"));
    assert_eq!(source.cache.stats().loading, 0);
}
