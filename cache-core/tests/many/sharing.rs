use std::collections::HashMap;
use std::future::IntoFuture;
use std::time::Duration;

use tokio::task::JoinHandle;

use super::*;

type Users = Result<Vec<Option<String>>, String>;

/// A batch on a task of its own; it waits in its source.
fn ask(cache: &CacheManager, source: &Source, ids: &[u64]) -> JoinHandle<Users> {
    let (cache, source, ids) = (cache.clone(), source.clone(), ids.to_vec());
    tokio::spawn(async move {
        let load = |missing| source.clone().users_later(missing);
        let users = cache.get_or_load_many(ids, load).prefix("user").await.unwrap();
        users.into_values().map_err(|error| error.to_string())
    })
}

fn all(ids: &[u64]) -> Users {
    Ok(ids.iter().map(|id| Some(user(*id))).collect())
}

#[tokio::test]
async fn batches_that_overlap_load_each_key_once() {
    let (cache, source, other) = (near_only(), Source::default(), Source::default());
    let first = ask(&cache, &source, &[1, 2, 3]);
    source.began.notified().await;
    let second = ask(&cache, &other, &[4, 3, 2]);
    other.began.notified().await;
    settle().await;
    assert_eq!(cache.stats().loading, 4);
    other.open.notify_one();
    source.open.notify_one();
    assert_eq!(first.await.unwrap(), all(&[1, 2, 3]));
    assert_eq!(second.await.unwrap(), all(&[4, 3, 2]));
    assert_eq!((source.calls(), other.calls()), (vec![vec![1, 2, 3]], vec![vec![4]]));
    let stats = cache.stats();
    assert_eq!((stats.coalesced, stats.misses, stats.loads, stats.loading), (2, 4, 2, 0));
}

#[tokio::test(start_paused = true)]
async fn batches_that_lead_what_the_other_wants_do_not_wait_for_each_other() {
    let cache = near_only();
    let sources: Vec<Source> = (0..20).map(|_| Source::default()).collect();
    let batches = sources.iter().enumerate().map(|(shift, source)| {
        let ids: Vec<u64> = (0..20).map(|id| (id + shift as u64) % 20).collect();
        source.open.notify_one();
        ask(&cache, source, &ids)
    });
    for (shift, batch) in batches.collect::<Vec<_>>().into_iter().enumerate() {
        let ids: Vec<u64> = (0..20).map(|id| (id + shift as u64) % 20).collect();
        let answer = tokio::time::timeout(Duration::from_secs(1), batch).await;
        assert_eq!(answer.expect("the batches wait for each other").unwrap(), all(&ids));
    }
    let loaded: usize = sources.iter().flat_map(Source::calls).map(|ids| ids.len()).sum();
    assert_eq!((loaded, cache.stats().loading), (20, 0));
}

#[tokio::test]
async fn a_single_call_follows_a_batch_and_a_batch_follows_a_single_call() {
    let (cache, source) = (near_only(), Source::default());
    let batch = ask(&cache, &source, &[1, 2]);
    source.began.notified().await;
    let single =
        tokio::spawn(cache.get_or_load("user:1", || async { Err::<String, _>("asked") }).into_future());
    settle().await;
    source.open.notify_one();
    assert_eq!((batch.await.unwrap(), single.await.unwrap().unwrap()), (all(&[1, 2]), user(1)));

    let (load, go) = common::load_that_waits(&cache, "user:3", user(3)).await;
    let batch = ask(&cache, &source, &[3, 4]);
    source.began.notified().await;
    source.open.notify_one();
    settle().await;
    assert_eq!(cache.get::<String>("user:4").await.unwrap(), Some(user(4)), "what it leads waits for nobody");
    go.notify_one();
    assert_eq!((batch.await.unwrap(), load.await.unwrap()), (all(&[3, 4]), user(3)));
    assert_eq!(source.calls(), [[1, 2].as_slice(), [4].as_slice()]);
}

