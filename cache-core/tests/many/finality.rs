use std::time::Duration;

use cache_core::testkit::Verb;

use super::*;
use common::{faulty, over};

#[tokio::test]
async fn a_key_that_is_invalidated_during_the_load_is_the_only_one_not_stored() {
    for wipe in ["user:2", "user:[2]", "set"] {
        let primary = faulty();
        let (cache, source) = (over(&primary).build().unwrap(), Source::default());
        let batch = tokio::spawn({
            let (cache, source) = (cache.clone(), source.clone());
            async move {
                let load = |missing| source.clone().users_later(missing);
                cache.get_or_load_many([1, 2, 3], load).prefix("user").await.unwrap().into_values()
            }
        });
        source.began.notified().await;
        match wipe {
            "set" => drop(cache.set("user:2", "newer".to_owned(), Duration::from_secs(9)).await.unwrap()),
            "user:2" => drop(cache.delete("user:2").await.unwrap()),
            pattern => drop(cache.delete_pattern(pattern).await.unwrap()),
        }
        source.open.notify_one();
        let answer: Vec<_> = [1, 2, 3].map(user).map(Some).into();
        assert_eq!(batch.await.unwrap().unwrap(), answer, "who joined before gets what was loaded");
        let newer = (wipe == "set").then(|| "newer".to_owned());
        for (key, left) in [("user:1", Some(user(1))), ("user:2", newer), ("user:3", Some(user(3)))] {
            assert_eq!(cache.get::<String>(key).await.unwrap(), left, "{key} after {wipe}");
        }
    }
}

#[tokio::test]
async fn an_invalidation_waits_for_the_write_of_a_batch() {
    let primary = faulty();
    let (cache, source) = (over(&primary).build().unwrap(), Source::default());
    let writing = primary.hold_before(Verb::SetMany);
    let batch = tokio::spawn({
        let (cache, source) = (cache.clone(), source.clone());
        async move {
            let load = |missing| source.clone().users(missing);
            cache.get_or_load_many([1, 2], load).prefix("user").await.unwrap().into_values()
        }
    });
    writing.arrived().await;
    let delete = tokio::spawn({
        let cache = cache.clone();
        async move { cache.delete_many(["user:1", "user:2"]).await.unwrap() }
    });
    settle().await;
    assert!(!delete.is_finished());
    writing.release();
    let _ = (batch.await.unwrap().unwrap(), delete.await.unwrap());
    for key in ["user:1", "user:2"] {
        assert_eq!(cache.get::<String>(key).await.unwrap(), None, "{key} outlived its invalidation");
    }
}

#[tokio::test]
async fn an_older_far_value_is_not_promoted_after_its_invalidation() {
    let primary = faulty();
    let (other, cache, source) =
        (over(&primary).build().unwrap(), over(&primary).build().unwrap(), Source::default());
    let _ = other.set("user:1", "older".to_owned(), Duration::from_secs(9)).await.unwrap();
    let reading = primary.hold_after(Verb::GetMany);
    let batch = tokio::spawn({
        let (cache, source) = (cache.clone(), source.clone());
        async move {
            let load = |missing| source.clone().users(missing);
            cache.get_or_load_many([1], load).prefix("user").await.unwrap().into_values()
        }
    });
    reading.arrived().await;
    let _ = cache.delete("user:1").await.unwrap();
    reading.release();
    assert_eq!(batch.await.unwrap().unwrap(), [Some(user(1))], "an overtaken frame was served");
    assert_eq!(cache.get::<String>("user:1").await.unwrap(), None, "the load was overtaken too");
}

#[tokio::test(start_paused = true)]
async fn batches_and_sets_that_share_stripes_do_not_wait_in_a_circle() {
    let primary = faulty();
    primary.delay(Duration::from_millis(1));
    let cache = over(&primary).build().unwrap();
    let mut tasks = Vec::new();
    for shift in 0..8_u64 {
        let cache = cache.clone();
        tasks.push(tokio::spawn(async move {
            for round in 0..20 {
                let source = Source::default();
                let ids = (0..300).map(|id| (id * (2 * shift + 1) + round) % 90);
                let load = |missing| source.clone().users(missing);
                let _ = cache.get_or_load_many(ids, load).prefix("user").max_batch(40).await.unwrap();
                let _ = cache
                    .set(format!("user:{}", (shift * 7 + round) % 90), user(0), Duration::from_secs(9))
                    .await;
                let _ = cache.delete_many((0..90).step_by(7).map(|id| format!("user:{id}"))).await;
            }
        }));
    }
    for task in tasks {
        tokio::time::timeout(Duration::from_secs(60), task).await.expect("they wait for each other").unwrap();
    }
    assert_eq!(cache.stats().loading, 0);
}
