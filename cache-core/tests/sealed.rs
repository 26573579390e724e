//! Secure keyspaces: what byte tiers hold of them says nothing, and without a key nothing is stored or served.

#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)] // helpers of a test may panic

mod common;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_core::codec::Keyring;
use cache_core::entry::Reason;
use cache_core::error::ErrorKind;
use cache_core::key::{CacheKey, Namespace};
use cache_core::manager::{Builder, CacheManager, LoadError, Policy, Written};
use cache_core::port::backend::{CacheBackend, NullBackend, Remaining, SetOptions};
use cache_core::testkit::MapBackend;
use cache_core::time::Ttl;
use common::{faulty, near};

const CANARY: &str = "the canary is c4nary";

fn map() -> Arc<MapBackend> {
    Arc::new(MapBackend::new())
}

/// A near tier, these bytes behind it, and this key.
fn keyed(bytes: &Arc<impl CacheBackend>, key: u8) -> Builder {
    CacheManager::builder().near(near()).primary(Arc::clone(bytes)).jitter(0.0).master_key([key; 32])
}

fn secure(bytes: &Arc<impl CacheBackend>) -> CacheManager {
    keyed(bytes, 1).policy(Policy::secure()).build().unwrap()
}

fn key(text: &str) -> CacheKey {
    CacheKey::direct(&Namespace::default(), text).unwrap()
}

async fn stored(bytes: &impl CacheBackend, text: &str) -> Bytes {
    bytes.get(&key(text)).await.unwrap().unwrap()
}

fn is_clear(bytes: &[u8]) -> bool {
    bytes.windows(6).any(|window| window == b"canary")
}

fn canary() -> String {
    CANARY.to_owned()
}

#[tokio::test]
async fn every_write_is_sealed_and_every_read_opens() {
    let bytes = map();
    let cache = secure(&bytes);
    assert_eq!(cache.set("set", canary(), Ttl::secs(60)).await.unwrap(), Written::Stored);
    assert!(cache.add("add", canary(), Ttl::secs(60)).await.unwrap());
    let loaded = cache.get_or_load("load", || async { Ok::<_, String>(canary()) }).await.unwrap();
    assert_eq!(loaded, CANARY);
    let load = |ids: Vec<u64>| async move {
        Ok::<_, String>(ids.into_iter().map(|id| (id, canary())).collect::<HashMap<_, _>>())
    };
    let batch = cache.get_or_load_many([7], load);
    let _all = batch.prefix("batch").await.unwrap();
    for text in ["set", "add", "load", "batch:7"] {
        assert!(!is_clear(&stored(&bytes, text).await), "{text}");
        assert_eq!(cache.get::<String>(text).await.unwrap(), Some(canary()), "{text}");
    }
    assert_eq!(cache.stats().near_entries, 0, "nothing live is kept");
    assert_eq!(cache.stats().opened_by_key, [4, 0, 0, 0]);
    assert!(
        matches!(cache.ttl("set").await.unwrap(), Remaining::For(left) if left > Duration::from_secs(50))
    );
    assert_eq!(cache.get_and_delete::<String>("set").await.unwrap(), Some(canary()));
    assert_eq!(cache.get::<String>("set").await.unwrap(), None);
}

#[tokio::test]
async fn absence_is_sealed_too() {
    let bytes = map();
    let cache = secure(&bytes);
    let load = || async { Ok::<_, String>(None::<String>) };
    let absent = cache.get_or_load("nobody", load).policy(Policy::secure().negative_ttl(Ttl::secs(60))).await;
    assert_eq!(absent.unwrap(), None);
    let frame = stored(&bytes, "nobody").await;
    assert!(cache_core::codec::peek(&frame).unwrap().sealed);
}

#[tokio::test]
async fn live_values_are_near_only_where_somebody_said_so() {
    let cache = keyed(&map(), 1).policy(Policy::secure().near_too()).build().unwrap();
    let _ = cache.set("k", canary(), Ttl::secs(60)).await.unwrap();
    assert_eq!(cache.stats().near_entries, 1);
    // A load that is secure by itself has not said so.
    let load = cache.get_or_load("other", || async { Ok::<_, String>(canary()) });
    assert_eq!(load.policy(Policy::secure()).await.unwrap(), CANARY);
    assert_eq!(cache.stats().near_entries, 1);
}

