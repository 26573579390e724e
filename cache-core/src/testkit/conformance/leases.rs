//! Leases: who may fill a key, and when a fill is too late.

use bytes::Bytes;

use super::Trial;
use super::trial::{LONG, PROMPT, SHORT, frame};
use crate::error::ErrorKind;
use crate::key::{CacheKey, Namespace};
use crate::port::backend::{DeleteOptions, SetCondition, SetOptions, fingerprint};

/// Who holds the lease when this token asks for it.
async fn ask(trial: &Trial, key: &CacheKey, token: u128) -> u128 {
    trial.backend.acquire_lease(key, token, LONG).await.expect("acquire_lease")
}

/// Takes a lease that nobody holds.
async fn take(trial: &Trial, key: &CacheKey, token: u128) {
    assert_eq!(ask(trial, key, token).await, token, "nobody holds it");
}

fn under(token: u128) -> SetOptions {
    SetOptions::default().when(SetCondition::IfLease(token))
}

async fn fill(trial: &Trial, key: &CacheKey, token: u128, value: Bytes) -> bool {
    trial.backend.set(key, value, under(token)).await.expect("set")
}

async fn release(trial: &Trial, key: &CacheKey, token: u128) -> bool {
    trial.backend.release_lease(key, token).await.expect("release_lease")
}

/// Of a hundred callers that want the lease of a key at once, one gets it, and the others are told which.
pub async fn a_lease_has_one_holder(trial: Trial) {
    let key = trial.key("user:7");
    let wanted = key.clone();
    let told = trial
        .crowd(move |trial, index| {
            let key = wanted.clone();
            async move { (index as u128 + 1, ask(&trial, &key, index as u128 + 1).await) }
        })
        .await;
    assert_eq!(told.iter().filter(|(asked, holder)| asked == holder).count(), 1);
    assert!(told.iter().all(|(_, holder)| *holder == told[0].1), "all are told of the same holder");
    take(&trial, &trial.key("user:8"), u128::MAX).await;
    assert_eq!(trial.held(&key).await, None, "a lease is no value");
}

/// A lease that is given back can be taken again; somebody else's cannot be given back.
pub async fn a_released_lease_can_be_taken(trial: Trial) {
    let key = trial.key("user:7");
    take(&trial, &key, 1).await;
    assert!(!release(&trial, &key, 2).await);
    assert_eq!(ask(&trial, &key, 2).await, 1);
    assert!(release(&trial, &key, 1).await);
    assert!(!release(&trial, &key, 1).await, "a second time there is nothing to give back");
    take(&trial, &key, 2).await;
}

/// A lease ends with its life, and its holder's fill is then refused.
pub async fn a_lease_ends_with_its_life(trial: Trial) {
    let key = trial.key("user:7");
    assert_eq!(trial.backend.acquire_lease(&key, 1, SHORT).await.expect("acquire_lease"), 1);
    trial.until("the lease ends", || async { ask(&trial, &key, 2).await == 2 }).await;
    assert!(!fill(&trial, &key, 1, frame("late")).await);
    assert_eq!(trial.held(&key).await, None);
}

/// A lease that is renewed lives on; what has ended, or is another's, is not renewed.
pub async fn a_renewed_lease_lives_on(trial: Trial) {
    let (key, backend) = (trial.key("user:7"), &trial.backend);
    let renew = async |token, life| backend.renew_lease(&key, token, life).await.expect("renew_lease");
    assert!(!renew(1, LONG).await, "there is none");
    assert_eq!(backend.acquire_lease(&key, 1, PROMPT).await.expect("acquire_lease"), 1);
    assert!(!renew(2, LONG).await, "another's");
    assert!(renew(1, LONG).await);
    trial.pass(PROMPT + SHORT).await;
    assert_eq!(ask(&trial, &key, 2).await, 1);
    backend.delete(&key, DeleteOptions::default()).await.expect("delete");
    assert!(!renew(1, LONG).await, "what was ended does not come back");
    take(&trial, &key, 2).await;
}

