//! `bypass` and `refresh`: how one call wants to be answered.

use larder::{CacheManager, cached};

use crate::{far, fresh, tiered};

struct Request {
    no_cache: bool,
    id: u64,
}

#[cached(key(request.id), bypass = request.no_cache, cache = cache, skip(cache))]
async fn page(cache: &CacheManager, request: &Request) -> u64 {
    fresh() + request.id
}

#[tokio::test]
async fn a_bypass_neither_reads_nor_writes() {
    for cache in [tiered(), far()] {
        let ask = |no_cache| Request { no_cache, id: 7 };
        let alone = page(&cache, &ask(true)).await;
        assert_eq!(page_peek(&cache, &ask(false)).await, None);
        let stored = page(&cache, &ask(false)).await;
        assert_ne!(stored, alone);
        assert_ne!(page(&cache, &ask(true)).await, stored);
        assert_eq!(page(&cache, &ask(false)).await, stored);
        assert_eq!((cache.stats().bypassed, cache.stats().loads), (2, 1));
    }
}

#[cached(refresh = force, skip(force, cache), cache = cache)]
async fn list(cache: &CacheManager, id: u64, force: bool) -> Result<u64, String> {
    if id == 0 { Err("none".to_owned()) } else { Ok(fresh()) }
}

#[tokio::test]
async fn a_refresh_loads_now_and_stores_under_the_ordinary_key() {
    for cache in [tiered(), far()] {
        let first = list(&cache, 1, false).await;
        let second = list(&cache, 1, true).await;
        assert_ne!(first, second);
        assert_eq!(list(&cache, 1, false).await, second);
        assert_eq!(list_peek(&cache, 1).await, Some(second));
        assert!(list(&cache, 0, true).await.is_err());
    }
}

struct Service {
    cache: CacheManager,
    off: bool,
}

impl Service {
    #[cached(key(id), shared, bypass = self.off, refresh = id > 100 && !name.is_empty(), cache = self.cache)]
    async fn named(&self, (id, name): (u64, String)) -> String {
        format!("{name}{id} {}", fresh())
    }
}

trait Named {
    async fn named(&self, pair: (u64, String)) -> String;
}

impl Named for CacheManager {
    #[cached(companions = "none", key(id), shared, refresh = name == "now", bypass = id == 0, cache = self)]
    async fn named(&self, (id, name): (u64, String)) -> String {
        format!("{name}{id} {}", fresh())
    }
}

#[tokio::test]
async fn they_see_self_and_arguments_that_are_patterns() {
    let mut service = Service { cache: tiered(), off: false };
    let name = |id, name: &str| (id, name.to_owned());
    let first = service.named(name(1, "a")).await;
    assert_eq!(service.named(name(1, "b")).await, first);
    let first = service.named(name(101, "a")).await;
    assert_eq!(service.named(name(101, "")).await, first);
    assert_ne!(service.named(name(101, "b")).await, first);
    service.off = true;
    assert!(service.named(name(1, "c")).await.starts_with("c1"));

    let cache = tiered();
    let first = Named::named(&cache, name(1, "a")).await;
    assert_eq!(Named::named(&cache, name(1, "b")).await, first);
    let second = Named::named(&cache, name(1, "now")).await;
    assert_ne!(second, first);
    assert_eq!(Named::named(&cache, name(1, "b")).await, second);
    assert_ne!(Named::named(&cache, name(0, "a")).await, Named::named(&cache, name(0, "a")).await);
}

#[tokio::test]
async fn a_failed_refresh_keeps_what_was_stored() {
    #[cached(refresh = *fail, key(id), cache = cache, skip(cache))]
    async fn fragile(cache: &CacheManager, id: u64, fail: &bool) -> Result<u64, String> {
        if *fail { Err("down".to_owned()) } else { Ok(fresh()) }
    }
    let cache = far();
    let first = fragile(&cache, 1, &false).await;
    assert!(fragile(&cache, 1, &true).await.is_err());
    assert_eq!(fragile(&cache, 1, &false).await.is_ok(), first.is_ok());
}