#[tokio::test]
async fn a_value_in_clear_is_neither_believed_nor_left() {
    let bytes = map();
    let open = CacheManager::builder().primary(Arc::clone(&bytes)).build().unwrap();
    let _ = open.set("k", canary(), Ttl::secs(60)).await.unwrap();
    assert!(is_clear(&stored(&bytes, "k").await));
    assert_eq!(secure(&bytes).get::<String>("k").await.unwrap(), None);
    assert!(bytes.is_empty());
    // Nor is a counter, which could be anybody's.
    assert_eq!(open.increment("n", 7, Ttl::secs(60)).await.unwrap(), 7);
    assert_eq!(secure(&bytes).get::<i64>("n").await.unwrap(), None);
    assert!(bytes.is_empty());
}

#[tokio::test]
async fn who_is_not_secure_misses_what_is_sealed_and_leaves_it() {
    let bytes = map();
    let (secure, open) = (secure(&bytes), keyed(&bytes, 1).build().unwrap());
    let _ = secure.set("k", canary(), Ttl::secs(60)).await.unwrap();
    assert_eq!(open.get::<String>("k").await.unwrap(), None);
    assert_eq!(secure.get::<String>("k").await.unwrap(), Some(canary()));
    // What a person sees of it says that it is there.
    let shown = open.explain("k").await.unwrap();
    assert_eq!(shown.tiers[1].reason, None);
    assert!(!format!("{shown} {shown:#} {shown:?}").contains("canary"));
}

#[tokio::test]
async fn a_moved_frame_is_a_miss_and_is_removed() {
    let bytes = map();
    let cache = secure(&bytes);
    let _ = cache.set("mine", canary(), Ttl::secs(60)).await.unwrap();
    let frame = stored(&bytes, "mine").await;
    bytes.set(&key("yours"), frame, SetOptions::default()).await.unwrap();
    assert_eq!(cache.get::<String>("yours").await.unwrap(), None);
    assert_eq!(bytes.len(), 1);
    assert_eq!(cache.get::<String>("mine").await.unwrap(), Some(canary()));
}

#[tokio::test]
async fn a_key_is_rotated_without_a_miss_and_the_old_one_counted_out() {
    let bytes = map();
    let first = secure(&bytes);
    let _ = first.set("old", canary(), Ttl::secs(60)).await.unwrap();
    let rotated = keyed(&bytes, 2).previous_master_keys([[1; 32]]).policy(Policy::secure()).build().unwrap();
    assert_eq!(rotated.get::<String>("old").await.unwrap(), Some(canary()));
    let _ = rotated.set("new", canary(), Ttl::secs(60)).await.unwrap();
    assert_eq!(rotated.get::<String>("new").await.unwrap(), Some(canary()));
    assert_eq!(rotated.stats().opened_by_key, [1, 1, 0, 0]);
    assert!(rotated.stats().to_string().ends_with("sealed frames opened, by key: [1, 1, 0, 0]"));
    rotated.reset_stats();
    assert_eq!(rotated.stats().opened_by_key, [0; 4]);
    // Who was not told of the new key misses, and leaves it to those who were.
    assert_eq!(first.get::<String>("new").await.unwrap(), None);
    assert_eq!(rotated.get::<String>("new").await.unwrap(), Some(canary()));
}

#[tokio::test]
async fn without_a_key_nothing_is_stored_or_served_and_who_asks_is_told() {
    let bytes = map();
    let keyless = CacheManager::builder().near(near()).primary(Arc::clone(&bytes)).build().unwrap();
    let load = || async { Ok::<_, String>(canary()) };
    let error = keyless.get_or_load("k", load).policy(Policy::secure()).await.unwrap_err();
    let LoadError::Cache(error) = error else { panic!("{error:?}") };
    assert_eq!(error.kind(), ErrorKind::Config);
    assert!(error.to_string().contains("CACHE_MASTER_KEY"), "{error}");
    assert!(bytes.is_empty());
    assert_eq!(keyless.stats().near_entries, 0);
}

#[tokio::test]
async fn a_secure_manager_is_not_built_on_nothing() {
    let refused = |builder: Builder, part: &str| {
        let error = builder.policy(Policy::secure()).build().unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Config);
        assert!(error.to_string().contains(part), "{error}");
    };
    refused(CacheManager::builder().primary(map()), "has no master key");
    refused(CacheManager::builder().near(near()).master_key([1; 32]), "name a primary, or say near_too");
    refused(keyed(&Arc::new(NullBackend), 1), "null backend");
    refused(CacheManager::builder().primary(map()).master_key("c4nary"), "*** of 6 characters");
    refused(keyed(&map(), 1).previous_master_keys([[1; 32]]), "is among the previous ones");
    refused(keyed(&map(), 1).previous_master_keys([[2; 32], [3; 32], [4; 32], [5; 32]]), "more than three");
    refused(CacheManager::builder().primary(map()).previous_master_keys([[2; 32]]), "but no current one");
    refused(keyed(&map(), 1).keyring(Keyring::new([1; 32]).unwrap()), "give one of them");
    let ring = Keyring::new([1; 32]).unwrap();
    assert!(CacheManager::builder().primary(map()).keyring(ring).policy(Policy::secure()).build().is_ok());
}