/// A fill needs the lease, and ends it.
pub async fn a_fill_needs_the_lease_and_ends_it(trial: Trial) {
    let key = trial.key("user:7");
    assert!(!fill(&trial, &key, 7, frame("without a lease")).await);
    take(&trial, &key, 7).await;
    assert!(!fill(&trial, &key, 8, frame("another's")).await);
    assert_eq!(trial.held(&key).await, None);
    assert!(fill(&trial, &key, 7, frame("the holder's")).await);
    assert!(!fill(&trial, &key, 7, frame("a second time")).await);
    assert_eq!(trial.held(&key).await, Some(frame("the holder's")));
    take(&trial, &key, 8).await;
    assert!(fill(&trial, &key, 8, frame("over an older one")).await);
    assert_eq!(trial.held(&key).await, Some(frame("over an older one")));
}

/// Of a batch of fills those are stored whose leases are held.
pub async fn a_batch_of_fills_needs_each_lease(trial: Trial) {
    let keys: Vec<_> = (0..3).map(|index| trial.key(&format!("user:{index}"))).collect();
    take(&trial, &keys[0], 1).await;
    take(&trial, &keys[2], 3).await;
    let fills = keys.iter().zip(1..).map(|(key, token)| (key.clone(), frame("filled"), under(token)));
    let stored = trial.backend.set_many(fills.collect()).await.expect("set_many");
    assert_eq!(stored, [true, false, true]);
    assert_eq!(trial.which_are_held(&keys).await, [true, false, true]);
    take(&trial, &keys[0], 4).await;
}

/// Whatever removes a key breaks its lease, though it held nothing: a fill that began before is refused.
pub async fn what_removes_a_key_breaks_its_lease(trial: Trial) {
    let backend = &trial.backend;
    let hows = ["delete", "delete_many", "get_and_delete", "delete_pattern", "clear"];
    for (round, how) in hows.into_iter().enumerate() {
        let key = trial.key(&format!("user:{round}"));
        take(&trial, &key, 1).await;
        match how {
            "delete" => drop(backend.delete(&key, DeleteOptions::default()).await.expect(how)),
            "delete_many" => drop(backend.delete_many(std::slice::from_ref(&key)).await.expect(how)),
            "get_and_delete" => drop(backend.get_and_delete(&key).await.expect(how)),
            "delete_pattern" => drop(backend.delete_pattern(&trial.pattern("user:*")).await.expect(how)),
            _ => drop(backend.clear(&trial.namespace).await.expect(how)),
        }
        assert!(!fill(&trial, &key, 1, frame("too late")).await, "{how} breaks the lease");
        assert_eq!(trial.held(&key).await, None, "{how}");
    }
}

/// Whatever replaces a key breaks its lease: a fill that began before does not undo it.
pub async fn what_replaces_a_key_breaks_its_lease(trial: Trial) {
    let (backend, options) = (&trial.backend, SetOptions::default());
    for (round, how) in ["set", "set_many", "add", "set under another lease"].into_iter().enumerate() {
        let key = trial.key(&format!("user:{round}"));
        take(&trial, &key, 1).await;
        let stored = match how {
            "set" => backend.set(&key, frame("new"), options).await.expect(how),
            "set_many" => backend.set_many(vec![(key.clone(), frame("new"), options)]).await.expect(how)[0],
            "add" => backend.set(&key, frame("new"), options.when(SetCondition::IfAbsent)).await.expect(how),
            _ => {
                assert!(release(&trial, &key, 1).await);
                take(&trial, &key, 2).await;
                fill(&trial, &key, 2, frame("new")).await
            }
        };
        assert!(stored, "{how}");
        assert!(!fill(&trial, &key, 1, frame("too late")).await, "{how} breaks the lease");
        assert_eq!(trial.held(&key).await, Some(frame("new")), "{how}");
    }
}

