//! Leases: who may fill a key, and when a fill is too late.

use bytes::Bytes;

use super::Trial;
use super::trial::{LONG, SHORT, frame};
use crate::key::CacheKey;
use crate::port::backend::{DeleteOptions, SetCondition, SetOptions};

async fn lease(trial: &Trial, key: &CacheKey) -> Option<u128> {
    trial.backend.acquire_lease(key, LONG).await.expect("acquire_lease")
}

async fn fill(trial: &Trial, key: &CacheKey, token: u128, value: Bytes) -> bool {
    let options = SetOptions::default().when(SetCondition::IfLease(token));
    trial.backend.set(key, value, options).await.expect("set")
}

/// Of a hundred callers that want the lease of a key at once, one gets it.
pub async fn a_lease_has_one_holder(trial: Trial) {
    let key = trial.key("user:7");
    let wanted = key.clone();
    let held = trial
        .crowd(move |trial, _| {
            let key = wanted.clone();
            async move { lease(&trial, &key).await }
        })
        .await;
    assert_eq!(held.into_iter().flatten().count(), 1);
    assert!(lease(&trial, &trial.key("user:8")).await.is_some(), "another key has a lease of its own");
    assert_eq!(trial.held(&key).await, None, "a lease is no value");
}

/// A lease that is given back can be taken again; somebody else's cannot be given back.
pub async fn a_released_lease_can_be_taken(trial: Trial) {
    let key = trial.key("user:7");
    let token = lease(&trial, &key).await.expect("nobody holds it");
    let foreign = token.wrapping_add(1);
    assert!(!trial.backend.release_lease(&key, foreign).await.expect("release_lease"));
    assert_eq!(lease(&trial, &key).await, None);
    assert!(trial.backend.release_lease(&key, token).await.expect("release_lease"));
    let next = lease(&trial, &key).await.expect("nobody holds it");
    assert_ne!(next, token, "a token is never used twice");
}

/// A lease ends with its life, and its holder's fill is then refused.
pub async fn a_lease_ends_with_its_life(trial: Trial) {
    let key = trial.key("user:7");
    let dead =
        trial.backend.acquire_lease(&key, SHORT).await.expect("acquire_lease").expect("nobody holds it");
    trial.until("the lease ends", || async { lease(&trial, &key).await.is_some() }).await;
    assert!(!fill(&trial, &key, dead, frame("late")).await);
    assert_eq!(trial.held(&key).await, None);
}

/// A fill needs the lease, and ends it.
pub async fn a_fill_needs_the_lease_and_ends_it(trial: Trial) {
    let key = trial.key("user:7");
    assert!(!fill(&trial, &key, 7, frame("without a lease")).await);
    let token = lease(&trial, &key).await.expect("nobody holds it");
    assert!(!fill(&trial, &key, token.wrapping_add(1), frame("another's")).await);
    assert_eq!(trial.held(&key).await, None);
    assert!(fill(&trial, &key, token, frame("the holder's")).await);
    assert!(!fill(&trial, &key, token, frame("a second time")).await);
    assert_eq!(trial.held(&key).await, Some(frame("the holder's")));
    assert!(lease(&trial, &key).await.is_some(), "the lease has ended");
}

/// Whatever removes a key breaks its lease: a fill that began before is refused.
pub async fn what_removes_a_key_breaks_its_lease(trial: Trial) {
    let backend = &trial.backend;
    for (round, how) in ["delete", "delete_many", "delete_pattern", "clear"].into_iter().enumerate() {
        let key = trial.key(&format!("user:{round}"));
        let token = lease(&trial, &key).await.expect("nobody holds it");
        match how {
            "delete" => drop(backend.delete(&key, DeleteOptions::default()).await.expect(how)),
            "delete_many" => drop(backend.delete_many(std::slice::from_ref(&key)).await.expect(how)),
            "delete_pattern" => drop(backend.delete_pattern(&trial.pattern("user:*")).await.expect(how)),
            _ => drop(backend.clear(&trial.namespace).await.expect(how)),
        }
        assert!(!fill(&trial, &key, token, frame("too late")).await, "{how} breaks the lease");
        assert_eq!(trial.held(&key).await, None, "{how}");
    }
}
