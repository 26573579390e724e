//! `#[invalidate_cache]`.

use std::sync::Arc;
use std::time::Duration;

use larder::testkit::{FaultyBackend, MapBackend, Verb};
use larder::{CacheManager, Near, cached, invalidate_cache};

use crate::{FAR, fresh, tiered};

mod db {
    use larder::cached;

    #[cached(prefix = "inv:user", cache = crate::FAR, skip(trace))]
    pub(crate) async fn user(trace: &str, id: u64, name: &str) -> u64 {
        let _ = (trace, id, name);
        crate::fresh()
    }
}

#[cached(prefix = "inv:page", cache = FAR)]
async fn page(number: u32) -> u64 {
    let _ = number;
    fresh()
}

#[cached(prefix = "inv:typed", cache = FAR)]
async fn typed<T: larder::KeyPart + Sync>(value: &T) -> u64 {
    let _ = value;
    fresh()
}

#[invalidate_cache(db::user(id, &name), page(page), typed(&id))]
async fn rename(id: u64, name: String, page: u32) -> Result<String, String> {
    let moved = name;
    if moved.is_empty() { Err(moved) } else { Ok(moved) }
}

#[tokio::test]
async fn targets_go_when_the_body_succeeded() {
    let before = (db::user("", 1, "ann").await, page(1).await, typed(&1_u64).await, page(2).await);
    assert!(rename(1, String::new(), 1).await.is_err());
    assert_eq!(
        (db::user("", 1, "ann").await, page(1).await, typed(&1_u64).await),
        (before.0, before.1, before.2)
    );

    assert_eq!(rename(1, "ann".to_owned(), 1).await.unwrap(), "ann");
    assert_ne!(db::user("", 1, "ann").await, before.0);
    assert_ne!(page(1).await, before.1);
    assert_ne!(typed(&1_u64).await, before.2);
    assert_eq!(page(2).await, before.3);
}

struct Service {
    cache: CacheManager,
}

#[cached(prefix = "inv:of", cache = service.cache, skip(service))]
async fn of_service(service: &Service, id: u64) -> u64 {
    let _ = service;
    id + fresh()
}

impl Service {
    #[invalidate_cache(of_service(self, id), Self::get(self, id))]
    async fn forget(&self, id: u64) {
        let _ = id;
    }

    #[cached(shared, prefix = "inv:get", cache = self.cache)]
    async fn get(&self, id: u64) -> u64 {
        let _ = id;
        fresh()
    }

    #[invalidate_cache(self.get(id))]
    async fn put(&mut self, id: u64) -> u64 {
        id
    }

    #[invalidate_cache(all(self.get), cache = self.cache)]
    async fn put_all(&self) {}

    #[invalidate_cache(Self::get(self, 1), patterns("inv:*:{id}"), keys("inv:direct:{id}"), cache = &self.cache)]
    async fn put_some(&self, id: u64) -> Option<()> {
        let _ = id;
        None
    }
}

#[tokio::test]
async fn methods_are_targets_in_their_own_cache() {
    let (mut one, other) = (Service { cache: tiered() }, Service { cache: tiered() });
    let (first, elsewhere) = (one.get(1).await, other.get(1).await);
    one.put(1).await;
    assert_ne!(one.get(1).await, first);
    assert_eq!(other.get(1).await, elsewhere);

    let (first, second) = (one.get(1).await, one.get(2).await);
    one.put_all().await;
    assert_ne!((one.get(1).await, one.get(2).await), (first, second));

    assert!(one.cache.set("inv:direct:3", 7_u8, larder::Ttl::Default).await.unwrap().is_stored());
    assert!(one.cache.set("inv:direct:4", 7_u8, larder::Ttl::Default).await.unwrap().is_stored());
    let all = (one.get(1).await, one.get(2).await, one.get(3).await);
    one.put_some(3).await;
    assert!(one.get(1).await != all.0 && one.get(2).await == all.1 && one.get(3).await != all.2);
    assert!(!one.cache.exists("inv:direct:3").await.unwrap());
    assert!(one.cache.exists("inv:direct:4").await.unwrap());
}

#[cached(prefix = "inv:doc", cache = FAR)]
async fn doc(name: &str, part: u64) -> u64 {
    let _ = (name, part);
    fresh()
}

