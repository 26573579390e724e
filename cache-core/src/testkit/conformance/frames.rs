//! Frames come back as they were, and only under their own key.

use bytes::Bytes;

use super::Trial;
use super::trial::frame;
use crate::error::ErrorKind;
use crate::key::{CacheKey, Namespace};
use crate::port::backend::{DeleteOptions, SetOptions};

/// Texts that trip stores: separators, globs, path tricks, case, controls, lookalikes, lengths.
pub const HOSTILE: [&str; 34] = [
    "",
    " ",
    ".",
    "..",
    "/",
    "../../etc/passwd",
    "a/b",
    "a\\b",
    "a:b",
    "a",
    "A",
    "*",
    "?",
    "[a-z]",
    "{a}",
    "%",
    "%2A",
    "\u{0}",
    "\n",
    "\r\n",
    "'",
    "\"",
    "~",
    "CON",
    "a.",
    "a ",
    "\u{e9}",
    "e\u{301}",
    "\u{202e}abc",
    "\u{1f980}",
    "7",
    "-7",
    "true",
    "$(x)",
];

/// What was stored comes back byte for byte, as often as it is asked for.
pub async fn a_frame_comes_back_byte_for_byte(trial: Trial) {
    let (key, stored) = (trial.key("user:7"), frame("user 7"));
    trial.put(&key, &stored).await;
    for _ in 0..3 {
        assert_eq!(trial.held(&key).await.as_ref(), Some(&stored));
    }
}

/// A key that was never set is a miss for every verb that reads.
pub async fn a_key_that_was_never_set_holds_nothing(trial: Trial) {
    let key = trial.key("nobody");
    assert_eq!(trial.held(&key).await, None);
    assert!(!trial.backend.exists(&key).await.expect("exists"));
    assert_eq!(trial.backend.get_and_delete(&key).await.expect("get_and_delete"), None);
    assert!(!trial.backend.delete(&key, DeleteOptions::default()).await.expect("delete"));
}

/// A frame replaces the older one, also when it is shorter.
pub async fn the_last_write_wins(trial: Trial) {
    let key = trial.key("user:7");
    for text in ["the first, a long one", "2", "the third"] {
        trial.put(&key, &frame(text)).await;
        assert_eq!(trial.held(&key).await, Some(frame(text)));
    }
}

/// An empty frame is a frame; so is one of zeros, of every byte, of 256 KiB.
pub async fn empty_and_binary_and_large_frames_survive(trial: Trial) {
    let every_byte: Bytes = (0..=255).collect();
    let large: Bytes =
        (0..256 * 1024_u32).map(|at| at.wrapping_mul(2_654_435_761).to_be_bytes()[0]).collect();
    let line_ends = Bytes::from_static(b"\r\n$-1\r\n\0\n");
    for (name, stored) in [
        ("empty", Bytes::new()),
        ("zeros", vec![0; 17].into()),
        ("bytes", every_byte),
        ("large", large),
        ("ends", line_ends),
    ] {
        let key = trial.key(name);
        trial.put(&key, &stored).await;
        assert!(trial.held(&key).await.as_ref() == Some(&stored), "the {name} frame came back changed");
        assert!(trial.backend.exists(&key).await.expect("exists"), "the {name} frame is there");
        let taken = trial.backend.get_and_delete(&key).await.expect("get_and_delete");
        assert!(taken == Some(stored), "the {name} frame was taken changed");
    }
}

/// No two keys share an entry, whatever is in them.
pub async fn keys_with_every_kind_of_character_are_kept_apart(trial: Trial) {
    let long = ["x".repeat(5_000), "x".repeat(5_001)];
    let texts: Vec<&str> = HOSTILE.into_iter().chain(long.iter().map(String::as_str)).collect();
    let keys: Vec<CacheKey> = texts.iter().map(|text| trial.key_of("name", text)).collect();
    for (key, text) in keys.iter().zip(&texts) {
        trial.put(key, &frame(text)).await;
    }
    for (key, text) in keys.iter().zip(&texts) {
        assert_eq!(trial.held(key).await, Some(frame(text)), "under {text:?}");
    }
    for (key, text) in keys.iter().zip(&texts) {
        assert!(
            trial.backend.delete(key, DeleteOptions::default()).await.expect("delete"),
            "{text:?} was deleted"
        );
    }
    assert_eq!(trial.which_are_held(&keys).await, vec![false; keys.len()]);
}

/// The same key in two namespaces is two entries.
pub async fn two_namespaces_do_not_share_entries(trial: Trial) {
    let neighbour = Namespace::new(&format!("{}x", trial.namespace.as_str())).expect("a short name");
    let (own, other) = (trial.key("user:7"), CacheKey::direct(&neighbour, "user:7").expect("a key"));
    trial.put(&own, &frame("own")).await;
    assert_eq!(trial.held(&other).await, None);
    trial.put(&other, &frame("other")).await;
    assert_eq!(trial.held(&own).await, Some(frame("own")));
    assert!(trial.backend.delete(&other, DeleteOptions::default()).await.expect("delete"));
    assert_eq!(trial.held(&own).await, Some(frame("own")));
}

/// A delete says whether there was something, and afterwards there is nothing.
pub async fn a_deleted_frame_is_gone(trial: Trial) {
    let (key, sibling) = (trial.key("user:7"), trial.key("user:8"));
    trial.put_all(&[key.clone(), sibling.clone()], &frame("a user")).await;
    assert!(trial.backend.delete(&key, DeleteOptions::default()).await.expect("delete"));
    assert!(
        !trial.backend.delete(&key, DeleteOptions::default()).await.expect("delete"),
        "it is gone already"
    );
    assert_eq!(trial.which_are_held(&[key, sibling]).await, [false, true]);
}

/// `exists` says what `get` would find.
pub async fn exists_agrees_with_get(trial: Trial) {
    let key = trial.key("user:7");
    assert!(!trial.backend.exists(&key).await.expect("exists"));
    trial.put(&key, &frame("user 7")).await;
    assert!(trial.backend.exists(&key).await.expect("exists"));
    assert!(trial.backend.delete(&key, DeleteOptions::default()).await.expect("delete"));
    assert!(!trial.backend.exists(&key).await.expect("exists"));
}

/// A frame that is refused for its size says so, and takes the older one with it: an old value never survives a
/// newer write. Without a known limit, a frame of 1 MiB is tried and may be taken.
pub async fn an_oversized_set_leaves_no_older_value(trial: Trial) {
    let (key, sibling) = (trial.key("user:7"), trial.key("user:8"));
    trial.put_all(&[key.clone(), sibling.clone()], &frame("older")).await;
    let huge = Bytes::from(vec![b'x'; trial.too_large.unwrap_or(1 << 20)]);
    match trial.backend.set(&key, huge.clone(), SetOptions::default()).await {
        Ok(stored) => {
            assert!(stored && trial.too_large.is_none(), "a frame of {} bytes must be refused", huge.len());
            assert!(trial.held(&key).await == Some(huge), "what was taken is there");
        }
        Err(error) => {
            assert_eq!(error.kind(), ErrorKind::TooLarge, "{error}");
            assert_eq!(trial.held(&key).await, None, "the older value is gone");
        }
    }
    assert_eq!(trial.held(&sibling).await, Some(frame("older")));
}
