//! Who pays for the way back to the primary: a task, not a caller; and nothing is lost by that.
#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_core::manager::CacheManager;
use cache_core::port::spawn::NoSpawner;
use cache_core::testkit::{FaultyBackend, Verb};
use cache_core::time::Ttl;
use common::bare::Bare;
use common::{faulty, over};
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep, timeout};

/// A primary that is owed the removal of `k`, and says that it is back.
async fn owed(primary: &Arc<FaultyBackend>, cache: &CacheManager) {
    let _ = cache.set("k", 1_u64, Ttl::secs(60)).await.unwrap();
    primary.down(true);
    assert!(cache.delete("k").await.unwrap().journalled);
    primary.down(false);
}

async fn until_settled(cache: &CacheManager) {
    while cache.health_now().journal_pending || cache.health_now().on_fallback {
        assert_eq!(cache.get::<u64>("k").await.unwrap(), None, "what was invalidated is served");
        sleep(Duration::from_millis(1)).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_only_says_that_it_is_back_costs_one_caller_a_moment_and_the_others_nothing() {
    for with_fallback in [false, true] {
        let (primary, fallback) = (faulty(), faulty());
        let builder = over(&primary);
        let builder = if with_fallback { builder.fallback(Arc::clone(&fallback)) } else { builder };
        let cache = builder.build().unwrap();
        owed(&primary, &cache).await;
        let probing = primary.hold_before(Verb::Exists);
        let began = Instant::now();
        assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
        let first = began.elapsed();
        assert!(first > Duration::ZERO && first < Duration::from_millis(30), "{first:?}");
        for _ in 0..10 {
            assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
            assert!(cache.delete("other").await.unwrap().journalled);
        }
        assert_eq!(began.elapsed(), first, "a recovery is under way: nobody else waits");
        assert!(probing.count() <= 3, "one recovery at a time");
        probing.release();
        until_settled(&cache).await;
        assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
        let _ = cache.set("k", 2_u64, Ttl::secs(60)).await.unwrap();
        assert_eq!(cache.get::<u64>("k").await.unwrap(), Some(2));
    }
}

/// A primary that served until now is told of what a caller left half-way; those who come meanwhile wait that moment,
/// and do not load everything.
#[tokio::test(start_paused = true)]
async fn a_write_whose_caller_goes_away_costs_no_other_key_a_miss() {
    for with_fallback in [false, true] {
        let primary = faulty();
        let builder = CacheManager::builder().primary(Arc::clone(&primary));
        let builder = if with_fallback { builder.fallback(faulty()) } else { builder };
        let cache = builder.build().unwrap();
        let _ = cache.set("other", 1_u64, Ttl::secs(60)).await.unwrap();
        primary.delay(Duration::from_millis(2));
        assert!(timeout(Duration::from_millis(1), cache.set("k", 1_u64, Ttl::secs(60))).await.is_err());
        assert!(cache.health_now().journal_pending);
        let mut reads = JoinSet::new();
        for _ in 0..20 {
            let cache = cache.clone();
            reads.spawn(async move { cache.get::<u64>("other").await.unwrap() });
        }
        assert_eq!(reads.join_all().await, [Some(1); 20], "with a fallback: {with_fallback}");
        assert!(!cache.health_now().on_fallback);
    }
}

/// What begins it goes away at once; it goes on.
#[tokio::test(start_paused = true)]
async fn a_recovery_outlives_the_call_that_began_it() {
    let primary = faulty();
    let cache = over(&primary).build().unwrap();
    owed(&primary, &cache).await;
    let deleting = primary.hold_before(Verb::DeleteMany);
    assert!(timeout(Duration::from_millis(5), cache.get::<u64>("k")).await.is_err());
    deleting.arrived().await;
    deleting.release();
    until_settled(&cache).await;
    assert_eq!(primary.calls(Verb::DeleteMany), 1);
}

#[tokio::test]
async fn where_no_task_can_run_the_caller_recovers() {
    let primary = faulty();
    let cache = over(&primary).spawner(NoSpawner).build().unwrap();
    owed(&primary, &cache).await;
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
    assert!(!cache.health_now().journal_pending);
}

#[tokio::test(start_paused = true)]
async fn a_recovery_that_hangs_ends_with_its_manager() {
    for shut_down in [false, true] {
        let primary = faulty();
        let cache = over(&primary).build().unwrap();
        owed(&primary, &cache).await;
        let probing = primary.hold_before(Verb::Exists);
        assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
        probing.arrived().await;
        if shut_down {
            cache.shutdown().await;
        }
        drop(cache);
        sleep(Duration::from_secs(1)).await;
        assert_eq!(Arc::strong_count(&primary), 1, "the task holds on to the manager");
    }
}

#[tokio::test]
async fn a_pattern_empties_a_backend_that_knows_none() {
    let cache = CacheManager::builder().primary(Bare::without_patterns()).build().unwrap();
    for key in ["user:7", "list:7"] {
        let _ = cache.set(key, 1_u64, Ttl::secs(60)).await.unwrap();
    }
    let removed = cache.delete_pattern("user:*").await.unwrap();
    assert_eq!((removed.removed, removed.journalled), (2, false));
    let _ = cache.set("user:7", 2_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(cache.get::<u64>("user:7").await.unwrap(), Some(2));
    assert!(!cache.health_now().journal_pending);
}
