//! Connecting, giving up half-way, and sharing a runtime.

use std::future::Future;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::Poll;
use std::time::Duration;

use super::Trial;
use super::trial::frame;
use crate::error::ErrorKind;
use crate::key::CacheKey;
use crate::port::backend::{ClaimId, ClaimOptions, SetCondition, SetOptions};

/// Connecting twice is connecting, and a store that connected has a chance.
pub async fn connect_can_be_repeated(trial: Trial) {
    trial.backend.connect().await.expect("connect");
    trial.backend.connect().await.expect("connect again");
    assert_eq!(trial.backend.is_available(), trial.backend.info().capability.stores);
}

/// What a backend says about itself does not change.
pub async fn a_backend_describes_itself_the_same_way(trial: Trial) {
    let before = trial.backend.info();
    let _ = trial.backend.get(&trial.key("user:7")).await;
    assert_eq!(trial.backend.info(), before);
    assert!(!before.name.is_empty());
}

/// A verb that is not declared is `Unsupported`, never a pretended success.
pub async fn what_is_not_offered_is_unsupported(trial: Trial) {
    let capability = trial.backend.info().capability;
    if !capability.leases {
        leases_are_unsupported(&trial, capability.stores).await;
    }
    if !capability.claims {
        claims_are_unsupported(&trial).await;
    }
    if !capability.health {
        let answer = trial.backend.health().await;
        assert_eq!(answer.expect_err("no health").kind(), ErrorKind::Unsupported);
    }
}

/// A report of health names every server that answered, once, and changes nothing that is stored.
pub async fn health_names_each_server_and_changes_nothing(trial: Trial) {
    let key = trial.key("user:7");
    trial.put(&key, &frame("user 7")).await;
    let health = trial.backend.health().await.expect("health");
    assert!(!health.servers.is_empty() && health.silent.is_empty(), "{health:?}");
    for server in &health.servers {
        assert!(!server.address.is_empty() && !server.version.is_empty() && !server.run_id.is_empty());
        assert!(server.run_id.chars().count() <= 8, "shortened: {}", server.run_id);
    }
    let mut runs: Vec<&str> = health.servers.iter().map(|server| server.run_id.as_str()).collect();
    runs.sort_unstable();
    runs.dedup();
    assert_eq!(runs.len(), health.servers.len(), "each once: {health:?}");
    assert_eq!(trial.held(&key).await, Some(frame("user 7")));
}

async fn leases_are_unsupported(trial: &Trial, stores: bool) {
    let key = trial.key("user:7");
    let acquired = trial.backend.acquire_lease(&key, 1, Duration::from_secs(1)).await;
    assert_eq!(acquired.expect_err("no leases").kind(), ErrorKind::Unsupported);
    let renewed = trial.backend.renew_lease(&key, 1, Duration::from_secs(1)).await;
    assert_eq!(renewed.expect_err("no leases").kind(), ErrorKind::Unsupported);
    let released = trial.backend.release_lease(&key, 1).await;
    assert_eq!(released.expect_err("no leases").kind(), ErrorKind::Unsupported);
    if stores {
        let leased = SetOptions::default().when(SetCondition::IfLease(1));
        let stored = trial.backend.set(&key, frame("user 7"), leased).await;
        assert_eq!(stored.expect_err("no leases").kind(), ErrorKind::Unsupported);
        assert_eq!(trial.held(&key).await, None);
    }
}

async fn claims_are_unsupported(trial: &Trial) {
    let group = CacheKey::of_claim(&trial.namespace, "report:7").expect("a key");
    let (id, life) = (ClaimId::new("report:7", 1), Duration::from_secs(1));
    let answers = [
        trial.backend.claim(&group, id.clone(), ClaimOptions::new(life)).await.map(drop),
        trial.backend.renew_claim(&group, id.clone(), life).await.map(drop),
        trial.backend.release_claim(&group, id).await.map(drop),
        trial.backend.claims(&group).await.map(drop),
    ];
    for answer in answers {
        assert_eq!(answer.expect_err("no claims").kind(), ErrorKind::Unsupported);
    }
}

/// After a disconnect calls fail as `Unavailable` or connect anew; after a connect they work, and a persistent
/// store still holds what it held.
pub async fn disconnect_then_connect_works_again(trial: Trial) {
    let (key, later) = (trial.key("user:7"), trial.key("user:8"));
    trial.put(&key, &frame("before")).await;
    trial.backend.disconnect().await.expect("disconnect");
    trial.backend.disconnect().await.expect("disconnect again");
    if let Err(error) = trial.backend.get(&key).await {
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
    }
    trial.backend.connect().await.expect("connect");
    if trial.backend.info().capability.persistent {
        assert_eq!(trial.held(&key).await, Some(frame("before")));
    }
    trial.put(&later, &frame("after")).await;
    assert_eq!(trial.held(&later).await, Some(frame("after")));
}

/// A call that is dropped at any point leaves the old value, the new one or none, and the key goes on working.
pub async fn a_dropped_call_leaves_the_key_usable(trial: Trial) {
    let (key, old, new) = (trial.key("user:7"), frame("old"), frame("new"));
    let possible = [None, Some(old.clone()), Some(new.clone())];
    for polls in 0..12 {
        trial.put(&key, &old).await;
        drop_after(polls, trial.backend.set(&key, new.clone(), SetOptions::default())).await;
        drop_after(polls, trial.backend.get(&key)).await;
        assert!(possible.contains(&trial.held(&key).await));
        drop_after(polls, trial.backend.get_and_delete(&key)).await;
        assert!(possible.contains(&trial.held(&key).await));
        trial.put(&key, &new).await;
        assert_eq!(trial.held(&key).await.as_ref(), Some(&new), "dropped after {polls} polls");
    }
}

/// Polls a call a few times and gives up on it.
pub(super) async fn drop_after<F: Future>(polls: usize, call: F) {
    let mut call = pin!(call);
    for _ in 0..polls {
        let done = std::future::poll_fn(|cx| Poll::Ready(call.as_mut().poll(cx).is_ready())).await;
        if done {
            return;
        }
        tokio::task::yield_now().await;
    }
}

/// A task that only reads lets others run: a thousand reads are not one poll.
pub async fn a_busy_reader_shares_the_runtime(trial: Trial) {
    let key = trial.key("user:7");
    trial.put(&key, &frame("user 7")).await;
    let pauses = AtomicUsize::new(0);
    let mut reads = pin!(async {
        for _ in 0..1_000 {
            assert!(trial.held(&key).await.is_some());
        }
    });
    let counted = std::future::poll_fn(|cx| {
        let poll = reads.as_mut().poll(cx);
        if poll.is_pending() {
            pauses.fetch_add(1, Ordering::Relaxed);
        }
        poll
    });
    counted.await;
    assert!(pauses.into_inner() > 0, "a thousand reads never let the runtime go: consume tokio's budget");
}
