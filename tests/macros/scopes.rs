//! `user` and `tenant`: whose entry it is.

use larder::{CacheManager, KeyPattern, cached};

use crate::{far, fresh};

struct Session {
    user: Option<u64>,
    tenant: &'static str,
}

#[cached(prefix = "list", user = session.user, tenant = session.tenant, skip(session, cache), cache = cache)]
async fn list(cache: &CacheManager, session: &Session, page: u32) -> u64 {
    fresh() + u64::from(page)
}

fn session(user: Option<u64>) -> Session {
    Session { user, tenant: "acme" }
}

#[tokio::test]
async fn users_have_entries_of_their_own_and_nobody_is_not_user_0() {
    let cache = far();
    let mut values = Vec::new();
    for user in [None, Some(0), Some(7)] {
        let value = list(&cache, &session(user), 1).await;
        assert_eq!(list(&cache, &session(user), 1).await, value);
        values.push(value);
    }
    values.sort_unstable();
    values.dedup();
    assert_eq!(values.len(), 3);
    let key = |user| list_cache_key(&cache, &session(user), 1).relative().to_owned();
    assert_eq!(key(None), "list:~tenant:acme:~user:~:1u32");
    assert_eq!(key(Some(0)), "list:~tenant:acme:~user:0:1u32");
    assert_eq!(key(Some(7)), "list:~tenant:acme:~user:7:1u32");
}

#[tokio::test]
async fn everything_of_a_user_can_be_removed() {
    let cache = far();
    for user in [None, Some(7), Some(77)] {
        list(&cache, &session(user), 1).await;
        list(&cache, &session(user), 2).await;
    }
    let removed = cache.delete_pattern(KeyPattern::for_user(7).unwrap()).await.unwrap();
    assert_eq!(removed.removed, 2);
    assert!(list_peek(&cache, &session(Some(77)), 1).await.is_some());
    assert!(list_peek(&cache, &session(None), 1).await.is_some());
    assert!(list_peek(&cache, &session(Some(7)), 1).await.is_none());
}

#[cached(prefix = "mine", user = user, cache = cache, skip(cache))]
async fn mine(cache: &CacheManager, user: u64, page: u32) -> u64 {
    fresh() + user + u64::from(page)
}

struct Inbox {
    owner: u64,
    cache: CacheManager,
}

impl Inbox {
    #[cached(prefix = "inbox", user = self.owner, cache = self.cache)]
    async fn unread(&self) -> u64 {
        fresh()
    }
}

#[tokio::test]
async fn an_argument_that_is_the_scope_is_not_in_the_key_twice() {
    let cache = far();
    assert_eq!(mine_cache_key(&cache, 7, 1).relative(), "mine:~user:7:1u32");
    assert_eq!(mine(&cache, 7, 1).await, mine(&cache, 7, 1).await);
    assert_ne!(mine(&cache, 8, 1).await, mine(&cache, 7, 1).await);
    let inbox = Inbox { owner: 7, cache };
    assert_eq!(inbox.unread_cache_key().relative(), "inbox:~user:7");
    assert_eq!(inbox.unread().await, inbox.unread().await);
}
