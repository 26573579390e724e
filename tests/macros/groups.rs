//! `tags(..)`, `tags_with`, `group_by(..)`, and the targets that name them.

use std::sync::Mutex;

use larder::{CacheManager, cached, invalidate_cache};

use crate::{far, fresh, tiered};

#[derive(Debug, Clone, PartialEq, serde::Serialize, serde::Deserialize)]
struct User {
    number: u64,
    teams: Vec<String>,
}

#[cached(prefix = "group:user", tags("tenant:{tenant}", "user:{id}", "everybody"), group_by(tenant), group_by(tenant, id), cache = cache, skip(cache))]
async fn user(cache: &CacheManager, tenant: &str, id: u32, lang: &str) -> Result<User, String> {
    let _ = (cache, lang);
    if tenant.is_empty() {
        Err("nobody's".to_owned())
    } else {
        Ok(User { number: fresh(), teams: Vec::new() })
    }
}

#[invalidate_cache(tags("tenant:{tenant}"), cache = cache)]
async fn change_tenant(cache: &CacheManager, tenant: String) -> Result<(), String> {
    let _ = cache;
    if tenant.is_empty() { Err(tenant) } else { Ok(()) }
}

/// It counts users otherwise: a tag is a text.
#[invalidate_cache(tags("user:{id}"), cache = cache)]
async fn change_user(cache: &CacheManager, id: u64) {
    let _ = (cache, id);
}

#[invalidate_cache(user(cache = cache, tenant = &tenant, ..))]
async fn leave(cache: &CacheManager, tenant: String) {
    let _ = (cache, tenant);
}

#[invalidate_cache(user(tenant = tenant, id = 1, cache = cache, ..))]
async fn forget_the_first(cache: &CacheManager, tenant: &str) {
    let _ = (cache, tenant);
}

/// Which of (acme, 1), (acme, 2), (acme, 1, other language), (other, 1) are still what they were.
async fn kept(cache: &CacheManager, before: &[User; 4]) -> [bool; 4] {
    let [a, b, c, d] = all(cache).await;
    let [first, second, third, fourth] = before;
    [a == *first, b == *second, c == *third, d == *fourth]
}

async fn all(cache: &CacheManager) -> [User; 4] {
    [
        user(cache, "acme", 1, "de").await.unwrap(),
        user(cache, "acme", 2, "de").await.unwrap(),
        user(cache, "acme", 1, "en").await.unwrap(),
        user(cache, "other", 1, "de").await.unwrap(),
    ]
}

#[tokio::test]
async fn a_tag_reaches_all_that_name_it() {
    for cache in [tiered(), far()] {
        let before = all(&cache).await;
        assert!(change_tenant(&cache, String::new()).await.is_err());
        assert_eq!(kept(&cache, &before).await, [true; 4]);
        change_tenant(&cache, "acme".to_owned()).await.unwrap();
        assert_eq!(kept(&cache, &before).await, [false, false, false, true]);

        let before = all(&cache).await;
        change_user(&cache, 1).await;
        assert_eq!(kept(&cache, &before).await, [false, true, false, false]);

        let before = all(&cache).await;
        assert!(!cache.invalidate_tags(["everybody"]).await.unwrap().journalled);
        assert_eq!(kept(&cache, &before).await, [false; 4]);
    }
}

#[tokio::test]
async fn a_group_is_named_by_some_of_the_arguments() {
    for cache in [tiered(), far()] {
        let before = all(&cache).await;
        leave(&cache, "acme".to_owned()).await;
        assert_eq!(kept(&cache, &before).await, [false, false, false, true]);

        let before = all(&cache).await;
        forget_the_first(&cache, "acme").await;
        assert_eq!(kept(&cache, &before).await, [false, true, false, true]);

        let before = all(&cache).await;
        let _ = user_invalidate_by_tenant(&cache, "other").await.unwrap();
        assert_eq!(kept(&cache, &before).await, [true, true, true, false]);
        let _ = user_invalidate_by_id_tenant(&cache, "acme", 2).await.unwrap();
        assert_eq!(kept(&cache, &before).await, [true, false, true, false]);
    }
}

#[tokio::test]
async fn what_is_refreshed_has_its_tags_too() {
    let cache = far();
    user_refresh(&cache, "acme", 1, "de").await.unwrap();
    let (first, _) = user_with_status(&cache, "acme", 2, "de").await;
    change_tenant(&cache, "acme".to_owned()).await.unwrap();
    assert_eq!(user_peek(&cache, "acme", 1, "de").await, None);
    assert_ne!(user(&cache, "acme", 2, "de").await, first);
}

#[cached(prefix = "group:teams", tags_with = |user: &User| user.teams.clone(), cache = cache, skip(cache))]
async fn member(cache: &CacheManager, id: u64) -> Option<User> {
    let _ = cache;
    Some(User { number: fresh(), teams: vec![format!("team:{}", id % 2)] })
}

#[tokio::test]
async fn values_may_name_tags() {
    for cache in [tiered(), far()] {
        let before = (member(&cache, 1).await, member(&cache, 2).await);
        let _ = cache.invalidate_tags(["team:1"]).await.unwrap();
        assert_eq!(member(&cache, 2).await, before.1);
        assert_ne!(member(&cache, 1).await, before.0);
    }
}