#[tokio::test]
async fn followers_get_the_error_of_a_batch_whatever_they_are() {
    let cache = near_only();
    let (began, open) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let leader = tokio::spawn({
        let (cache, began, open) = (cache.clone(), Arc::clone(&began), Arc::clone(&open));
        async move {
            let load = |_: Vec<u64>| {
                let (began, open) = (Arc::clone(&began), Arc::clone(&open));
                async move {
                    began.notify_one();
                    open.notified().await;
                    Err::<HashMap<u64, String>, _>("away".to_owned())
                }
            };
            cache.get_or_load_many([1, 2], load).prefix("user").await.unwrap().into_values()
        }
    });
    began.notified().await;
    let source = Source::default();
    let batch = ask(&cache, &source, &[2]);
    let single =
        cache.get_or_load("user:1", || async { Ok::<_, String>("not asked".to_owned()) }).into_future();
    let single = tokio::spawn(single);
    settle().await;
    open.notify_one();
    assert_eq!(leader.await.unwrap().unwrap_err().to_string(), "away");
    assert_eq!(batch.await.unwrap(), Err("away".to_owned()));
    assert_eq!(single.await.unwrap().unwrap_err().to_string(), "away");
    assert!(source.calls().is_empty());
}

#[tokio::test]
async fn a_follower_that_cannot_use_the_outcome_loads_by_itself() {
    let cache = near_only();
    let (load, go) = common::load_that_waits(&cache, "user:1", 1_u64).await;
    let source = Source::default();
    let batch = ask(&cache, &source, &[1]);
    settle().await;
    go.notify_one();
    source.began.notified().await;
    source.open.notify_one();
    assert_eq!((batch.await.unwrap(), load.await.unwrap()), (all(&[1]), 1));
    let absent = cache
        .get_or_load_many([5], |_: Vec<u64>| async { Ok::<HashMap<u64, String>, String>(HashMap::new()) });
    assert_eq!(absent.prefix("user").await.unwrap().into_values().unwrap(), [None]);
    assert_eq!(cache.get_or_load("user:5", || async { Ok::<_, String>(user(5)) }).await.unwrap(), user(5));
}

#[tokio::test]
async fn a_dropped_batch_hands_each_key_over() {
    let (cache, source, other) = (near_only(), Source::default(), Source::default());
    let dropped = ask(&cache, &source, &[1, 2, 3]);
    source.began.notified().await;
    let follower = ask(&cache, &other, &[3, 1, 9]);
    other.began.notified().await;
    other.open.notify_one();
    settle().await;
    dropped.abort();
    other.began.notified().await;
    other.open.notify_one();
    assert_eq!(follower.await.unwrap(), all(&[3, 1, 9]));
    assert_eq!(other.calls(), [[9].as_slice(), [3, 1].as_slice()]);
    assert_eq!(cache.stats().loading, 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_asks_for_its_own_keys_does_not_wait_for_itself() {
    let cache = near_only();
    let load = |ids: Vec<u64>| {
        let cache = cache.clone();
        async move {
            let inner =
                |ids: Vec<u64>| async move { Ok::<_, String>(ids.into_iter().map(|id| (id, 10 * id))) };
            let single = cache.get_or_load("n:1", || async { Ok::<_, String>(5_u64) }).await.unwrap();
            let found: Vec<(u64, u64)> =
                cache.get_or_load_many(ids, inner).prefix("n").await.unwrap().into_found().unwrap();
            Ok::<_, String>(found.into_iter().map(move |(id, tens)| (id, tens + single)))
        }
    };
    let outer = cache.get_or_load_many([1, 2], load).prefix("n").into_future();
    let loaded = tokio::time::timeout(Duration::from_secs(1), outer).await.expect("it waits for itself");
    assert_eq!(loaded.unwrap().into_values().unwrap(), [Some(15), Some(25)]);
    assert_eq!(cache.stats().loading, 0);
}
