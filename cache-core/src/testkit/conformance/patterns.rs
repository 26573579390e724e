//! Patterns and `clear` remove what they mean, all of it, and count it exactly.

use super::Trial;
use super::trial::frame;
use crate::key::{CacheKey, KeyPattern, Namespace};

/// 1,500 matches among siblings that look alike: all matches go, all siblings stay, and the count is exact.
pub async fn a_pattern_removes_exactly_what_it_matches(trial: Trial) {
    let meant: Vec<CacheKey> = (0..1_500).map(|id| trial.key(&format!("list:{id}"))).collect();
    let siblings: Vec<CacheKey> =
        ["list-other:1", "list", "lists:1", "alist:1", "other:list:1"].map(|key| trial.key(key)).into();
    trial.put_all(&meant, &frame("meant")).await;
    trial.put_all(&siblings, &frame("a sibling")).await;
    let removed = trial.backend.delete_pattern(&trial.pattern("list:*")).await.expect("delete_pattern");
    assert_eq!(removed, 1_500);
    assert_eq!(trial.which_are_held(&meant).await, vec![false; 1_500]);
    assert_eq!(trial.which_are_held(&siblings).await, vec![true; siblings.len()]);
}

/// A pattern that matches nothing removes nothing.
pub async fn a_pattern_without_matches_removes_nothing(trial: Trial) {
    let key = trial.key("user:7");
    trial.put(&key, &frame("user 7")).await;
    for pattern in ["order:*", "user", "user:", "user:7:*", "ser:7", "User:7"] {
        let removed = trial.backend.delete_pattern(&trial.pattern(pattern)).await.expect("delete_pattern");
        assert_eq!(removed, 0, "{pattern}");
    }
    assert_eq!(trial.held(&key).await, Some(frame("user 7")));
}

/// User text in a pattern, once escaped, matches only itself, whatever signs are in it.
pub async fn patterns_treat_user_text_literally(trial: Trial) {
    let bystander = trial.key("user:bystander:x");
    trial.put(&bystander, &frame("a bystander")).await;
    for text in super::frames::HOSTILE {
        let key = trial.key_of("user", text);
        trial.put(&key, &frame(text)).await;
        let literal = trial.pattern(&format!("user:{}", KeyPattern::escape(text)));
        let removed = trial.backend.delete_pattern(&literal).await.expect("delete_pattern");
        assert_eq!(removed, 1, "{text:?} as the pattern {literal}");
        assert_eq!(trial.held(&key).await, None, "{text:?}");
    }
    assert!(trial.held(&bystander).await.is_some());
}

/// The dialect: `*`, `?`, `[a-z]`, `[^a]`, and `\` before a sign that is meant literally.
pub async fn the_pattern_dialect_is_the_same_everywhere(trial: Trial) {
    let names = ["u:1", "u:2", "u:12", "u:b", "u:m\u{fc}ller", "u:1:x", "v-1"];
    let keys = names.map(|name| trial.key(name));
    for (pattern, meant) in [
        ("*", [true; 7]),
        ("u:?", [true, true, false, true, false, false, false]),
        ("u:[0-9]", [true, true, false, false, false, false, false]),
        ("u:[^0-9]", [false, false, false, true, false, false, false]),
        ("u:m?ller", [false, false, false, false, true, false, false]),
        ("u:1*", [true, false, true, false, false, true, false]),
        ("*:x", [false, false, false, false, false, true, false]),
        ("v\\-1", [false, false, false, false, false, false, true]),
    ] {
        trial.put_all(&keys, &frame("a name")).await;
        let removed = trial.backend.delete_pattern(&trial.pattern(pattern)).await.expect("delete_pattern");
        assert_eq!(trial.which_are_held(&keys).await, meant.map(|meant| !meant), "{pattern}");
        assert_eq!(removed, meant.into_iter().filter(|meant| *meant).count() as u64, "{pattern}");
    }
}

/// A pattern never reaches into another namespace.
pub async fn a_pattern_stays_in_its_namespace(trial: Trial) {
    let (own, others) = neighbourhood(&trial).await;
    let removed = trial.backend.delete_pattern(&trial.pattern("*")).await.expect("delete_pattern");
    assert_eq!(removed, own.len() as u64);
    assert_eq!(trial.which_are_held(&own).await, vec![false; own.len()]);
    leave(&trial, others).await;
}

/// `clear` empties its namespace, counts what it removed, and never leaves it.
pub async fn clear_stays_in_its_namespace(trial: Trial) {
    let (own, others) = neighbourhood(&trial).await;
    assert_eq!(trial.backend.clear(&trial.namespace).await.expect("clear"), own.len() as u64);
    assert_eq!(trial.which_are_held(&own).await, vec![false; own.len()]);
    assert_eq!(trial.backend.clear(&trial.namespace).await.expect("clear"), 0, "it is empty already");
    leave(&trial, others).await;
}

/// Two pattern deletes at once count every key once.
pub async fn two_patterns_at_once_count_every_key_once(trial: Trial) {
    let keys: Vec<CacheKey> = (0..600).map(|id| trial.key(&format!("list:{id}"))).collect();
    trial.put_all(&keys, &frame("meant")).await;
    let deletes = ["list:*", "*"].map(|pattern| {
        let (trial, pattern) = (trial.clone(), trial.pattern(pattern));
        tokio::spawn(async move { trial.backend.delete_pattern(&pattern).await.expect("delete_pattern") })
    });
    let mut removed = 0;
    for delete in deletes {
        removed += delete.await.expect("a delete panicked");
    }
    assert_eq!(removed, 600);
    assert_eq!(trial.which_are_held(&keys).await, vec![false; 600]);
}

/// Fills the namespace and some whose names could be mistaken for it.
async fn neighbourhood(trial: &Trial) -> (Vec<CacheKey>, Vec<(Namespace, CacheKey)>) {
    let name = trial.namespace.as_str();
    let own: Vec<CacheKey> = ["user:7", "user:8:x", "a"].map(|key| trial.key(key)).into();
    trial.put_all(&own, &frame("own")).await;
    let mut others = Vec::new();
    for neighbour in
        [format!("{name}2"), format!("x{name}"), format!("{name}:d"), format!("{name}*"), "*".to_owned()]
    {
        let namespace = Namespace::new(&neighbour).expect("a short name");
        let key = CacheKey::direct(&namespace, &format!("{name}:user:7")).expect("a key");
        trial.put(&key, &frame(&neighbour)).await;
        others.push((namespace, key));
    }
    (own, others)
}

/// The neighbours are unharmed; leaves nothing of them behind.
async fn leave(trial: &Trial, others: Vec<(Namespace, CacheKey)>) {
    let mut harmed = Vec::new();
    for (namespace, key) in others {
        match trial.backend.get_and_delete(&key).await.expect("get_and_delete") {
            Some(_) => {}
            None => harmed.push(namespace),
        }
    }
    assert_eq!(harmed, [], "namespaces that lost an entry");
}
