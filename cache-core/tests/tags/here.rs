//! In one process, with the near tier alone.

use std::sync::Arc;

use cache_core::error::ErrorKind;
use cache_core::key::MAX_TAGS;
use cache_core::manager::{CacheManager, Cached, LoadError};
use cache_core::time::Ttl;
use tokio::sync::Notify;

use crate::common::near;
use crate::{Source, get};

fn cache() -> CacheManager {
    CacheManager::builder().near(near()).build().unwrap()
}

#[tokio::test]
async fn a_tag_takes_every_entry_that_has_it_and_no_other() {
    let (cache, source) = (cache(), Source::default());
    let entries: [(&str, &[&str]); 4] =
        [("a", &["red"]), ("b", &["red", "blue"]), ("c", &["blue"]), ("d", &[])];
    for (key, tags) in entries {
        assert_eq!(get(&cache, key, &source, tags).await, 0);
    }
    let _ = cache.set_tagged("e", 0_u64, Ttl::Default, ["red"]).await.unwrap();
    source.change();
    let done = cache.invalidate_tags(["red"]).await.unwrap();
    assert_eq!((done.removed, done.journalled), (0, false));
    for (key, now) in [("a", None), ("b", None), ("c", Some(0)), ("d", Some(0)), ("e", None)] {
        assert_eq!(cache.get::<u64>(key).await.unwrap(), now, "{key}");
    }
    assert_eq!(get(&cache, "b", &source, &["red", "blue"]).await, 1);
    assert_eq!(get(&cache, "c", &source, &["blue"]).await, 0);
}

#[tokio::test]
async fn an_entry_may_have_more_tags_than_it_has_room_for_near() {
    let (cache, source) = (cache(), Source::default());
    let tags: Vec<String> = (0..MAX_TAGS).map(|tag| format!("t{tag}")).collect();
    let tags: Vec<&str> = tags.iter().map(String::as_str).collect();
    for tag in [0, 3, 4, MAX_TAGS - 1] {
        let before = get(&cache, "a", &source, &tags).await;
        assert_eq!(get(&cache, "a", &source, &tags).await, before, "it is held");
        source.change();
        let _ = cache.invalidate_tags([tags[tag]]).await.unwrap();
        assert_eq!(get(&cache, "a", &source, &tags).await, before + 1, "tag {tag}");
    }
    let too_many =
        cache.get_or_load("a", || source.read()).tags((0..=MAX_TAGS).map(|tag| format!("t{tag}"))).await;
    let Err(LoadError::Cache(error)) = too_many else { panic!("{too_many:?}") };
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("65 tags, the most are 64"), "{error}");
}

/// A load that has read its source and waits.
async fn open_load(
    cache: &CacheManager,
    source: &Arc<Source>,
    of_call: &'static [&'static str],
    of_value: &'static [&'static str],
) -> (tokio::task::JoinHandle<u64>, Arc<Notify>) {
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let load = tokio::spawn({
        let (cache, source, began, go) = (cache.clone(), source.clone(), began.clone(), go.clone());
        async move {
            let loader = |_| async {
                let value = source.read().await?;
                began.notify_one();
                go.notified().await;
                Ok::<_, String>(Cached::new(value).tags(of_value))
            };
            cache.get_or_revalidate("a", loader).tags(of_call).await.unwrap()
        }
    });
    began.notified().await;
    (load, go)
}

#[tokio::test]
async fn a_load_under_way_is_neither_stored_nor_joined() {
    for (of_call, of_value) in [(&["red"][..], &[][..]), (&[], &["red"])] {
        let (cache, source) = (cache(), Arc::new(Source::default()));
        let (load, go) = open_load(&cache, &source, of_call, of_value).await;
        source.change();
        let _ = cache.invalidate_tags(["red"]).await.unwrap();
        assert_eq!(get(&cache, "a", &source, &["red"]).await, 1, "who comes later does not join it");
        go.notify_one();
        assert_eq!(load.await.unwrap(), 0, "who came before gets its value");
        assert_eq!(cache.get::<u64>("a").await.unwrap(), Some(1), "which is not stored");
    }
}