#[tokio::test]
async fn a_tier_that_cannot_be_reached_is_an_error_and_an_entry_that_does_not_open_is_not() {
    let bytes = faulty();
    let cache = keyed(&bytes, 1).policy(Policy::secure()).build().unwrap();
    let _ = cache.set("k", canary(), Ttl::secs(60)).await.unwrap();
    bytes.down(true);
    assert_eq!(cache.get::<String>("k").await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(cache.set("k", canary(), Ttl::secs(60)).await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert!(cache.get_and_delete::<String>("k").await.is_err());
    assert!(cache.delete("k").await.is_err());
    let load = cache.get_or_load("k", || async { Ok::<_, String>(canary()) }).await;
    assert!(matches!(load, Err(LoadError::Cache(_))));
    bytes.down(false);
    let other = keyed(&bytes, 9).policy(Policy::secure()).build().unwrap();
    assert_eq!(other.get::<String>("k").await.unwrap(), None);
}

#[tokio::test]
async fn what_cannot_be_sealed_is_refused() {
    let cache = secure(&map());
    let error = cache.increment("n", 1, Ttl::secs(60)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unsupported);
    assert!(error.to_string().contains("counters cannot be sealed"), "{error}");
}

#[tokio::test]
async fn what_a_claim_carries_is_sealed_too() {
    let bytes = map();
    let cache = secure(&bytes);
    let claim = cache.claim("job", Duration::from_secs(60)).payload(CANARY).await.unwrap().unwrap();
    let group = CacheKey::of_claim(&Namespace::default(), "job").unwrap();
    let [live] = &bytes.claims(&group).await.unwrap()[..] else { panic!("one claim") };
    assert!(!live.payload.is_empty() && !is_clear(&live.payload));
    let seen = cache.claim_holder("job").await.unwrap().unwrap();
    assert_eq!(seen.payload::<String>().as_deref(), Some(CANARY));
    assert!(!format!("{seen:?}").contains("canary"));
    // Who is not secure sees that it is held, and no more.
    let open = keyed(&bytes, 1).build().unwrap();
    let seen = open.claim_holder("job").await.unwrap().unwrap();
    assert_eq!((seen.key(), seen.payload::<String>()), ("job", None));
    claim.release().await.unwrap();
}

#[tokio::test]
async fn nothing_secure_is_served_after_its_expiry() {
    let cache = keyed(&map(), 1).policy(Policy::secure()).build().unwrap();
    let _ = cache.set("k", canary(), Ttl::secs(60)).await.unwrap();
    let _ = cache.expire("k").await.unwrap();
    let load = cache.get_or_load("k", || async { Err::<String, _>("down".to_owned()) });
    assert!(matches!(load.await, Err(LoadError::Loader(_))));
}

#[tokio::test(start_paused = true)]
async fn nobody_waits_more_than_five_seconds_for_what_is_secure() {
    let cache = secure(&map());
    let began = tokio::time::Instant::now();
    let hung = cache.get_or_load("k", std::future::pending::<Result<String, String>>);
    assert!(hung.await.unwrap_err().is_timeout());
    assert_eq!(began.elapsed().as_secs(), 5);
}

#[test]
fn no_secret_is_shown_by_what_holds_one() {
    let bytes = map();
    let digits = "c4".repeat(32);
    let builder = CacheManager::builder()
        .primary(Arc::clone(&bytes))
        .master_key(&digits)
        .previous_master_keys(["c5".repeat(32)])
        .key_secret("c4nary c4nary c4nary")
        .policy(Policy::secure());
    let mut shown = format!("{builder:?}");
    let cache = builder.build().unwrap();
    shown += &format!("{cache:?} {:?} {} {:?}", cache.stats(), cache.stats(), cache.health_now());
    for secret in ["c4c4", "c5c5", "196, 196", "197, 197", "c4nary"] {
        assert!(!shown.contains(secret), "{shown}");
    }
}

#[test]
fn a_reason_that_others_can_read_does_not_remove() {
    let left = [Reason::UnknownKey, Reason::Sealed, Reason::NoMasterKey];
    assert!(left.into_iter().all(|reason| !reason.heals()));
    assert!([Reason::NotAuthentic, Reason::NotSealed].into_iter().all(Reason::heals));
}
