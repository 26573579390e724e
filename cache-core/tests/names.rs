//! What a key is called where others read it, and what the store that holds nothing answers.

#![allow(clippy::unwrap_used)]

mod common;

use std::time::Duration;

use bytes::Bytes;
use cache_core::error::{Error, ErrorKind, Result};
use cache_core::key::{CacheKey, KeyPattern, Namespace};
use cache_core::manager::LoadError;
use cache_core::policy::FailMode;
use cache_core::port::backend::{
    CacheBackend, ClaimId, ClaimOptions, Expiry, NullBackend, SetCondition, SetOptions,
};
use cache_core::time::Ttl;

/// Who is named by the key.
const ANN: &str = "user:ann@example.org";

#[tokio::test]
async fn no_error_shows_the_text_of_a_key() {
    let primary = common::faulty();
    let closed = common::over(&primary).fail_mode(FailMode::Closed).max_entry_bytes(1_000).build().unwrap();
    let mut errors: Vec<Error> = Vec::new();
    assert!(closed.set(ANN, 1_u64, Ttl::secs(60)).await.unwrap().is_stored());
    errors.push(closed.get::<String>(ANN).await.unwrap_err());
    errors.extend(closed.set(ANN, vec![7_u8; 2_000], Ttl::secs(60)).await.err());
    let late = closed.get_or_load(ANN, || async { std::future::pending::<Result<u64, String>>().await });
    let LoadError::Cache(late) = late.timeout(Duration::from_millis(1)).await.unwrap_err() else {
        unreachable!("the loader never answers")
    };
    errors.push(late);
    primary.down(true);
    errors.push(closed.get::<u64>(ANN).await.unwrap_err());
    errors.push(closed.get_and_delete::<u64>(ANN).await.unwrap_err());
    errors.push(closed.increment(ANN, 1, Ttl::secs(60)).await.unwrap_err());
    assert!(errors.len() >= 5);
    for error in errors {
        let said = format!("{error} {error:?}");
        assert!(!said.contains("ann@") && !said.contains("example"), "{said}");
    }
    let key = CacheKey::direct(&Namespace::new("shop").unwrap(), ANN).unwrap();
    let (shown, debugged) = (format!("{key}"), format!("{key:?}"));
    assert!(shown.starts_with("shop#") && shown.len() == "shop#".len() + 8, "{shown}");
    assert!(!debugged.contains("ann@"), "{debugged}");
}

#[tokio::test]
async fn the_store_that_holds_nothing_answers_as_one_that_is_empty() {
    let (null, shop) = (NullBackend, Namespace::new("shop").unwrap());
    let key = CacheKey::direct(&shop, "k").unwrap();
    let (frame, add) = (Bytes::from_static(b"v"), SetOptions::default());
    assert!(!null.is_available());
    assert!(null.set(&key, frame.clone(), add).await.unwrap());
    assert!(null.set(&key, frame.clone(), add.when(SetCondition::IfAbsent)).await.unwrap());
    assert!(null.set(&key, frame.clone(), add.when(SetCondition::IfAbsent)).await.unwrap(), "it was dropped");
    assert_eq!(null.get(&key).await.unwrap(), None);
    assert_eq!(null.get_and_delete(&key).await.unwrap(), None);
    assert_eq!(null.get_many(&[key.clone(), key.clone()]).await.unwrap(), [None, None]);
    assert_eq!(null.set_many(vec![(key.clone(), frame, add)]).await.unwrap(), [true]);
    assert!(!null.delete(&key, Default::default()).await.unwrap() && !null.exists(&key).await.unwrap());
    assert_eq!(null.delete_many(std::slice::from_ref(&key)).await.unwrap(), 0);
    let all = KeyPattern::parse("*").unwrap().within(&shop);
    assert_eq!((null.delete_pattern(&all).await.unwrap(), null.clear(&shop).await.unwrap()), (0, 0));
    let counted =
        [null.increment(&key, 3, Expiry::Never).await, null.increment(&key, 3, Expiry::Never).await];
    assert_eq!(counted.map(Result::unwrap), [3, 3]);
    let second = Duration::from_secs(1);
    for refused in [
        null.acquire_lease(&key, 7, second).await.map(drop),
        null.renew_lease(&key, 7, second).await.map(drop),
        null.release_lease(&key, 7).await.map(drop),
        null.claim(&key, ClaimId::new("m", 7), ClaimOptions::new(second)).await.map(drop),
        null.claims(&key).await.map(drop),
    ] {
        assert_eq!(refused.unwrap_err().kind(), ErrorKind::Unsupported);
    }
}
