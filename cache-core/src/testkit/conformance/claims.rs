//! Claims: one holder at a time, so many of a group, numbers that only grow, and no way round any of it.

use std::time::Duration;

use bytes::Bytes;

use super::Trial;
use super::lifecycle::drop_after;
use super::trial::{LONG, PROMPT, SHORT};
use crate::error::ErrorKind;
use crate::key::{CacheKey, KeyPattern};
use crate::port::backend::{ClaimId, ClaimOptions, ClaimOutcome, LiveClaim, MAX_CLAIM_PAYLOAD};

fn exclusive(trial: &Trial, name: &str) -> CacheKey {
    CacheKey::of_claim(&trial.namespace, name).expect("a key")
}

fn slots(trial: &Trial, name: &str) -> CacheKey {
    CacheKey::of_slots(&trial.namespace, name).expect("a key")
}

/// The member `name` with the token `token`.
fn id(name: &str, token: u128) -> ClaimId {
    ClaimId::new(name, token)
}

async fn claim(trial: &Trial, group: &CacheKey, id: &ClaimId, options: ClaimOptions) -> ClaimOutcome {
    trial.backend.claim(group, id.clone(), options).await.expect("claim")
}

/// The fencing number of a claim that must succeed.
async fn fence(trial: &Trial, group: &CacheKey, id: &ClaimId, options: ClaimOptions) -> u64 {
    match claim(trial, group, id, options).await {
        ClaimOutcome::Held { fence } => fence,
        refused => panic!("the claim is free, and was refused: {refused:?}"),
    }
}

async fn renew(trial: &Trial, group: &CacheKey, id: &ClaimId, life: Duration) -> bool {
    trial.backend.renew_claim(group, id.clone(), life).await.expect("renew_claim")
}

async fn release(trial: &Trial, group: &CacheKey, id: &ClaimId) -> bool {
    trial.backend.release_claim(group, id.clone()).await.expect("release_claim")
}

async fn live(trial: &Trial, group: &CacheKey) -> Vec<LiveClaim> {
    trial.backend.claims(group).await.expect("claims")
}

/// Of a hundred callers that claim the same thing at once, one holds it, and the others are told that it is taken.
pub async fn a_claim_is_exclusive(trial: Trial) {
    let group = exclusive(&trial, "report:7");
    let wanted = group.clone();
    let outcomes = trial
        .crowd(move |trial, index| {
            let group = wanted.clone();
            async move { claim(&trial, &group, &id("report:7", index as u128), ClaimOptions::new(LONG)).await }
        })
        .await;
    let (held, refused): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|outcome| matches!(outcome, ClaimOutcome::Held { .. }));
    assert_eq!(held.len(), 1);
    assert!(refused.iter().all(|outcome| *outcome == ClaimOutcome::Taken), "{refused:?}");
    for other in [exclusive(&trial, "report:8"), slots(&trial, "report:7")] {
        fence(&trial, &other, &id("report:7", 1), ClaimOptions::new(LONG)).await;
    }
    assert_eq!(trial.held(&trial.key("report:7")).await, None, "a claim is no value");
}

/// Of a hundred members that want one of three slots at once, three get one, and the others are told that it is full.
pub async fn a_slot_limit_holds_under_100_racers(trial: Trial) {
    let group = slots(&trial, "user:7");
    let wanted = group.clone();
    let outcomes = trial
        .crowd(move |trial, index| {
            let group = wanted.clone();
            let terms = ClaimOptions::new(LONG).at_most(3);
            async move { claim(&trial, &group, &id(&format!("report:{index}"), 1), terms).await }
        })
        .await;
    let (held, refused): (Vec<_>, Vec<_>) =
        outcomes.into_iter().partition(|outcome| matches!(outcome, ClaimOutcome::Held { .. }));
    assert_eq!((held.len(), live(&trial, &group).await.len()), (3, 3));
    assert!(refused.iter().all(|outcome| *outcome == ClaimOutcome::Full), "{refused:?}");
    let wider = ClaimOptions::new(LONG).at_most(4);
    fence(&trial, &group, &id("one more", 1), wider).await;
}

