//! A frame is there until its life ends, and then for nobody.

use std::time::Duration;

use super::Trial;
use super::trial::{LONG, PROMPT, SHORT, frame};
use crate::key::CacheKey;
use crate::port::backend::{DeleteOptions, Expiry, Remaining, SetCondition, SetOptions};

/// When a life has ended, every verb agrees that there is nothing.
pub async fn a_frame_is_gone_when_its_life_ends(trial: Trial) {
    let key = trial.key("session:7");
    trial.put_for(&key, &frame("a session"), Expiry::After(SHORT)).await;
    trial.until_gone(&key).await;
    assert!(!trial.backend.exists(&key).await.expect("exists"));
    assert_eq!(trial.backend.ttl(&key).await.expect("ttl"), Remaining::Missing);
    assert_eq!(trial.which_are_held(std::slice::from_ref(&key)).await, [false]);
    assert!(
        !trial.backend.delete(&key, DeleteOptions::if_unchanged(frame("a session"))).await.expect("delete")
    );
    assert_eq!(trial.backend.get_and_delete(&key).await.expect("get_and_delete"), None);
}

/// A life below a second is neither cut to nothing nor stretched.
pub async fn a_short_life_is_a_life(trial: Trial) {
    let key = trial.key("session:7");
    let (held, left) = trial
        .promptly(|| async {
            trial.put_for(&key, &frame("a session"), Expiry::After(PROMPT)).await;
            (trial.held(&key).await, trial.backend.ttl(&key).await.expect("ttl"))
        })
        .await;
    assert_eq!(held, Some(frame("a session")), "its life has not ended");
    match left {
        Remaining::For(left) => assert!(left <= PROMPT, "{left:?} are left of {PROMPT:?}"),
        left => assert_eq!(left, Remaining::Unknown),
    }
    trial.until_gone(&key).await;
}

/// A long life does not end early.
pub async fn a_long_life_goes_on(trial: Trial) {
    let (long, witness) = (trial.key("long"), trial.key("witness"));
    trial.put_for(&long, &frame("long"), Expiry::After(LONG)).await;
    trial.put_for(&witness, &frame("witness"), Expiry::After(SHORT)).await;
    trial.until_gone(&witness).await;
    assert_eq!(trial.held(&long).await, Some(frame("long")));
}

/// The largest lives that a caller can write down are taken.
pub async fn an_endless_life_is_taken(trial: Trial) {
    for (name, life) in [("centuries", Duration::from_secs(10_000_000_000)), ("max", Duration::MAX)] {
        let key = trial.key(name);
        trial.put_for(&key, &frame(name), Expiry::After(life)).await;
        assert_eq!(trial.held(&key).await, Some(frame(name)));
    }
}

/// A frame that is written without an expiry does not inherit the older one's.
pub async fn an_overwrite_without_expiry_lives_on(trial: Trial) {
    let (key, witness) = (trial.key("session:7"), trial.key("witness"));
    trial.put_for(&key, &frame("older"), Expiry::After(SHORT)).await;
    trial.put(&key, &frame("newer")).await;
    trial.put_for(&witness, &frame("witness"), Expiry::After(SHORT)).await;
    trial.until_gone(&witness).await;
    assert_eq!(trial.held(&key).await, Some(frame("newer")));
}

/// A frame that is written with a longer life has it.
pub async fn an_overwrite_takes_the_new_life(trial: Trial) {
    let (longer, shorter) = (trial.key("longer"), trial.key("shorter"));
    trial.put_for(&longer, &frame("older"), Expiry::After(SHORT)).await;
    trial.put_for(&longer, &frame("newer"), Expiry::After(LONG)).await;
    trial.put_for(&shorter, &frame("older"), Expiry::After(LONG)).await;
    trial.put_for(&shorter, &frame("newer"), Expiry::After(SHORT)).await;
    trial.until_gone(&shorter).await;
    assert_eq!(trial.held(&longer).await, Some(frame("newer")));
}

