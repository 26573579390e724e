//! The functions beside a cached one.

use std::sync::atomic::{AtomicU64, Ordering};

use larder::cached;

use crate::{FAR, fresh};

#[cached(prefix = "user", cache = FAR, skip(db))]
async fn user(db: &str, id: u64) -> Result<String, String> {
    static LOADS: AtomicU64 = AtomicU64::new(0);
    if id == 0 {
        return Err("no user".to_owned());
    }
    let load = LOADS.fetch_add(1, Ordering::Relaxed) + 1;
    Ok(format!("{db}{id} load {load}"))
}

#[tokio::test]
async fn companions_do_what_their_names_say() {
    let key = user_cache_key(7);
    assert_eq!((key.as_str(), key.relative()), ("t:d:user:7", "user:7"));
    assert_eq!(user_peek(7).await, None);

    assert_eq!(user("u", 7).await.unwrap(), "u7 load 1");
    assert_eq!(user("other", 7).await.unwrap(), "u7 load 1");
    assert_eq!(user_peek(7).await.unwrap().unwrap(), "u7 load 1");
    assert_eq!(FAR.get::<String>(&key).await.unwrap().unwrap(), "u7 load 1");

    assert_eq!(user_uncached("u", 7).await.unwrap(), "u7 load 2");
    assert_eq!(user("u", 7).await.unwrap(), "u7 load 1");

    assert_eq!(user_refresh("u", 7).await.unwrap(), "u7 load 3");
    assert_eq!(user("u", 7).await.unwrap(), "u7 load 3");

    assert_eq!(user_invalidate(7).await.unwrap().removed, 1);
    assert_eq!(user_invalidate(7).await.unwrap().removed, 0);
    assert_eq!(user("u", 7).await.unwrap(), "u7 load 4");
}

#[tokio::test]
async fn a_failed_refresh_keeps_nothing_of_its_own() {
    assert!(user_refresh("u", 0).await.is_err());
    assert_eq!(user_peek(0).await, None);
}

/// An argument that another thread may have, but not look at.
#[derive(Clone, larder::KeyPart)]
struct Counted {
    id: u64,
    #[key_part(skip)]
    count: std::cell::Cell<u64>,
}

#[cached(prefix = "counted", cache = FAR)]
async fn counted(of: Counted) -> u64 {
    of.count.get() + fresh()
}

/// The futures of a family hold what they are given, never a reference to it: they go wherever the arguments may go.
#[tokio::test]
async fn arguments_need_not_be_shared_among_threads() {
    let of = || Counted { id: 7, count: std::cell::Cell::new(1) };
    let loaded = tokio::spawn(counted(of())).await.unwrap();
    assert_eq!(tokio::spawn(counted_peek(of())).await.unwrap(), Some(loaded));
    assert!(tokio::spawn(counted_with_status(of())).await.unwrap().0 >= loaded);
    assert!(tokio::spawn(counted_refresh(of())).await.unwrap() > loaded);
    assert_eq!(tokio::spawn(counted_invalidate(of())).await.unwrap().unwrap().removed, 1);
}

mod db {
    #[larder::cached(prefix = "visible", cache = crate::FAR)]
    pub(crate) async fn visible(id: u64) -> u64 {
        id + crate::fresh()
    }
}

#[tokio::test]
async fn companions_are_as_visible_as_the_function() {
    let value = db::visible_refresh(1).await;
    assert_eq!((db::visible(1).await, db::visible_peek(1).await), (value, Some(value)));
    assert_ne!(db::visible_uncached(1).await, value);
    assert_eq!(db::visible_cache_key(1).relative(), "visible:1");
    assert!(db::visible_invalidate(1).await.unwrap().removed > 0);
}

#[cached(companions = "none", cache = FAR)]
async fn alone(id: u64) -> u64 {
    id + fresh()
}

#[tokio::test]
async fn without_companions_it_is_cached_all_the_same() {
    assert_eq!(alone(1).await, alone(1).await);
    assert_ne!(alone(1).await, alone(2).await);
}