#[invalidate_cache(patterns("inv:doc:{name}:*"), cache = FAR)]
async fn edit(name: &str) {
    let _ = name;
}

#[tokio::test]
async fn what_is_interpolated_is_literal() {
    let before = (doc("a", 1).await, doc("*", 1).await, doc("b:c", 1).await);
    edit("*").await;
    assert_eq!(doc("a", 1).await, before.0);
    assert_ne!(doc("*", 1).await, before.1);
    edit("b").await;
    assert_eq!(doc("b:c", 1).await, before.2);
    edit("b:c").await;
    assert_ne!(doc("b:c", 1).await, before.2);
}

#[cached(prefix = "inv:all", cache = FAR)]
async fn counted<T: larder::KeyPart + Sync>(value: T) -> u64 {
    let _ = value;
    fresh()
}

#[invalidate_cache(all(counted::<u64>))]
async fn recount() {}

#[invalidate_cache(all(db::user))]
async fn forget_users() -> impl std::fmt::Debug {
    "anything"
}

#[tokio::test]
async fn a_whole_keyspace_is_a_target() {
    let (number, text) = (counted(1_u64).await, counted("1").await);
    recount().await;
    assert_ne!(counted(1_u64).await, number);
    assert_eq!(counted("1").await, text);

    let users = (db::user("", 2, "x").await, db::user("", 3, "x").await);
    forget_users().await;
    assert_ne!((db::user("", 2, "x").await, db::user("", 3, "x").await), users);
}

#[cached(prefix = "inv:slow", cache = cache, skip(cache))]
async fn slow(cache: &CacheManager, id: u64) -> u64 {
    let _ = (cache, id);
    fresh()
}

#[invalidate_cache(slow(cache, id))]
async fn hangs(cache: &CacheManager, id: u64) -> u64 {
    let _ = (cache, id);
    std::future::pending().await
}

#[tokio::test]
async fn a_caller_that_goes_away_in_the_body_invalidates() {
    let cache = tiered();
    let first = slow(&cache, 1).await;
    assert!(tokio::time::timeout(Duration::from_millis(5), hangs(&cache, 1)).await.is_err());
    assert_ne!(slow(&cache, 1).await, first);

    let first = slow(&cache, 1).await;
    drop(hangs(&cache, 1));
    assert_eq!(slow(&cache, 1).await, first);
}

#[invalidate_cache(slow(cache, 1), slow(cache, 2))]
async fn two(cache: &CacheManager) {
    let _ = cache;
}

#[tokio::test]
async fn a_caller_that_goes_away_in_the_invalidation_leaves_it_to_a_task() {
    let primary = FaultyBackend::new(Arc::new(MapBackend::default()));
    let cache = CacheManager::builder().near(Near::mib(1)).primary(primary.clone()).build().unwrap();
    slow(&cache, 1).await;
    slow(&cache, 2).await;
    let hold = primary.hold_before(Verb::Delete);
    let caller = tokio::spawn({
        let cache = cache.clone();
        async move { two(&cache).await }
    });
    hold.arrived().await;
    caller.abort();
    assert!(caller.await.unwrap_err().is_cancelled());
    hold.release();
    assert_eq!((slow_peek(&cache, 1).await, slow_peek(&cache, 2).await), (None, None));
}

#[cached(prefix = "inv:both", cache = FAR)]
#[invalidate_cache(page(9))]
async fn reads_and_changes(id: u64) -> u64 {
    id + fresh()
}

#[tokio::test]
async fn both_attributes_go_together() {
    let before = page(9).await;
    let first = reads_and_changes(1).await;
    let after = page(9).await;
    assert_ne!(before, after);
    assert_eq!((reads_and_changes(1).await, page(9).await), (first, after));
}

#[tokio::test]
async fn a_function_may_be_given_self_as_an_argument() {
    let service = Service { cache: tiered() };
    let first = (of_service(&service, 1).await, service.get(1).await);
    assert_eq!((of_service(&service, 1).await, service.get(1).await), first);
    service.forget(1).await;
    assert_eq!((of_service_peek(&service, 1).await, service.get_peek(1).await), (None, None));
}
