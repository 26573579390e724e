//! What a macro's output does with tags: the seam in `private`.

use std::sync::atomic::{AtomicU64, Ordering};

use cache_core::manager::CacheManager;
use cache_core::private::*;

use crate::common::near;

#[derive(Debug, Default)]
struct App {
    version: AtomicU64,
    asked_for_tags: AtomicU64,
}

fn space(cache: &CacheManager) -> Space<&CacheManager> {
    static SITE: Site = Site::named("page");
    fn __larder_function() {}
    SITE.space(cache, __larder_function, |policy| policy)
}

fn page_kind() -> impl Kind<Ret = Option<u64>> {
    use by_type::*;
    let ty = Ty::<Option<u64>>::new();
    let shape = (&&&&ty).larder_shape();
    let val = val_ty(shape);
    let hold = (&&val).larder_hold();
    let by_value = tags_with(shape, |version: &u64| [format!("version:{version}")]);
    stored(shape, &hold, (&&&ty).larder_share()).tags_with(by_value)
}

fn page_key<V: Verb>(verb: V, cache: &CacheManager, tenant: &str, id: &u64) -> V::Output {
    verb.on(space(cache), &(part(tenant), (part(id), ())))
}

impl App {
    fn tags(&self, tags: &mut Tags<'_>, tenant: &str, id: u64) {
        self.asked_for_tags.fetch_add(1, Ordering::SeqCst);
        tags.tag(&format!("page:{id}"));
        tags.group("tenant", &(part(tenant), ()));
    }

    async fn page(&self, cache: &CacheManager, tenant: &str, id: u64) -> u64 {
        let body = async { Some(self.version.load(Ordering::SeqCst)) };
        let load = match page_key(Probe(page_kind()), cache, tenant, &id) {
            Probed::Hit(hit) => return hit.unwrap(),
            Probed::Miss(missed) => missed.tagged(|tags| self.tags(tags, tenant, id)).load(body),
        };
        load.await.0.unwrap()
    }

    fn page_blocking(&self, cache: &CacheManager, tenant: &str, id: u64) -> u64 {
        let body = || Some(self.version.load(Ordering::SeqCst));
        match page_key(Probe(page_kind()), cache, tenant, &id) {
            Probed::Hit(hit) => hit,
            Probed::Miss(missed) => missed.tagged(|tags| self.tags(tags, tenant, id)).load_blocking(body),
        }
        .unwrap()
    }

    fn change(&self) {
        self.version.fetch_add(1, Ordering::SeqCst);
    }
}

fn cache() -> CacheManager {
    CacheManager::builder().near(near()).build().unwrap()
}

fn tenant(cache: &CacheManager, tenant: &str) -> Group {
    space(cache).group("tenant", &(part(tenant), ()))
}

#[tokio::test]
async fn a_hit_is_not_asked_for_its_tags() {
    let (cache, app) = (cache(), App::default());
    for _ in 0..3 {
        assert_eq!(app.page(&cache, "ann", 7).await, 0);
    }
    assert_eq!(app.asked_for_tags.load(Ordering::SeqCst), 1);
    cache.set_enabled(false);
    assert_eq!(app.page(&cache, "ann", 7).await, 0);
    assert_eq!(app.asked_for_tags.load(Ordering::SeqCst), 1, "nor is a call while nothing is stored");
}

#[tokio::test]
async fn tags_groups_and_tags_of_values_reach_the_entries_that_have_them() {
    let (cache, app) = (cache(), App::default());
    for _ in 0..3 {
        for (who, id) in [("ann", 7), ("ann", 8), ("bob", 7)] {
            assert_eq!(app.page(&cache, who, id).await, 0);
        }
    }
    app.change();
    let _ = tenant(&cache, "ann").invalidate().await.unwrap();
    let pages = async |cache: &CacheManager| {
        [app.page(cache, "ann", 7).await, app.page(cache, "ann", 8).await, app.page(cache, "bob", 7).await]
    };
    assert_eq!(pages(&cache).await, [1, 1, 0]);
    app.change();
    let mut pending = Pending::new(&cache);
    pending.tag("page:7");
    pending.settle(true).await;
    assert_eq!(pages(&cache).await, [2, 1, 2]);
    app.change();
    let mut pending = Pending::new(&cache);
    pending.group(space(&cache), "tenant", &(part("bob"), ()));
    pending.settle(true).await;
    assert_eq!(pages(&cache).await, [2, 1, 3]);
    app.change();
    let _ = cache.invalidate_tags(["version:2"]).await.unwrap();
    assert_eq!(pages(&cache).await, [4, 1, 3], "the value had named it");
}

#[test]
fn a_function_that_is_not_async_has_tags_too() {
    let (cache, app) = (cache(), App::default());
    for (who, id) in [("ann", 7), ("ann", 8), ("bob", 7)] {
        assert_eq!(app.page_blocking(&cache, who, id), 0);
    }
    app.change();
    let done = tenant(&cache, "ann").invalidate_blocking();
    assert!(!done.journalled);
    assert_eq!(app.page_blocking(&cache, "ann", 7), 1);
    assert_eq!(app.page_blocking(&cache, "bob", 7), 0);
}

#[tokio::test]
async fn a_refresh_carries_the_tags_of_its_call() {
    let (cache, app) = (cache(), App::default());
    let entry = page_key(Find, &cache, "ann", &7).tagged(|tags| app.tags(tags, "ann", 7));
    assert_eq!(entry.refresh(page_kind(), async { Some(5) }).await.0, Some(5));
    assert_eq!(app.page(&cache, "ann", 7).await, 5);
    let _ = tenant(&cache, "ann").invalidate().await.unwrap();
    assert_eq!(app.page(&cache, "ann", 7).await, 0);
}
