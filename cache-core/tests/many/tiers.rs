use std::time::Duration;

use cache_core::entry::Reason;
use cache_core::error::ErrorKind;
use cache_core::manager::LoadError;
use cache_core::policy::FailMode;
use cache_core::testkit::{Recorded, RecordingRecorder, Verb};

use super::*;
use common::{faulty, over};

#[tokio::test]
async fn a_byte_tier_is_read_once_and_written_once() {
    let primary = faulty();
    let (cache, cold, source) =
        (over(&primary).build().unwrap(), over(&primary).build().unwrap(), Source::default());
    let load = |missing| source.clone().users(missing);
    let _ = cache.get_or_load_many(0..50, load).prefix("user").await.unwrap();
    assert_eq!(
        (primary.calls(Verb::GetMany), primary.calls(Verb::SetMany), primary.total_calls()),
        (1, 1, 2)
    );
    primary.forget_calls();
    let users = cold.get_or_load_many(0..60, load).prefix("user").await.unwrap();
    assert_eq!(users.into_values().unwrap(), (0..60).map(|id| Some(user(id))).collect::<Vec<_>>());
    assert_eq!(
        (primary.calls(Verb::GetMany), primary.calls(Verb::SetMany), primary.total_calls()),
        (1, 1, 2)
    );
    assert_eq!((cold.stats().far_hits, cold.stats().misses, cold.stats().near_entries), (50, 10, 60));
    primary.forget_calls();
    let _ = cold.get_or_load_many(0..60, load).prefix("user").await.unwrap();
    assert_eq!((primary.total_calls(), cold.stats().near_hits), (0, 60));
    assert_eq!(source.calls(), [(0..50).collect::<Vec<_>>(), (50..60).collect()]);
}

#[tokio::test]
async fn chunks_are_loaded_and_stored_one_after_the_other() {
    let primary = faulty();
    let (cache, source) = (over(&primary).build().unwrap(), Source::default());
    let batch = tokio::spawn({
        let (cache, source) = (cache.clone(), source.clone());
        async move {
            let load = |missing| source.clone().users_later(missing);
            cache.get_or_load_many(0..5, load).prefix("user").max_batch(2).await.unwrap().into_values()
        }
    });
    source.began.notified().await;
    source.open.notify_one();
    source.began.notified().await;
    assert_eq!(
        cache.get::<String>("user:1").await.unwrap(),
        Some(user(1)),
        "the first chunk is not stored yet"
    );
    source.open.notify_one();
    source.began.notified().await;
    source.open.notify_one();
    assert_eq!(batch.await.unwrap().unwrap().len(), 5);
    assert_eq!(source.calls(), [vec![0, 1], vec![2, 3], vec![4]]);
    assert_eq!((primary.calls(Verb::GetMany), primary.calls(Verb::SetMany), cache.stats().loads), (1, 3, 3));
}

#[tokio::test]
async fn absence_is_remembered_in_the_byte_tier_too() {
    let primary = faulty();
    let (cache, cold, source) =
        (over(&primary).build().unwrap(), over(&primary).build().unwrap(), Source::default());
    let load = |missing| source.clone().users(missing);
    let life = Duration::from_secs(9);
    let _ = cache.get_or_load_many([1, 200], load).prefix("user").negative_ttl(life).await.unwrap();
    let users = cold.get_or_load_many([1, 200], load).prefix("user").await.unwrap();
    assert_eq!(users.into_values().unwrap(), [Some(user(1)), None]);
    assert_eq!((source.calls().len(), cold.stats().far_hits, cold.stats().negative_hits), (1, 1, 1));
}

#[tokio::test]
async fn a_tier_that_fails_is_a_miss_of_every_key() {
    let primary = faulty();
    let recorder = Arc::new(RecordingRecorder::new());
    let cache = over(&primary).recorder(Arc::clone(&recorder)).build().unwrap();
    let source = Source::default();
    let load = |missing| source.clone().users(missing);
    primary.lose_answers(true);
    let users = cache.get_or_load_many([1, 2], load).prefix("user").await.unwrap();
    assert_eq!(users.into_values().unwrap(), [Some(user(1)), Some(user(2))]);
    let failed = |verb| Recorded::TierFailed { tier: "map", verb, kind: ErrorKind::Timeout };
    let missed = Recorded::Missed { tier: "map", reason: Reason::TimedOut };
    let unstored = Recorded::NotStored { tier: "map", reason: Reason::TimedOut };
    let expected =
        [failed("get_many"), missed.clone(), missed, failed("set_many"), unstored.clone(), unstored];
    assert_eq!(recorder.events(), expected);
    assert!(cache.health_now().journal_pending, "what the primary took, nobody knows");
    primary.lose_answers(false);
    assert_eq!(cache.get::<String>("user:1").await.unwrap(), Some(user(1)));
}

#[tokio::test]
async fn a_closed_manager_says_so_key_by_key() {
    let primary = faulty();
    let cache = over(&primary).fail_mode(FailMode::Closed).build().unwrap();
    let source = Source::default();
    let load = |missing| source.clone().users(missing);
    let _ = cache.set("user:1", user(1), Duration::from_secs(9)).await.unwrap();
    primary.down(true);
    let users = cache.get_or_load_many([1, 2], load).prefix("user").await.unwrap();
    assert_eq!(users.result(&1).unwrap().as_ref().unwrap(), &Some(user(1)));
    let away = users.result(&2).unwrap();
    assert!(
        matches!(away, Err(LoadError::Cache(error)) if error.kind() == ErrorKind::Unavailable),
        "{away:?}"
    );
    primary.down(false);
    assert_eq!(cache.get::<u64>("other").await.unwrap(), None, "the primary is asked again");
    primary.lose_answers(true);
    let users = cache.get_or_load_many([2], load).prefix("user").await.unwrap();
    let late = users.result(&2).unwrap();
    assert!(matches!(late, Err(LoadError::Cache(error)) if error.kind() == ErrorKind::Timeout), "{late:?}");
    assert_eq!((source.calls().len(), cache.stats().loading, cache.stats().requests()), (0, 0, 4));
}

#[tokio::test]
async fn a_value_that_is_too_large_is_the_only_one_that_is_not_stored() {
    let primary = faulty();
    let (cache, cold) = (
        over(&primary).max_entry_bytes(200).build().unwrap(),
        over(&primary).max_entry_bytes(200).build().unwrap(),
    );
    let load = |ids: Vec<u64>| async move {
        Ok::<_, String>(ids.into_iter().map(|id| (id, "x".repeat(if id == 2 { 500 } else { 5 }))))
    };
    let _ = cache.get_or_load_many([1, 2, 3], load).prefix("n").await.unwrap();
    let kept = [cold.get::<String>("n:1").await, cold.get("n:2").await, cold.get("n:3").await];
    assert_eq!(kept.map(Result::unwrap), [Some("xxxxx".to_owned()), None, Some("xxxxx".to_owned())]);
    assert_eq!(cache.stats().not_stored, 1);
}

#[tokio::test]
async fn bytes_that_nobody_can_read_are_loaded_again() {
    let primary = faulty();
    let (cache, cold, source) =
        (over(&primary).build().unwrap(), over(&primary).build().unwrap(), Source::default());
    let _ = cache.set("user:1", vec![7_u8], Duration::from_secs(9)).await.unwrap();
    let load = |missing| source.clone().users(missing);
    let users = cold.get_or_load_many([1], load).prefix("user").await.unwrap();
    assert_eq!((users.into_values().unwrap(), source.calls()), (vec![Some(user(1))], vec![vec![1]]));
}