/// A member of a group is claimed once, though there is room for others.
pub async fn a_member_has_one_claim(trial: Trial) {
    let (group, room) = (slots(&trial, "user:7"), ClaimOptions::new(LONG).at_most(3));
    fence(&trial, &group, &id("report:7", 1), room.clone()).await;
    for token in [1, 2] {
        let again = claim(&trial, &group, &id("report:7", token), room.clone()).await;
        assert_eq!(again, ClaimOutcome::Taken, "token {token}");
    }
    fence(&trial, &group, &id("report:8", 3), room).await;
    assert_eq!(live(&trial, &group).await.len(), 2);
}

/// Every claim of a group has a larger number than those before, however they ended.
pub async fn a_fencing_token_only_grows(trial: Trial) {
    let group = exclusive(&trial, "report:7");
    let mut last = 0;
    for token in 1..=5 {
        let mine = id("report:7", token);
        let number = fence(&trial, &group, &mine, ClaimOptions::new(LONG)).await;
        assert!(number > last, "{number} after {last}");
        last = number;
        assert!(release(&trial, &group, &mine).await);
    }
    fence(&trial, &group, &id("report:7", 6), ClaimOptions::new(SHORT)).await;
    trial.until("the claim ends", || async { live(&trial, &group).await.is_empty() }).await;
    let number = fence(&trial, &group, &id("report:7", 7), ClaimOptions::new(LONG)).await;
    assert!(number > last + 1, "{number} after two claims since {last}");
}

/// A claim whose life has ended takes no slot, is not listed, and can be neither renewed nor released.
pub async fn an_expired_claim_drops_out(trial: Trial) {
    let (group, dead) = (slots(&trial, "user:7"), id("report:7", 1));
    fence(&trial, &group, &dead, ClaimOptions::new(SHORT)).await;
    trial.until("the claim ends", || async { live(&trial, &group).await.is_empty() }).await;
    assert!(!renew(&trial, &group, &dead, LONG).await);
    assert!(!release(&trial, &group, &dead).await);
    fence(&trial, &group, &id("report:8", 2), ClaimOptions::new(LONG)).await;
    let full = claim(&trial, &group, &dead, ClaimOptions::new(LONG)).await;
    assert_eq!(full, ClaimOutcome::Full, "an ended claim has no place of its own");
}

/// Who does not know the token cannot end a claim; who does ends it once.
pub async fn releasing_needs_the_token(trial: Trial) {
    let (group, mine) = (exclusive(&trial, "report:7"), id("report:7", u128::MAX - 6));
    fence(&trial, &group, &mine, ClaimOptions::new(LONG)).await;
    for token in [0, 7, u128::MAX, u128::MAX - 7, mine.token >> 64, mine.token << 64] {
        assert!(!release(&trial, &group, &id("report:7", token)).await, "{token:x}");
    }
    assert!(!release(&trial, &group, &id("report:8", mine.token)).await, "another member");
    assert_eq!(live(&trial, &group).await.len(), 1);
    assert!(release(&trial, &group, &mine).await);
    assert!(live(&trial, &group).await.is_empty() && !release(&trial, &group, &mine).await);
    fence(&trial, &group, &id("report:7", 9), ClaimOptions::new(LONG)).await;
    assert!(!release(&trial, &group, &mine).await, "a successor's claim is not one's own");
}

/// Who knows the token can let a claim live longer; nobody else can.
pub async fn renewing_needs_the_token(trial: Trial) {
    let group = exclusive(&trial, "report:7");
    let mine = trial
        .promptly(|| async {
            let _before = release(&trial, &group, &id("report:7", 1)).await;
            let mine = id("report:7", 1);
            fence(&trial, &group, &mine, ClaimOptions::new(PROMPT)).await;
            assert!(!renew(&trial, &group, &id("report:7", 2), LONG).await);
            assert!(renew(&trial, &group, &mine, LONG).await);
            mine
        })
        .await;
    trial.pass(PROMPT + SHORT).await;
    assert_eq!(live(&trial, &group).await.len(), 1, "it was renewed");
    assert!(renew(&trial, &group, &mine, SHORT).await, "a life can be made shorter, too");
    trial.until("the claim ends", || async { live(&trial, &group).await.is_empty() }).await;
}

