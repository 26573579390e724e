use std::collections::HashMap;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::LoadError;

use super::*;

type ById = HashMap<u64, Result<u64, String>>;

#[tokio::test]
async fn answers_come_in_the_callers_order_with_its_duplicates() {
    let (cache, source) = (near_only(), Source::default());
    let load = |missing| source.clone().users(missing);
    let users = cache.get_or_load_many([3, 1, 3, 200], load).prefix("user").await.unwrap();
    let ids: Vec<u64> = users.iter().map(|(id, _)| *id).collect();
    assert_eq!(ids, [3, 1, 3, 200]);
    assert_eq!(users.into_values().unwrap(), [Some(user(3)), Some(user(1)), Some(user(3)), None]);
    assert_eq!(source.calls(), [[3, 1, 200]], "one load, each id once");
}

#[tokio::test]
async fn every_id_is_an_ordinary_entry() {
    let (cache, source) = (near_only(), Source::default());
    let _ = cache.set("user:1", "set by hand".to_owned(), Duration::from_secs(9)).await.unwrap();
    let load = |missing| source.clone().users(missing);
    let found: HashMap<u64, String> =
        cache.get_or_load_many([1, 2], load).prefix("user").await.unwrap().into_found().unwrap();
    assert_eq!(found, HashMap::from([(1, "set by hand".to_owned()), (2, user(2))]));
    assert_eq!(cache.get::<String>("user:2").await.unwrap(), Some(user(2)));
    let single = cache.get_or_load("user:2", || async { Err::<String, _>("not asked") }).await;
    assert_eq!((single.unwrap(), source.calls()), (user(2), vec![vec![2]]));
}

#[tokio::test]
async fn ids_that_are_keys_need_no_prefix_and_a_function_can_name_them() {
    let (cache, source) = (near_only(), Source::default());
    let by_text = |missing: Vec<&'static str>| async move {
        Ok::<_, String>(missing.into_iter().map(|key| (key, key.len() as u64)).collect::<Vec<_>>())
    };
    let lengths = cache.get_or_load_many(["a", "abc"], by_text).await.unwrap();
    assert_eq!(lengths.into_values().unwrap(), [Some(1), Some(3)]);
    assert_eq!(cache.get::<u64>("abc").await.unwrap(), Some(3));
    let load = |missing| source.clone().users(missing);
    let _ = cache.get_or_load_many([7], load).key_by(|id| format!("customer:{id}")).await.unwrap();
    assert_eq!(cache.get::<String>("customer:7").await.unwrap(), Some(user(7)));
}

#[tokio::test]
async fn nothing_asked_is_nothing_loaded() {
    let (cache, source) = (near_only(), Source::default());
    let load = |missing| source.clone().users(missing);
    let users = cache.get_or_load_many(Vec::new(), load).prefix("user").await.unwrap();
    assert!(users.is_empty() && source.calls().is_empty());
}

#[tokio::test]
async fn an_id_that_was_left_out_is_absent_and_remembered_only_when_said() {
    let (cache, source) = (near_only(), Source::default());
    let load = |missing| source.clone().users(missing);
    for _ in 0..2 {
        let users = cache.get_or_load_many([200], load).prefix("user").await.unwrap();
        assert_eq!(users.into_values().unwrap(), [None]);
    }
    assert_eq!(source.calls().len(), 2, "absence was remembered unasked");
    for _ in 0..2 {
        let remembering =
            cache.get_or_load_many([200], load).prefix("user").negative_ttl(Duration::from_secs(9));
        assert_eq!(remembering.await.unwrap().into_values().unwrap(), [None]);
    }
    assert_eq!((source.calls().len(), cache.stats().negative_hits), (3, 1));
}

#[tokio::test]
async fn an_id_that_failed_keeps_no_other_from_its_value() {
    let cache = near_only();
    let load = |ids: Vec<u64>| async move {
        ids.into_iter()
            .map(|id| (id, if id == 2 { Err("no row") } else { Ok(id) }))
            .collect::<HashMap<_, _>>()
    };
    let loaded = cache.get_or_load_many([1, 2, 3], load).prefix("n").await.unwrap();
    assert_eq!(loaded.result(&1).unwrap().as_ref().unwrap(), &Some(1));
    let failed = loaded.result(&2).unwrap().as_ref().unwrap_err();
    assert_eq!(failed.loader(), Some(&"no row"));
    assert_eq!(cache.get::<u64>("n:2").await.unwrap(), None);
    assert_eq!(cache.get::<u64>("n:3").await.unwrap(), Some(3));
    assert_eq!((cache.stats().loads, cache.stats().load_failures), (1, 1));
    assert!(loaded.into_values().is_err());
}

