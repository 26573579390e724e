//! `CACHE_ENABLED=false`: functions run every time, nothing is kept, nothing fails. The test runs itself again
//! with the variable set, because the environment belongs to the process.
#![allow(clippy::unwrap_used)]

use std::process::Command;
use std::sync::atomic::{AtomicU32, Ordering};

use larder::{Ttl, cached, invalidate_cache};

static RUNS: AtomicU32 = AtomicU32::new(0);

#[cached(ttl = "1h", cache_none)]
async fn find(id: u64) -> Result<Option<u64>, String> {
    RUNS.fetch_add(1, Ordering::SeqCst);
    if id == 13 { Err("unlucky".to_owned()) } else { Ok(Some(id)) }
}

#[invalidate_cache(find(id), all(find), patterns("*"))]
async fn change(id: u64) {}

#[test]
fn a_disabled_cache_is_as_if_there_were_none() {
    let this = std::env::current_exe().unwrap();
    let status = Command::new(this)
        .args(["--exact", "with_the_variable_set", "--include-ignored"])
        .env("CACHE_ENABLED", "false")
        .status()
        .unwrap();
    assert!(status.success());
}

#[tokio::test]
#[ignore = "run by the test above, in a process of its own"]
async fn with_the_variable_set() {
    let cache = larder::cache_manager();
    assert!(!cache.is_enabled());
    for _ in 0..3 {
        assert_eq!(find(7).await, Ok(Some(7)));
        assert_eq!(find(13).await, Err("unlucky".to_owned()));
        change(7).await;
    }
    assert_eq!(find_peek(7).await, None);
    assert_eq!((RUNS.load(Ordering::SeqCst), cache.stats().bypassed, cache.stats().near_entries), (6, 7, 0));
    let _ = cache.set("k", 1_u8, Ttl::Default).await.unwrap();
    assert_eq!(cache.get::<u8>("k").await.unwrap(), None);
    assert!(larder::from_env().unwrap().delete("k").await.unwrap().removed == 0);
}