/// `Expiry::Keep` replaces the frame and leaves the deadline as it was.
pub async fn expiry_keep_keeps_the_deadline(trial: Trial) {
    let (mortal, immortal) = (trial.key("mortal"), trial.key("immortal"));
    trial
        .promptly(|| async {
            trial.put_for(&mortal, &frame("older"), Expiry::After(PROMPT)).await;
            trial.put_for(&mortal, &frame("newer"), Expiry::Keep).await;
        })
        .await;
    trial.put(&immortal, &frame("older")).await;
    trial.put_for(&immortal, &frame("newer"), Expiry::Keep).await;
    trial.until_gone(&mortal).await;
    assert_eq!(trial.held(&immortal).await, Some(frame("newer")));
}

/// `Expiry::Keep` with nothing to keep is no expiry; a life that has ended is nothing.
pub async fn expiry_keep_of_nothing_is_no_expiry(trial: Trial) {
    let (new, late, witness) = (trial.key("new"), trial.key("late"), trial.key("witness"));
    trial.put_for(&late, &frame("older"), Expiry::After(SHORT)).await;
    trial.until_gone(&late).await;
    trial.put_for(&late, &frame("newer"), Expiry::Keep).await;
    trial.put_for(&new, &frame("newer"), Expiry::Keep).await;
    trial.put_for(&witness, &frame("witness"), Expiry::After(SHORT)).await;
    trial.until_gone(&witness).await;
    assert_eq!(trial.held(&new).await, Some(frame("newer")));
    assert_eq!(trial.held(&late).await, Some(frame("newer")));
}

/// A frame whose life has ended does not stand in the way of a set-if-absent.
pub async fn an_expired_frame_makes_room_for_an_add(trial: Trial) {
    let key = trial.key("job:7");
    trial.put_for(&key, &frame("older"), Expiry::After(SHORT)).await;
    trial.until_gone(&key).await;
    let options = SetOptions::default().when(SetCondition::IfAbsent);
    assert!(trial.backend.set(&key, frame("newer"), options).await.expect("set"));
    assert_eq!(trial.held(&key).await, Some(frame("newer")));
}

/// A frame whose life has ended is counted by no verb that counts.
pub async fn an_expired_frame_is_counted_by_nobody(trial: Trial) {
    let keys: Vec<CacheKey> = (0..8).map(|id| trial.key(&format!("session:{id}"))).collect();
    for key in &keys {
        trial.put_for(key, &frame("a session"), Expiry::After(SHORT)).await;
    }
    for key in &keys {
        trial.until_gone(key).await;
    }
    let (backend, pattern) = (&trial.backend, trial.pattern("session:[4-6]"));
    assert!(!backend.delete(&keys[0], DeleteOptions::default()).await.expect("delete"));
    assert_eq!(backend.delete_many(&keys[1..4]).await.expect("delete_many"), 0);
    assert_eq!(backend.delete_pattern(&pattern).await.expect("delete_pattern"), 0);
    assert_eq!(backend.clear(&trial.namespace).await.expect("clear"), 0);
}

/// `ttl` says what is left, or that it does not know; never more than was given.
pub async fn ttl_reports_what_is_left(trial: Trial) {
    let (mortal, immortal) = (trial.key("mortal"), trial.key("immortal"));
    let ttl = async |key| trial.backend.ttl(key).await.expect("ttl");
    assert_eq!(ttl(&mortal).await, Remaining::Missing);
    trial.put_for(&mortal, &frame("mortal"), Expiry::After(LONG)).await;
    trial.put(&immortal, &frame("immortal")).await;
    trial.pass(Duration::from_millis(20)).await;
    match ttl(&mortal).await {
        Remaining::For(left) => assert!(LONG / 2 < left && left < LONG, "{left:?} are left of {LONG:?}"),
        left => assert_eq!(left, Remaining::Unknown),
    }
    let left = ttl(&immortal).await;
    assert!(matches!(left, Remaining::Forever | Remaining::Unknown), "{left:?}");
}