#[tokio::test]
async fn a_load_that_failed_as_a_whole_is_the_error_of_what_was_missing() {
    let cache = near_only();
    let _ = cache.set("user:1", user(1), Duration::from_secs(9)).await.unwrap();
    let load = |_: Vec<u64>| async { Err::<HashMap<u64, String>, _>("away") };
    let users = cache.get_or_load_many([1, 2, 3], load).prefix("user").await.unwrap();
    assert_eq!(users.result(&1).unwrap().as_ref().unwrap(), &Some(user(1)));
    let errors: Vec<_> = users.iter().filter_map(|(_, result)| result.as_ref().err()).collect();
    assert!(
        matches!(errors.as_slice(), [LoadError::Loader(two), LoadError::Loader(three)] if Arc::ptr_eq(two, three))
    );
}

#[tokio::test]
async fn options_that_mean_nothing_are_the_callers_error() {
    let (cache, source) = (near_only(), Source::default());
    let load = |missing| source.clone().users(missing);
    let batch = || cache.get_or_load_many([1], load).prefix("user");
    assert_eq!(batch().max_batch(0).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(batch().ttl(Duration::ZERO).await.unwrap_err().kind(), ErrorKind::Ttl);
    assert_eq!(batch().negative_ttl(Duration::ZERO).await.unwrap_err().kind(), ErrorKind::Ttl);
    assert_eq!(cache.get_or_load_many([1], load).prefix("").await.unwrap_err().kind(), ErrorKind::Key);
    let results = |ids: Vec<u64>| async move {
        Ok::<ById, String>(ids.into_iter().map(|id| (id, Err("stored as a value".to_owned()))).collect())
    };
    let refused = cache.get_or_load_many([1], results).prefix("user").await.unwrap_err();
    assert!(refused.to_string().contains("without a `Result` around it"), "{refused}");
    assert!(source.calls().is_empty());
}

#[tokio::test]
async fn a_value_of_another_type_is_that_ids_error() {
    let cache = near_only();
    let _ = cache.set("user:1", 1_u64, Duration::from_secs(9)).await.unwrap();
    let source = Source::default();
    let users =
        cache.get_or_load_many([1, 2], |missing| source.clone().users(missing)).prefix("user").await.unwrap();
    let mismatch = users.result(&1).unwrap();
    assert!(matches!(mismatch, Err(LoadError::Cache(error)) if error.kind() == ErrorKind::TypeMismatch));
    assert_eq!((users.into_values().is_err(), source.calls()), (true, vec![vec![2]]));
}

#[tokio::test]
async fn what_a_loader_adds_is_ignored() {
    let cache = near_only();
    let load = |_: Vec<u64>| async { Ok::<_, String>(vec![(1, "one"), (9, "nine")].into_iter().map(own)) };
    let loaded = cache.get_or_load_many([1], load).prefix("n").await.unwrap();
    assert_eq!(loaded.into_values().unwrap(), [Some("one".to_owned())]);
    assert_eq!(cache.get::<String>("n:9").await.unwrap(), None);
}

fn own((id, text): (u64, &str)) -> (u64, String) {
    (id, text.to_owned())
}

#[tokio::test]
async fn every_distinct_id_is_one_request() {
    let (cache, source) = (near_only(), Source::default());
    let load = |missing| source.clone().users(missing);
    let _ = cache.get_or_load_many([1, 2, 2], load).prefix("user").await.unwrap();
    let _ = cache.get_or_load_many([2, 3], load).prefix("user").await.unwrap();
    cache.set_enabled(false);
    let off = cache.get_or_load_many([2, 3], load).prefix("user").max_batch(1).await.unwrap();
    assert_eq!(off.into_values().unwrap(), [Some(user(2)), Some(user(3))]);
    assert_eq!(source.calls(), [vec![1, 2], vec![3], vec![2], vec![3]]);
    let stats = cache.stats();
    assert_eq!((stats.near_hits, stats.misses, stats.bypassed, stats.loads, stats.stored), (1, 3, 2, 2, 3));
    assert_eq!(stats.requests(), 6);
}