#[tokio::test]
async fn a_load_of_another_tag_is_joined_and_stored() {
    let (cache, source) = (cache(), Arc::new(Source::default()));
    let cache_of_one = || cache.get_or_load("a", || async { Ok::<_, String>(9_u64) }).tags(["red"]);
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let load = tokio::spawn({
        let (cache, source, began, go) = (cache.clone(), source.clone(), began.clone(), go.clone());
        async move {
            let loader = || async move {
                began.notify_one();
                go.notified().await;
                source.read().await
            };
            cache.get_or_load("a", loader).tags(["red"]).await.unwrap()
        }
    });
    began.notified().await;
    let _ = cache.invalidate_tags(["blue"]).await.unwrap();
    let (joined, ()) = tokio::join!(cache_of_one(), async { go.notify_one() });
    assert_eq!((joined.unwrap(), load.await.unwrap()), (0, 0));
    assert_eq!(cache.get::<u64>("a").await.unwrap(), Some(0));
}

#[tokio::test]
async fn a_value_that_names_its_tags_is_not_stored_when_any_tag_moved_meanwhile() {
    let (cache, source) = (cache(), Arc::new(Source::default()));
    let (load, go) = open_load(&cache, &source, &[], &["red"]).await;
    let _ = cache.invalidate_tags(["blue"]).await.unwrap();
    go.notify_one();
    assert_eq!(load.await.unwrap(), 0);
    assert_eq!(cache.get::<u64>("a").await.unwrap(), None);
    let (load, go) = open_load(&cache, &source, &[], &["red"]).await;
    go.notify_one();
    assert_eq!(load.await.unwrap(), 0);
    assert_eq!(cache.get::<u64>("a").await.unwrap(), Some(0), "nothing moved: stored");
    let _ = cache.invalidate_tags(["red"]).await.unwrap();
    assert_eq!(cache.get::<u64>("a").await.unwrap(), None, "under its tag");
}

#[tokio::test]
async fn an_entry_that_lacks_a_tag_of_the_call_is_a_miss() {
    let (cache, source) = (cache(), Source::default());
    assert_eq!(get(&cache, "a", &source, &[]).await, 0);
    source.change();
    assert_eq!(
        get(&cache, "a", &source, &["red"]).await,
        1,
        "an invalidation of red would not have reached it"
    );
    source.change();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 1);
    assert_eq!(get(&cache, "a", &source, &[]).await, 1);
}

#[tokio::test]
async fn what_a_tag_invalidated_never_answers_stale() {
    let cache = CacheManager::builder().near(near()).build().unwrap();
    let load = |value: Result<u64, String>| {
        cache
            .get_or_load("a", || async { value })
            .ttl(Ttl::millis(1))
            .stale_if_error(std::time::Duration::from_secs(60))
            .tags(["red"])
    };
    assert_eq!(load(Ok(1)).await.unwrap(), 1);
    tokio::time::sleep(std::time::Duration::from_millis(5)).await;
    assert_eq!(load(Err("down".to_owned())).await.unwrap(), 1, "within its window");
    let _ = cache.invalidate_tags(["red"]).await.unwrap();
    assert!(load(Err("down".to_owned())).await.is_err());
}

#[tokio::test]
async fn each_entry_of_a_batch_has_its_own_tags() {
    let (cache, source) = (cache(), Source::default());
    let batch = || async {
        let load = |ids: Vec<u64>| async {
            let value = source.read().await?;
            Ok::<_, String>(ids.into_iter().map(|id| (id, value)).collect::<Vec<_>>())
        };
        let batch = cache.get_or_load_many([1_u64, 2], load).prefix("user").tags(["users"]);
        batch.tags_by(|id| [format!("user:{id}")]).await.unwrap().into_values().unwrap()
    };
    assert_eq!(batch().await, [Some(0), Some(0)]);
    source.change();
    let _ = cache.invalidate_tags(["user:1"]).await.unwrap();
    assert_eq!(batch().await, [Some(1), Some(0)]);
    source.change();
    let _ = cache.invalidate_tags(["users"]).await.unwrap();
    assert_eq!(batch().await, [Some(2), Some(2)]);
}

#[tokio::test]
async fn tags_are_explained_by_their_names() {
    let (cache, source) = (cache(), Source::default());
    assert_eq!(get(&cache, "a", &source, &["red", "blue"]).await, 0);
    let explained = cache.explain("a").await.unwrap();
    assert_eq!(explained.tiers[0].entry.as_ref().unwrap().tags, ["blue", "red"]);
    assert!(!explained.to_string().contains("red"), "tags may name people: {explained}");
    assert!(format!("{explained:#}").contains("tags blue, red"), "{explained:#}");
}
