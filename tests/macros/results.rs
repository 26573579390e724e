//! What a return type means.

use std::sync::Arc;

use larder::{CacheManager, SharedError, cached};

use crate::{FAR, TIERED, fresh};

type Answer<T> = std::result::Result<T, Trouble>;

#[derive(Debug, Clone, PartialEq)]
struct Trouble(u64);

#[cached(cache = FAR)]
async fn fallible(id: u64) -> Answer<u64> {
    if id == 0 { Err(Trouble(fresh())) } else { Ok(fresh()) }
}

#[tokio::test]
async fn an_alias_of_result_is_a_result_and_errors_are_not_stored() {
    assert_eq!(fallible(1).await, fallible(1).await);
    assert_ne!(fallible(0).await, fallible(0).await);
    assert_eq!(fallible_peek(0).await, None);
    assert_eq!(fallible_peek(1).await, Some(fallible(1).await));
}

#[cached(cache = FAR)]
async fn optional(id: u64) -> Option<u64> {
    (id != 0).then(fresh)
}

#[cached(cache = FAR, cache_none)]
async fn remembered(id: u64) -> Result<Option<u64>, Trouble> {
    CALLS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
    Ok((id != 0).then(fresh))
}

static CALLS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

#[tokio::test]
async fn absence_is_remembered_only_when_asked() {
    assert_eq!((optional(0).await, optional_peek(0).await), (None, None));
    assert_eq!(optional(1).await, optional(1).await);
    for _ in 0..3 {
        assert_eq!(remembered(0).await, Ok(None));
    }
    assert_eq!(CALLS.load(std::sync::atomic::Ordering::Relaxed), 1);
    assert_eq!(remembered_peek(0).await, Some(Ok(None)));
}

struct NotClone(u64);

#[cached(local)]
async fn shared(_id: u64) -> Result<Arc<NotClone>, std::io::Error> {
    Ok(Arc::new(NotClone(fresh())))
}

#[tokio::test]
async fn an_arc_is_handed_out_as_it_is() {
    crate::switch_on();
    let first = shared(1).await.unwrap();
    assert!(Arc::ptr_eq(&first, &shared(1).await.unwrap()));
    assert!(first.0 > 0);
}

#[cached(cache = TIERED)]
async fn nothing(_id: u64) {
    LOADS.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
}

static LOADS: std::sync::atomic::AtomicU64 = std::sync::atomic::AtomicU64::new(0);

#[tokio::test]
async fn unit_is_a_value() {
    nothing(1).await;
    nothing(1).await;
    assert_eq!(LOADS.load(std::sync::atomic::Ordering::Relaxed), 1);
}

type Boxed = Box<dyn std::error::Error + Send + Sync>;

/// A manager is no part of a key.
#[cached(cache = cache, skip(cache))]
async fn slow_in(cache: &CacheManager, id: u64) -> Result<u64, Boxed> {
    tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    Err(format!("trouble {id} {}", fresh()).into())
}

#[tokio::test]
async fn followers_get_the_text_of_an_error_that_cannot_be_cloned() {
    let cache = crate::tiered();
    let (one, two) = tokio::join!(slow_in(&cache, 1), slow_in(&cache, 1));
    let (one, two) = (one.unwrap_err(), two.unwrap_err());
    assert_eq!(one.to_string(), two.to_string());
    assert!(two.downcast_ref::<SharedError>().is_some() || one.downcast_ref::<SharedError>().is_some());
    assert_eq!(cache.stats().loads, 1);
}
