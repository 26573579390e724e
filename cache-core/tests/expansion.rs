//! What a macro call expands to, written by hand: the seam between the macros and the engine.

#![allow(clippy::needless_borrow, clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_core::manager::CacheManager;
use cache_core::private::*;
use cache_core::testkit::{self, FaultyBackend, MapBackend};
use tokio::sync::Notify;

type Answer = Result<Option<String>, String>;

fn user_space(cache: &CacheManager) -> Space<&CacheManager> {
    static SITE: Site = Site::named("user");
    fn __larder_function() {}
    SITE.space(cache, __larder_function, |policy| {
        policy.ttl(Ttl::secs(60)).negative_ttl(Ttl::millis(20)).jitter(0.0)
    })
}

fn user_kind() -> impl Kind<Ret = Answer> {
    use by_type::*;
    let ty = Ty::<Answer>::new();
    let shape = (&&&&ty).larder_shape();
    let hold = (&&val_ty(shape)).larder_hold();
    stored(shape, &hold, (&&&ty).larder_share())
}

fn user_key<V: Verb>(verb: V, cache: &CacheManager, id: &u64, name: &str) -> V::Output {
    verb.on(user_space(cache), &(part(id), (part(name), ())))
}

async fn user_uncached(id: u64, name: &str) -> Answer {
    tokio::task::yield_now().await;
    match id {
        0 => Ok(None),
        13 => Err("unlucky".to_owned()),
        id => Ok(Some(format!("{name}{id}"))),
    }
}

async fn user(cache: &CacheManager, id: u64, name: &str) -> Answer {
    let load = match user_key(Probe(user_kind()), cache, &id, name) {
        Probed::Hit(hit) => return hit,
        Probed::Miss(missed) => missed.load(user_uncached(id, name)),
    };
    load.await.0
}

fn manager() -> CacheManager {
    CacheManager::builder().primary(MapBackend::default()).namespace("shop").build().unwrap()
}

#[tokio::test]
async fn a_call_is_loaded_once_and_then_found() {
    let cache = manager();
    let calls = (0..100).map(|_| {
        let cache = cache.clone();
        tokio::spawn(async move { user(&cache, 7, "ann").await })
    });
    for call in calls.collect::<Vec<_>>() {
        assert_eq!(call.await.unwrap(), Ok(Some("ann7".to_owned())));
    }
    assert_eq!(cache.stats().loads, 1);
    assert_eq!(cache.get::<String>("user:7:ann").await.unwrap().as_deref(), Some("ann7"));
    assert_eq!(
        cache.get::<Arc<String>>("user:7:ann").await.unwrap().as_deref().map(String::as_str),
        Some("ann7")
    );
}

#[tokio::test]
async fn absence_is_remembered_and_errors_are_not() {
    let cache = manager();
    for _ in 0..3 {
        assert_eq!(user(&cache, 0, "x").await, Ok(None));
        assert_eq!(user(&cache, 13, "x").await, Err("unlucky".to_owned()));
    }
    let stats = cache.stats();
    assert_eq!((stats.loads, stats.load_failures, stats.negative_hits), (4, 3, 2));
    assert_eq!(stats.requests(), 6);
    tokio::time::sleep(Duration::from_millis(25)).await;
    assert_eq!(user(&cache, 0, "x").await, Ok(None));
    assert_eq!(cache.stats().loads, 5);
}

#[tokio::test]
async fn a_reader_that_saw_the_value_before_a_refresh_does_not_keep_it() {
    let primary = FaultyBackend::new(Arc::new(MapBackend::default()));
    let shop =
        || CacheManager::builder().near(common::near()).primary(primary.clone()).namespace("shop").build();
    let (cache, other) = (shop().unwrap(), shop().unwrap());
    let _ = other.set("user:7:ann", "old".to_owned(), Ttl::secs(60)).await.unwrap();
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let refresh = tokio::spawn({
        let (cache, began, go) = (cache.clone(), began.clone(), go.clone());
        async move {
            let entry = user_key(Find, &cache, &7, "ann");
            let body = async {
                began.notify_one();
                go.notified().await;
                Ok(Some("new".to_owned()))
            };
            entry.refresh(user_kind(), body).await.0
        }
    });
    began.notified().await;
    let reading = primary.hold_after(testkit::Verb::Get);
    let read = tokio::spawn({
        let cache = cache.clone();
        async move { cache.get::<String>("user:7:ann").await.unwrap() }
    });
    reading.arrived().await;
    go.notify_one();
    assert_eq!(refresh.await.unwrap(), Ok(Some("new".to_owned())));
    reading.release();
    let _ = read.await.unwrap();
    assert_eq!(cache.get::<String>("user:7:ann").await.unwrap().as_deref(), Some("new"));
    assert_eq!(user(&cache, 7, "ann").await, Ok(Some("new".to_owned())));
}

#[tokio::test]
async fn a_refresh_that_finds_nothing_leaves_nothing_older() {
    let cache = manager();
    let kind = || {
        use by_type::*;
        let ty = Ty::<Option<String>>::new();
        let shape = (&&&&ty).larder_shape();
        let hold = (&&val_ty(shape)).larder_hold();
        stored(shape, &hold, (&&&ty).larder_share())
            .judged(condition(shape, |text: &String| text != "refused"))
    };
    fn __larder_forgetful() {}
    static SITE: Site = Site::named("f");
    let space = SITE.space(&cache, __larder_forgetful, |policy| policy);
    let entry = || Find.on(space, &(part(&7_u64), ()));
    for now in [None, Some("refused".to_owned())] {
        assert_eq!(entry().refresh(kind(), async { Some("old".to_owned()) }).await.0.as_deref(), Some("old"));
        assert_eq!(entry().refresh(kind(), async { now.clone() }).await.0, now);
        assert_eq!(entry().peek(kind()).await, None, "{now:?}");
    }
}
