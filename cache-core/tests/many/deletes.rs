use std::time::Duration;

use cache_core::testkit::Verb;

use super::*;
use common::{faulty, over};

async fn fill(cache: &CacheManager, ids: std::ops::Range<u64>) {
    for id in ids {
        let _ = cache.set(format!("user:{id}"), id, Duration::from_secs(60)).await.unwrap();
    }
}

fn keys(ids: std::ops::Range<u64>) -> Vec<String> {
    ids.map(|id| format!("user:{id}")).collect()
}

#[tokio::test]
async fn many_are_deleted_in_one_call_of_each_tier() {
    let (primary, fallback) = (faulty(), faulty());
    let cache = over(&primary).fallback(Arc::clone(&fallback)).build().unwrap();
    fill(&cache, 0..10).await;
    primary.forget_calls();
    let gone = cache.delete_many(keys(2..12)).await.unwrap();
    assert_eq!((gone.removed, gone.journalled), (8, false));
    assert_eq!((primary.calls(Verb::DeleteMany), primary.total_calls()), (1, 1));
    assert_eq!((fallback.calls(Verb::DeleteMany), fallback.total_calls()), (1, 1));
    assert_eq!(
        (cache.get::<u64>("user:1").await.unwrap(), cache.get::<u64>("user:2").await.unwrap()),
        (Some(1), None)
    );
    primary.forget_calls();
    assert_eq!(cache.delete_many(Vec::<String>::new()).await.unwrap().removed, 0);
    assert_eq!(primary.total_calls(), 0);
}

#[tokio::test]
async fn without_a_byte_tier_they_are_counted_in_the_near_one() {
    let cache = near_only();
    fill(&cache, 0..10).await;
    assert_eq!(cache.delete_many(keys(5..20)).await.unwrap().removed, 5);
    assert_eq!(cache.stats().near_entries, 5);
}

#[tokio::test]
async fn what_the_primary_could_not_be_told_is_owed_key_by_key() {
    let primary = faulty();
    let cache = over(&primary).build().unwrap();
    fill(&cache, 0..10).await;
    primary.down(true);
    let gone = cache.delete_many(keys(0..5)).await.unwrap();
    assert!(gone.journalled && cache.health_now().journal_pending);
    primary.down(false);
    assert_eq!(cache.get::<u64>("user:2").await.unwrap(), None, "an invalidation was forgotten");
    assert_eq!(cache.get::<u64>("user:7").await.unwrap(), Some(7), "more was removed than was asked for");
    assert!(!cache.health_now().journal_pending);
}

#[tokio::test]
async fn a_deletion_of_many_that_was_dropped_is_finished() {
    let primary = faulty();
    let cache = over(&primary).build().unwrap();
    fill(&cache, 0..3).await;
    let deleting = primary.hold_before(Verb::DeleteMany);
    let delete = tokio::spawn({
        let cache = cache.clone();
        async move { cache.delete_many(keys(0..3)).await.unwrap() }
    });
    deleting.arrived().await;
    delete.abort();
    let _ = delete.await;
    deleting.release();
    for key in keys(0..3) {
        assert_eq!(cache.get::<u64>(&key).await.unwrap(), None, "{key}");
    }
}