/// Whoever asks sees the live members of a group, oldest first, with their numbers and what they carry.
pub async fn live_claims_are_listed_with_what_they_carry(trial: Trial) {
    let group = slots(&trial, "user:7");
    assert!(live(&trial, &group).await.is_empty());
    let everything: Bytes = (0..=255).collect::<Vec<u8>>().into();
    let large = Bytes::from(vec![b'x'; MAX_CLAIM_PAYLOAD]);
    let members =
        [("zebra", Bytes::new()), ("a b:c*{d}\n%\u{e9}", everything), ("fence", large), ("", Bytes::new())];
    let mut claimed = Vec::new();
    for (token, (name, payload)) in members.iter().enumerate() {
        let terms = ClaimOptions::new(LONG).at_most(4).carrying(payload.clone());
        claimed.push(fence(&trial, &group, &id(name, token as u128), terms).await);
    }
    let listed = live(&trial, &group).await;
    assert_eq!(
        listed.iter().map(|claim| &*claim.member).collect::<Vec<_>>(),
        members.each_ref().map(|(name, _)| *name)
    );
    assert!(listed.iter().zip(&members).all(|(claim, (_, payload))| claim.payload == payload));
    assert_eq!(listed.iter().map(|claim| claim.fence).collect::<Vec<_>>(), claimed);
    assert!(listed.iter().all(|claim| !claim.left.is_zero() && claim.left <= LONG));
    assert!(release(&trial, &group, &id("zebra", 0)).await);
    assert_eq!(live(&trial, &group).await.len(), 3);
}

/// What removes data removes no claim.
pub async fn clear_and_patterns_spare_claims(trial: Trial) {
    let (group, mine) = (exclusive(&trial, "report:7"), id("report:7", 1));
    fence(&trial, &group, &mine, ClaimOptions::new(LONG)).await;
    trial.put(&trial.key("report:7"), &Bytes::from_static(b"frame")).await;
    let everything = KeyPattern::parse("*").expect("a pattern").within(&trial.namespace);
    assert_eq!(trial.backend.delete_pattern(&everything).await.expect("delete_pattern"), 1);
    assert_eq!(trial.backend.clear(&trial.namespace).await.expect("clear"), 0, "a claim is not counted");
    assert_eq!(claim(&trial, &group, &id("report:7", 2), ClaimOptions::new(LONG)).await, ClaimOutcome::Taken);
    assert!(release(&trial, &group, &mine).await);
}

/// Terms that cannot be kept are refused, and nothing is held then.
pub async fn a_claim_on_impossible_terms_is_refused(trial: Trial) {
    let (group, mine, terms) = (slots(&trial, "user:7"), id("report:7", 1), ClaimOptions::new(LONG));
    for (terms, kind) in [
        (terms.clone().at_most(0), ErrorKind::Config),
        (ClaimOptions::new(Duration::ZERO), ErrorKind::Ttl),
        (ClaimOptions::new(Duration::MAX), ErrorKind::Ttl),
        (terms.clone().carrying(vec![b'x'; MAX_CLAIM_PAYLOAD + 1]), ErrorKind::TooLarge),
    ] {
        let refused = trial.backend.claim(&group, mine.clone(), terms).await;
        assert_eq!(refused.expect_err("impossible terms").kind(), kind);
    }
    assert!(live(&trial, &group).await.is_empty());
    fence(&trial, &group, &mine, terms).await;
    let renewed = trial.backend.renew_claim(&group, mine, Duration::ZERO).await;
    assert_eq!(renewed.expect_err("no life").kind(), ErrorKind::Ttl);
}

/// A claim that is dropped at any point can be undone with its token, whether it took place or not.
pub async fn a_dropped_claim_can_be_undone(trial: Trial) {
    let group = exclusive(&trial, "report:7");
    for polls in 0..8 {
        let (dropped, next) = (id("report:7", 2 * polls as u128), id("report:7", 2 * polls as u128 + 1));
        let call = trial.backend.claim(&group, dropped.clone(), ClaimOptions::new(LONG));
        drop_after(polls, call).await;
        let _whether_it_took_place = release(&trial, &group, &dropped).await;
        fence(&trial, &group, &next, ClaimOptions::new(LONG)).await;
        assert!(release(&trial, &group, &next).await, "dropped after {polls} polls");
    }
}
