//! Conditions and takers: of many callers exactly one is told yes.

use super::Trial;
use super::trial::{LONG, PROMPT, frame};
use crate::error::ErrorKind;
use crate::port::backend::{DeleteOptions, Expiry, SetCondition, SetOptions, fingerprint};

fn if_absent() -> SetOptions {
    SetOptions::default().when(SetCondition::IfAbsent)
}

/// Set-if-absent stores the first value, and says that it did not store the second.
pub async fn add_keeps_the_first_value(trial: Trial) {
    let key = trial.key("job:7");
    assert!(trial.backend.set(&key, frame("first"), if_absent()).await.expect("set"));
    assert!(!trial.backend.set(&key, frame("second"), if_absent()).await.expect("set"));
    assert_eq!(trial.held(&key).await, Some(frame("first")));
    assert!(trial.backend.delete(&key, DeleteOptions::default()).await.expect("delete"));
    assert!(trial.backend.set(&key, frame("third"), if_absent()).await.expect("set"));
    assert_eq!(trial.held(&key).await, Some(frame("third")));
}

/// A refused set-if-absent changes nothing, the first value's life included.
pub async fn a_refused_add_changes_no_life(trial: Trial) {
    let key = trial.key("job:7");
    let add = async |text| trial.backend.set(&key, frame(text), if_absent()).await.expect("set");
    let added = trial
        .promptly(|| async {
            trial.put_for(&key, &frame("first"), Expiry::After(PROMPT)).await;
            add("second").await
        })
        .await;
    assert!(!added);
    trial.until("the first value's life ends", || add("third")).await;
    assert_eq!(trial.held(&key).await, Some(frame("third")));
}

/// Of a hundred callers that add at once, one is told that it did, and its value is there.
pub async fn exactly_one_of_a_hundred_adds_a_value(trial: Trial) {
    for round in 0..5 {
        let key = trial.key(&format!("job:{round}"));
        let wanted = key.clone();
        let added = trial
            .crowd(move |trial, caller| {
                let key = wanted.clone();
                async move {
                    let options = if_absent().expiring(Expiry::After(LONG));
                    trial.backend.set(&key, frame(&caller.to_string()), options).await.expect("set")
                }
            })
            .await;
        let winners: Vec<usize> = (0..added.len()).filter(|caller| added[*caller]).collect();
        assert_eq!(winners.len(), 1, "callers {winners:?} were told that they added the value");
        assert_eq!(trial.held(&key).await, Some(frame(&winners[0].to_string())));
    }
}

/// Of a hundred callers that take a value at once, exactly one receives it.
pub async fn exactly_one_of_a_hundred_takes_the_value(trial: Trial) {
    for round in 0..5 {
        let (key, value) = (trial.key(&format!("code:{round}")), frame("a code"));
        trial.put_for(&key, &value, Expiry::After(LONG)).await;
        let wanted = key.clone();
        let taken = trial
            .crowd(move |trial, _| {
                let key = wanted.clone();
                async move { trial.backend.get_and_delete(&key).await.expect("get_and_delete") }
            })
            .await;
        let received: Vec<_> = taken.into_iter().flatten().collect();
        assert_eq!(received, [value], "a value is handed to exactly one taker");
        assert_eq!(trial.held(&key).await, None);
    }
}

/// Of a hundred callers that delete at once, exactly one is told that it did.
pub async fn exactly_one_of_a_hundred_deletes_the_value(trial: Trial) {
    let key = trial.key("code");
    trial.put(&key, &frame("a code")).await;
    let deleted = trial
        .crowd(move |trial, _| {
            let key = key.clone();
            async move { trial.backend.delete(&key, DeleteOptions::default()).await.expect("delete") }
        })
        .await;
    assert_eq!(deleted.into_iter().filter(|deleted| *deleted).count(), 1);
}

/// A delete of what is no longer there leaves what is.
pub async fn a_compare_and_delete_spares_the_successor(trial: Trial) {
    let key = trial.key("user:7");
    trial.put(&key, &frame("damaged")).await;
    trial.put(&key, &frame("healthy")).await;
    let stale = DeleteOptions::if_unchanged(frame("damaged"));
    assert!(!trial.backend.delete(&key, stale.clone()).await.expect("delete"));
    assert_eq!(trial.held(&key).await, Some(frame("healthy")));
    let prefix = DeleteOptions::if_unchanged(frame("health"));
    assert!(
        !trial.backend.delete(&key, prefix).await.expect("delete"),
        "a part of the frame is not the frame"
    );
    let nobody = trial.key("nobody");
    assert!(!trial.backend.delete(&nobody, stale).await.expect("delete"), "nothing is not a frame");
}

/// A set on what is there replaces exactly that frame; a store that cannot compare says so, and changes nothing.
pub async fn a_compare_and_set_replaces_that_frame_and_no_other(trial: Trial) {
    let key = trial.key("user:7");
    let unchanged = |text| SetOptions::default().when(SetCondition::IfUnchanged(fingerprint(&frame(text))));
    trial.put(&key, &frame("first")).await;
    match trial.backend.set(&key, frame("second"), unchanged("first")).await {
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::Unsupported);
            assert_eq!(trial.held(&key).await, Some(frame("first")));
        }
        Ok(replaced) => {
            assert!(replaced, "the frame is unchanged");
            assert!(!trial.backend.set(&key, frame("third"), unchanged("first")).await.expect("set"));
            assert_eq!(trial.held(&key).await, Some(frame("second")));
            let nobody = trial.key("nobody");
            assert!(!trial.backend.set(&nobody, frame("third"), unchanged("first")).await.expect("set"));
            assert_eq!(trial.held(&nobody).await, None, "nothing is not a frame");
        }
    }
}

/// A delete of what is still there removes it, an empty frame too.
pub async fn a_compare_and_delete_removes_what_is_unchanged(trial: Trial) {
    let key = trial.key("user:7");
    for held in [frame("damaged"), bytes::Bytes::new(), bytes::Bytes::from_static(b"\0\xff\r\n")] {
        trial.put(&key, &held).await;
        let options = DeleteOptions::if_unchanged(held.clone());
        assert!(trial.backend.delete(&key, options).await.expect("delete"), "{held:?} is unchanged");
        assert_eq!(trial.held(&key).await, None);
    }
}
