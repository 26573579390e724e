//! Keyspaces that people declare.

#![allow(clippy::unwrap_used, clippy::panic)]

mod common;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::{Keyspace, LoadError};
use cache_core::port::backend::Remaining;
use cache_core::time::Ttl;
use common::{faulty, over};

static USERS: Keyspace<String> = Keyspace::with("user", |policy| policy.ttl(Ttl::secs(60)));
static NAMES: Keyspace<String> = Keyspace::new("name");
static WRONG: Keyspace<u64> = Keyspace::with("wrong", |policy| policy.ttl(Ttl::secs(0)));

#[tokio::test]
async fn a_keyspace_has_the_verbs_with_its_type_and_its_policy() {
    let primary = faulty();
    let manager = over(&primary).build().unwrap();
    let users = manager.keyspace(&USERS);
    assert!(users.set(7_u64, "ann".to_owned(), Ttl::Default).await.unwrap().is_stored());
    assert_eq!(users.get(7_u64).await.unwrap().as_deref(), Some("ann"));
    assert_eq!(users.get("7").await.unwrap(), None, "another id");
    let Remaining::For(left) = users.ttl(7_u64).await.unwrap() else { panic!("a life") };
    assert!(left > Duration::from_secs(55) && left <= Duration::from_secs(60), "{left:?}");
    assert!(!users.add(7_u64, "eve".to_owned(), Ttl::Default).await.unwrap());
    assert!(users.exists(7_u64).await.unwrap());
    assert_eq!(users.key(7_u64).as_str(), "larder:d:user:7");

    let another = over(&primary).build().unwrap();
    assert_eq!(another.keyspace(&USERS).get(7_u64).await.unwrap().as_deref(), Some("ann"));
    assert_eq!(users.get_and_delete(7_u64).await.unwrap().as_deref(), Some("ann"));
    assert_eq!(users.get(7_u64).await.unwrap(), None);
}

#[tokio::test]
async fn a_load_is_shared_stored_and_counted_in_its_keyspace() {
    let manager = over(&faulty()).build().unwrap();
    let (users, loads) = (manager.keyspace(&USERS), AtomicU64::new(0));
    let load = || async {
        loads.fetch_add(1, Ordering::SeqCst);
        Ok::<_, String>("ann".to_owned())
    };
    for _ in 0..3 {
        assert_eq!(users.get_or_load(7_u64, load).timeout(Duration::from_secs(5)).await.unwrap(), "ann");
    }
    assert_eq!(loads.load(Ordering::SeqCst), 1);
    assert_eq!(manager.stats().keyspace("user").requests(), 3);
    assert!(users.delete(7_u64).await.unwrap().removed == 1 && !users.exists(7_u64).await.unwrap());
}

#[tokio::test]
async fn clearing_a_keyspace_leaves_its_siblings() {
    let manager = over(&faulty()).build().unwrap();
    let (users, names) = (manager.keyspace(&USERS), manager.keyspace(&NAMES));
    for id in 0..3_u64 {
        let _ = users.set((id, "de"), "ann".to_owned(), Ttl::Never).await.unwrap();
        let _ = names.set(id, "ann".to_owned(), Ttl::Never).await.unwrap();
    }
    assert_eq!(users.clear().await.unwrap().removed, 3);
    assert_eq!(
        (users.get((1_u64, "de")).await.unwrap(), names.get(1_u64).await.unwrap().is_some()),
        (None, true)
    );
}

#[tokio::test]
async fn a_policy_that_cannot_be_kept_is_an_error_of_every_verb_that_needs_it() {
    let manager = over(&faulty()).build().unwrap();
    let wrong = manager.keyspace(&WRONG);
    assert_eq!(wrong.get(7_u64).await.unwrap_err().kind(), ErrorKind::Config);
    assert_eq!(wrong.set(7_u64, 1, Ttl::Default).await.unwrap_err().kind(), ErrorKind::Config);
    let load = wrong.get_or_load(7_u64, || async { Ok::<_, String>(1) }).await;
    assert!(matches!(load, Err(LoadError::Cache(error)) if error.kind() == ErrorKind::Config));
}