#[cached(prefix = "group:sync", group_by(tenant), tags("sync"), cache = cache, skip(cache))]
fn near(cache: &CacheManager, tenant: u64, id: u64) -> u64 {
    let _ = (cache, tenant, id);
    fresh()
}

#[invalidate_cache(near(cache = cache, tenant = tenant, ..))]
fn change_near(cache: &CacheManager, tenant: u64) {
    let _ = (cache, tenant);
}

#[test]
fn functions_that_are_not_async_have_groups_too() {
    let cache = tiered();
    let values = || [near(&cache, 1, 1), near(&cache, 1, 2), near(&cache, 2, 1)];
    let before = values();
    let _ = near_invalidate_by_tenant(&cache, 2);
    let after = values();
    let kept = |before: [u64; 3], after: [u64; 3]| {
        before.into_iter().zip(after).map(|(a, b)| a == b).collect::<Vec<_>>()
    };
    assert_eq!(kept(before, after), [true, true, false]);
    change_near(&cache, 1);
    assert_eq!(kept(after, values()), [false, false, true]);
}

struct Repo {
    tenant: u64,
    cache: CacheManager,
    loads: Mutex<Vec<Vec<u64>>>,
}

impl Repo {
    #[cached(prefix = "group:page", key(self.tenant, page, of), tags("repo:{self.tenant}"), group_by(of), cache = self.cache)]
    async fn page(&self, of: &str, page: u32) -> u64 {
        let _ = (of, page);
        fresh()
    }

    #[invalidate_cache(self.page(of = of, ..))]
    async fn write(&self, of: &str) {
        let _ = of;
    }

    #[invalidate_cache(tags("repo:{self.tenant}"), cache = self.cache)]
    async fn rebuild(&self) {}

    #[cached(prefix = "group:many", key(self.tenant, ids), batch = ids, tags("item:{ids}"), cache = self.cache)]
    async fn many(&self, ids: Vec<u64>) -> Vec<u64> {
        self.loads.lock().unwrap().push(ids.clone());
        ids
    }

    #[cached(companions = "none", shared, tags("alone:{id}"), group_by(id), cache = self.cache)]
    async fn alone(&self, id: u64) -> u64 {
        id + fresh()
    }
}

#[tokio::test]
async fn methods_batches_and_functions_alone_have_tags() {
    let repo = Repo { tenant: 7, cache: tiered(), loads: Mutex::default() };
    let before = (repo.page("a", 1).await, repo.page("b", 1).await);
    repo.write("a").await;
    assert!(repo.page("a", 1).await != before.0 && repo.page("b", 1).await == before.1);
    let _ = repo.page_invalidate_by_of("b").await.unwrap();
    let third = repo.page("b", 1).await;
    assert_ne!(third, before.1);
    repo.rebuild().await;
    assert_ne!(repo.page("b", 1).await, third);

    repo.many(vec![1, 2, 3]).await;
    let _ = repo.cache.invalidate_tags(["item:2"]).await.unwrap();
    repo.many(vec![1, 2, 3]).await;
    assert_eq!(*repo.loads.lock().unwrap(), [vec![1, 2, 3], vec![2]]);

    let before = (repo.alone(1).await, repo.alone(2).await);
    let _ = repo.cache.invalidate_tags(["alone:1"]).await.unwrap();
    assert!(repo.alone(1).await != before.0 && repo.alone(2).await == before.1);
}

#[cached(prefix = "group:text", tags("{a}:{b}"), cache = cache, skip(cache))]
async fn two(cache: &CacheManager, a: &str, b: &str) -> u64 {
    let _ = (cache, a, b);
    fresh()
}

#[tokio::test]
async fn a_colon_of_a_user_is_not_a_separator() {
    let cache = tiered();
    let before = (two(&cache, "a:b", "c").await, two(&cache, "a", "b:c").await);
    let _ = cache.invalidate_tags(["a%3Ab:c"]).await.unwrap();
    assert_ne!(two(&cache, "a:b", "c").await, before.0);
    assert_eq!(two(&cache, "a", "b:c").await, before.1);
}

#[cached(prefix = "group:pair", tags("tenant:{tenant}"), cache = cache, skip(cache))]
async fn pair(cache: &CacheManager, (tenant, id): (&str, u64)) -> u64 {
    let _ = (cache, tenant, id);
    fresh()
}

#[cached(companions = "none", prefix = "group:lone", tags("tenant:{tenant}"), cache = cache, skip(cache))]
async fn lone(cache: &CacheManager, (tenant, id): (&str, u64)) -> u64 {
    let _ = (cache, tenant, id);
    fresh()
}

#[tokio::test]
async fn a_tag_may_name_what_a_pattern_binds() {
    let cache = tiered();
    let before = (pair(&cache, ("a", 1)).await, lone(&cache, ("a", 1)).await, pair(&cache, ("b", 1)).await);
    let _ = cache.invalidate_tags(["tenant:a"]).await.unwrap();
    assert_ne!(pair(&cache, ("a", 1)).await, before.0);
    assert_ne!(lone(&cache, ("a", 1)).await, before.1);
    assert_eq!(pair(&cache, ("b", 1)).await, before.2);
}
