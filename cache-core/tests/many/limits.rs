use std::future::IntoFuture;
use std::time::Duration;

use cache_core::manager::LoadError;
use tokio::time::Instant;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn is_timeout<V>(result: &Result<V, LoadError<String>>, limit: &str) -> bool {
    result.as_ref().err().is_some_and(|error| error.is_timeout() && error.to_string().contains(limit))
}

#[tokio::test(start_paused = true)]
async fn a_batch_ends_at_its_timeout_with_the_answers_that_it_has() {
    let (cache, hung) = (near_only(), Source::default());
    let _ = cache.set("user:1", user(1), Duration::from_secs(60)).await.unwrap();
    let began = Instant::now();
    let load = |missing| hung.clone().users_later(missing);
    let users = cache.get_or_load_many([1, 2], load).prefix("user").timeout(SECOND).await.unwrap();
    assert_eq!(began.elapsed(), SECOND);
    assert_eq!(users.result(&1).unwrap().as_ref().unwrap(), &Some(user(1)));
    assert!(is_timeout(users.result(&2).unwrap(), "timeout = 1s"), "{users:?}");
    let stats = cache.stats();
    assert_eq!((stats.loading, stats.misses, stats.requests()), (0, 1, 2), "its key is free again");
}

#[tokio::test(start_paused = true)]
async fn a_load_of_many_that_hangs_is_given_up_for_everybody() {
    let (cache, hung) = (near_only(), Source::default());
    let leader = tokio::spawn({
        let (cache, hung) = (cache.clone(), hung.clone());
        async move {
            let load = |missing| hung.clone().users_later(missing);
            let users =
                cache.get_or_load_many([1, 2], load).prefix("user").max_load_time(SECOND).await.unwrap();
            users.into_iter().map(|(_, result)| result).collect::<Vec<_>>()
        }
    });
    hung.began.notified().await;
    let follower = cache.get_or_load("user:2", || async { Ok::<_, String>("not asked".to_owned()) }).await;
    assert!(is_timeout(&follower, "max_load_time = 1s"), "{follower:?}");
    assert!(leader.await.unwrap().iter().all(|result| is_timeout(result, "max_load_time = 1s")));
    assert_eq!((cache.stats().load_failures, cache.stats().loading), (1, 0));
}

#[tokio::test(start_paused = true)]
async fn loads_that_wait_for_each_other_end_at_a_deadline() {
    let cache = near_only();
    let asks_for = |own: &'static str, other: &'static str| {
        let (cache, inner) = (cache.clone(), cache.clone());
        tokio::spawn(async move {
            let load = || async move {
                tokio::task::yield_now().await;
                let other =
                    inner.get_or_load(other, || async { Ok::<_, String>(1_u64) }).timeout(SECOND).await;
                other.map_err(|error| error.to_string())
            };
            cache.get_or_load(own, load).into_future().await
        })
    };
    let began = Instant::now();
    let (one, two) = (asks_for("a", "b"), asks_for("b", "a"));
    let (one, two) = (one.await.unwrap(), two.await.unwrap());
    assert_eq!(began.elapsed(), SECOND);
    assert!(one.is_err() && two.is_err(), "{one:?}, {two:?}");
    assert_eq!(cache.stats().loading, 0);
}

#[tokio::test(start_paused = true)]
async fn a_batch_that_is_dropped_is_counted_as_abandoned() {
    let (cache, hung) = (near_only(), Source::default());
    let batch = tokio::spawn({
        let (cache, hung) = (cache.clone(), hung.clone());
        async move {
            let load = |missing| hung.clone().users_later(missing);
            cache.get_or_load_many([1, 2, 3], load).prefix("user").await.unwrap().len()
        }
    });
    hung.began.notified().await;
    batch.abort();
    let _ = batch.await;
    let stats = cache.stats();
    assert_eq!((stats.abandoned, stats.requests(), stats.loading), (3, 3, 0));
}
