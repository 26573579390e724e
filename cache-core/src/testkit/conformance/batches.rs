//! Verbs over many keys answer like as many single calls.

use super::Trial;
use super::trial::{LONG, frame};
use crate::key::CacheKey;
use crate::port::backend::{Expiry, Remaining, SetCondition, SetOptions};

/// The answers come in the order of the keys: gaps are gaps, and a key that is named twice is answered twice.
pub async fn get_many_keeps_the_order(trial: Trial) {
    let [a, b, c, gap] = ["a", "b", "c", "gap"].map(|name| trial.key(name));
    for (key, text) in [(&a, "a"), (&b, "b"), (&c, "c")] {
        trial.put(key, &frame(text)).await;
    }
    let asked = [c.clone(), gap.clone(), a.clone(), b, a, gap, c];
    let frames = trial.backend.get_many(&asked).await.expect("get_many");
    let expected = [Some("c"), None, Some("a"), Some("b"), Some("a"), None, Some("c")];
    assert_eq!(frames, expected.map(|text| text.map(frame)));
}

/// Every entry is stored under its own key with its own options, and has its own answer.
pub async fn set_many_gives_each_entry_its_own_options(trial: Trial) {
    let [mortal, immortal, taken, free] = ["mortal", "immortal", "taken", "free"].map(|name| trial.key(name));
    trial.put(&taken, &frame("older")).await;
    let (plain, add) = (SetOptions::default(), SetOptions::default().when(SetCondition::IfAbsent));
    let stored = trial.backend.set_many(vec![
        (mortal.clone(), frame("mortal"), plain.expiring(Expiry::After(LONG))),
        (taken.clone(), frame("newer"), add),
        (immortal.clone(), frame("immortal"), plain),
        (free.clone(), frame("free"), add),
    ]);
    assert_eq!(stored.await.expect("set_many"), [true, false, true, true]);
    for (key, text) in [(&mortal, "mortal"), (&immortal, "immortal"), (&taken, "older"), (&free, "free")] {
        assert_eq!(trial.held(key).await, Some(frame(text)));
    }
    let left = trial.backend.ttl(&mortal).await.expect("ttl");
    assert!(matches!(left, Remaining::For(_) | Remaining::Unknown), "{left:?}");
    let left = trial.backend.ttl(&immortal).await.expect("ttl");
    assert!(matches!(left, Remaining::Forever | Remaining::Unknown), "{left:?}");
}

/// When a batch names a key twice, the later entry wins.
pub async fn the_later_of_two_entries_for_one_key_wins(trial: Trial) {
    let key = trial.key("user:7");
    let entry = |text| (key.clone(), frame(text), SetOptions::default());
    let stored = trial.backend.set_many(vec![entry("first"), entry("second")]).await.expect("set_many");
    assert_eq!(stored, [true, true]);
    assert_eq!(trial.held(&key).await, Some(frame("second")));
}

/// `delete_many` counts what was there: gaps do not count, and a key that is named twice counts once.
pub async fn delete_many_counts_what_was_there(trial: Trial) {
    let [a, b, gap, kept] = ["a", "b", "gap", "kept"].map(|name| trial.key(name));
    trial.put_all(&[a.clone(), b.clone(), kept.clone()], &frame("a value")).await;
    let named = [a.clone(), gap, b.clone(), a.clone()];
    assert_eq!(trial.backend.delete_many(&named).await.expect("delete_many"), 2);
    assert_eq!(trial.which_are_held(&[a, b, kept]).await, [false, false, true]);
}

/// A batch of nothing is no work and no error.
pub async fn an_empty_batch_is_no_work(trial: Trial) {
    assert_eq!(trial.backend.get_many(&[]).await.expect("get_many"), []);
    assert_eq!(trial.backend.set_many(Vec::new()).await.expect("set_many"), []);
    assert_eq!(trial.backend.delete_many(&[]).await.expect("delete_many"), 0);
}

/// A batch of 1,200 is answered whole.
pub async fn a_large_batch_is_answered_whole(trial: Trial) {
    let keys: Vec<CacheKey> = (0..1_200).map(|id| trial.key(&format!("user:{id}"))).collect();
    let entries =
        keys.iter().enumerate().map(|(id, key)| (key.clone(), frame(&id.to_string()), SetOptions::default()));
    assert_eq!(trial.backend.set_many(entries.collect()).await.expect("set_many"), vec![true; 1_200]);
    let frames = trial.backend.get_many(&keys).await.expect("get_many");
    assert!(frames == (0..1_200).map(|id| Some(frame(&id.to_string()))).collect::<Vec<_>>());
    assert_eq!(trial.backend.delete_many(&keys).await.expect("delete_many"), 1_200);
}
