//! `sensitive`: parts of keys that nobody is to read.

use std::sync::Arc;

use larder::testkit::{Recorded, RecordingRecorder};
use larder::{CacheManager, KeyPattern, MemoryBackend, Near, Reason, cached, invalidate_cache};

use crate::fresh;

const SECRET: &str = "a secret of the test suite";

fn with_secret(secret: Option<&str>) -> CacheManager {
    let backend = MemoryBackend::builder().max_bytes(1 << 20).build();
    let builder = CacheManager::builder().near(Near::mib(1)).primary(backend).namespace("t");
    match secret {
        Some(secret) => builder.key_secret(secret).build().unwrap(),
        None => builder.build().unwrap(),
    }
}

#[cached(prefix = "by_mail", sensitive(email), cache = cache, skip(cache))]
async fn by_mail(cache: &CacheManager, email: &str, page: u32) -> u64 {
    fresh() + u64::from(page) + email.len() as u64
}

#[invalidate_cache(by_mail(cache, email, 1))]
async fn change(cache: &CacheManager, email: String) {
    drop(email);
}

#[tokio::test]
async fn a_sensitive_part_is_never_in_clear_and_the_same_in_every_process_of_the_secret() {
    let (cache, other) = (with_secret(Some(SECRET)), with_secret(Some("another secret of it")));
    let key = by_mail_cache_key(&cache, "ann@example.org", 1);
    // printf %s ann@example.org | openssl dgst -sha256 -hmac "a secret of the test suite"
    let hmac = "B7778A5BD26B03DF72FD0CC1F64ECB8BC47E81701B933BE3D653EC03DFB9A64C";
    assert_eq!(key.as_str(), format!("t:d:by_mail:~s{hmac}:1u32"));
    assert_eq!(by_mail_cache_key(&with_secret(Some(SECRET)), "ann@example.org", 1), key);
    assert_ne!(by_mail_cache_key(&cache, "bob@example.org", 1), key);
    assert_ne!(by_mail_cache_key(&other, "ann@example.org", 1), key);
    for shown in [format!("{key}"), format!("{key:?}"), format!("{:?}", key.near()), format!("{cache:?}")] {
        assert!(!shown.contains("ann") && !shown.contains("secret of"), "{shown}");
    }
}

#[tokio::test]
async fn hits_invalidations_and_both_tiers_work() {
    let cache = with_secret(Some(SECRET));
    let first = by_mail(&cache, "ann@example.org", 1).await;
    assert_eq!(by_mail(&cache, "ann@example.org", 1).await, first);
    assert_ne!(by_mail(&cache, "bob@example.org", 1).await, first);
    assert_eq!((cache.stats().near_hits, cache.stats().loads), (1, 2));
    let key = by_mail_cache_key(&cache, "ann@example.org", 1);
    assert_eq!(cache.get::<u64>(&key).await.unwrap(), Some(first));
    change(&cache, "ann@example.org".to_owned()).await;
    assert_eq!(by_mail_peek(&cache, "ann@example.org", 1).await, None);
}

#[tokio::test]
async fn without_a_secret_nothing_of_it_leaves_the_process() {
    let recorder = Arc::new(RecordingRecorder::new());
    let backend = Arc::new(MemoryBackend::builder().max_bytes(1 << 20).build());
    let cache =
        CacheManager::builder().near(Near::mib(1)).primary(backend.clone()).recorder(Arc::clone(&recorder));
    let cache = cache.build().unwrap();
    let beside = CacheManager::builder().no_near().primary(backend).build().unwrap();
    let first = by_mail(&cache, "ann@example.org", 1).await;
    assert_eq!(by_mail(&cache, "ann@example.org", 1).await, first);
    let not_stored = Recorded::NotStored { tier: "far", reason: Reason::NoKeySecret };
    assert_eq!(recorder.count(|event| *event == not_stored), 1);
    let key = by_mail_cache_key(&cache, "ann@example.org", 1);
    assert!(!key.as_str().contains("ann"));
    assert_eq!(beside.delete_pattern(KeyPattern::parse("*").unwrap()).await.unwrap().removed, 0);
    assert_eq!(by_mail_invalidate(&cache, "ann@example.org", 1).await.unwrap().removed, 1);
    assert_eq!(by_mail_peek(&cache, "ann@example.org", 1).await, None);
}

struct User {
    id: u64,
    email: Option<String>,
}

#[cached(prefix = "mixed", key(user.id, user.email), sensitive(user.email), cache = cache, skip(cache))]
async fn of_field(cache: &CacheManager, user: &User) -> u64 {
    fresh()
}

#[cached(prefix = "text", key = "u-{email}:{id}", sensitive(email), cache = cache, skip(cache))]
async fn in_template(cache: &CacheManager, email: &str, id: u64) -> u64 {
    fresh()
}

#[cached(prefix = "lower", key(email.to_lowercase()), sensitive(email), user = email, cache = cache, skip(cache))]
async fn computed(cache: &CacheManager, email: &str) -> u64 {
    fresh()
}

#[test]
fn every_part_that_uses_a_sensitive_argument_is_hidden() {
    let cache = with_secret(Some(SECRET));
    let user = |email: Option<&str>| User { id: 7, email: email.map(str::to_owned) };
    let (ann, nobody) =
        (of_field_cache_key(&cache, &user(Some("ann"))), of_field_cache_key(&cache, &user(None)));
    assert!(ann.relative().starts_with("mixed:7:~s") && nobody.relative().starts_with("mixed:7:~s"));
    assert_ne!(ann, nobody);
    assert!(in_template_cache_key(&cache, "ann", 7).relative().starts_with("text:(u-,~s"));
    let key = computed_cache_key(&cache, "Ann");
    assert!(!key.as_str().contains("nn"), "{}", key.as_str());
    assert!(key.relative().starts_with("lower:~user:~s"));
}

#[test]
fn a_short_secret_is_refused_when_the_manager_is_built() {
    let error = CacheManager::builder().near(Near::mib(1)).key_secret("c4nary").build().unwrap_err();
    assert!(error.to_string().contains("key secret (***) has 6 bytes"), "{error}");
    assert!(!error.to_string().contains("c4nary"));
}