/// So does what replaces a value only while it is unchanged, where a backend can do that.
pub async fn what_replaces_an_unchanged_value_breaks_its_lease(trial: Trial) {
    let (key, options) = (trial.key("user:7"), SetOptions::default());
    trial.put(&key, &frame("old")).await;
    take(&trial, &key, 1).await;
    let unchanged = options.when(SetCondition::IfUnchanged(fingerprint(&frame("old"))));
    match trial.backend.set(&key, frame("new"), unchanged).await {
        Err(error) if error.kind() == ErrorKind::Unsupported => {}
        replaced => {
            assert!(replaced.expect("set"));
            assert!(!fill(&trial, &key, 1, frame("too late")).await);
            assert_eq!(trial.held(&key).await, Some(frame("new")));
        }
    }
}

/// A fill and a delete at the same time leave nothing: the fill came first and was deleted, or it was too late.
pub async fn a_fill_never_survives_a_delete(trial: Trial) {
    let left = trial
        .crowd(|trial, index| async move {
            let key = trial.key(&format!("user:{index}"));
            take(&trial, &key, 1).await;
            let deleting = async {
                for _ in 0..index % 8 {
                    tokio::task::yield_now().await;
                }
                trial.backend.delete(&key, DeleteOptions::default()).await.expect("delete")
            };
            tokio::join!(fill(&trial, &key, 1, frame("old")), deleting);
            trial.held(&key).await
        })
        .await;
    assert_eq!(left.iter().flatten().count(), 0);
}

/// Leases are no data: nobody counts them, and what does not mean their key spares them.
pub async fn leases_are_no_data(trial: Trial) {
    let (key, backend) = (trial.key("user:7"), &trial.backend);
    take(&trial, &key, 1).await;
    assert!(!backend.exists(&key).await.expect("exists"));
    assert_eq!(backend.delete_pattern(&trial.pattern("list:*")).await.expect("delete_pattern"), 0);
    let other = Namespace::new(&format!("{}-other", trial.namespace.as_str())).expect("a name");
    assert_eq!(backend.clear(&other).await.expect("clear"), 0);
    assert_eq!(ask(&trial, &key, 2).await, 1, "it was spared");
    assert!(!backend.delete(&key, DeleteOptions::default()).await.expect("delete"));
    take(&trial, &key, 2).await;
    assert_eq!(backend.delete_many(std::slice::from_ref(&key)).await.expect("delete_many"), 0);
    take(&trial, &key, 3).await;
    assert_eq!(backend.delete_pattern(&trial.pattern("user:*")).await.expect("delete_pattern"), 0);
    take(&trial, &key, 4).await;
    assert_eq!(backend.clear(&trial.namespace).await.expect("clear"), 0);
    take(&trial, &key, 5).await;
    assert_eq!(backend.get_and_delete(&key).await.expect("get_and_delete"), None);
    take(&trial, &key, 6).await;
}

/// Every kind of key has a lease of its own.
pub async fn keys_of_every_kind_have_leases_of_their_own(trial: Trial) {
    let parts = ["7", "{7}", "a:b", "*", "%2A", "\u{0}", "m\u{fc}ller", ""];
    let keys: Vec<_> = parts.iter().map(|part| trial.key_of("user", part)).collect();
    for (key, token) in keys.iter().zip(1..) {
        take(&trial, key, token).await;
    }
    for (key, token) in keys.iter().zip(1..) {
        assert!(fill(&trial, key, token, frame("filled")).await, "{}", key.as_str());
    }
}

/// A lease without an end is refused: a dead holder would keep it.
pub async fn a_lease_has_an_end(trial: Trial) {
    let key = trial.key("user:7");
    for life in [std::time::Duration::ZERO, std::time::Duration::MAX] {
        let taken = trial.backend.acquire_lease(&key, 1, life).await;
        assert_eq!(taken.expect_err("no end").kind(), ErrorKind::Ttl);
        let renewed = trial.backend.renew_lease(&key, 1, life).await;
        assert_eq!(renewed.expect_err("no end").kind(), ErrorKind::Ttl);
    }
    take(&trial, &key, 1).await;
}
