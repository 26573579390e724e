//! One-shot codes: a login code is worth one token, once, whoever else presents it at the same moment.
//!
//! ```text
//! cargo run --example oauth_codes
//! ```
//!
//! Two things make a cache fit for this. `get_and_delete` has exactly one winner on every backend, is never answered by
//! a copy or by the fallback, and is never sent twice. `FailMode::Closed` makes trouble of the store an error:
//! "we cannot tell" must not look like "no such code", and never like "stored". A store that holds nothing is
//! refused when the cache is built.
#![allow(clippy::print_stdout, reason = "an example talks")]

use std::sync::Arc;
use std::time::Duration;

use larder::testkit::FaultyBackend;
use larder::{CacheManager, ErrorKind, FailMode, MemoryBackend, NullBackend};
use serde::{Deserialize, Serialize};
use tokio::task::JoinSet;

/// Minutes in production.
const LIFE: Duration = Duration::from_secs(2);

/// What a code stands for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Grant {
    user: u64,
    client: String,
}

/// Why there is no token.
#[derive(Debug, PartialEq)]
enum Refusal {
    /// Used, expired, or never given out: answer 400.
    Invalid,
    /// Nobody can tell now: answer 503, the code may still be good.
    TryAgain,
}

struct Codes(CacheManager);

impl Codes {
    async fn give_out(&self, code: &str, grant: Grant) -> larder::Result<()> {
        self.0.set(format!("oauth:{code}"), grant, LIFE).await.map(drop)
    }

    async fn redeem(&self, code: &str) -> Result<Grant, Refusal> {
        match self.0.get_and_delete(format!("oauth:{code}")).await {
            Ok(Some(grant)) => Ok(grant),
            Ok(None) => Err(Refusal::Invalid),
            Err(_) => Err(Refusal::TryAgain),
        }
    }
}

#[tokio::main]
async fn main() -> larder::Result<()> {
    let nothing = CacheManager::builder().primary(NullBackend).fail_mode(FailMode::Closed).build();
    let refused = nothing.err().map(|refused| (refused.kind(), refused.to_string()));
    assert!(matches!(refused, Some((ErrorKind::Config, _))));
    println!("a null backend: {}", refused.map(|(_, why)| why).unwrap_or_default());

    // In production: `.primary(RedisBackend::new("rediss://..")?)`. This one fails when we tell it to.
    let store = FaultyBackend::new(Arc::new(MemoryBackend::new()));
    // A code lives exactly as long as it is said to: no jitter.
    let builder = CacheManager::builder().primary(Arc::clone(&store)).fail_mode(FailMode::Closed);
    let cache = builder.jitter(0.0).build()?;
    let codes = Arc::new(Codes(cache));
    let grant = Grant { user: 7, client: "photo-printer".to_owned() };

    codes.give_out("k3v9", grant.clone()).await?;
    let winners = present_a_hundred_times(&codes, "k3v9").await;
    assert_eq!(winners, std::slice::from_ref(&grant));
    println!("presented a hundred times at once: one token");
    assert_eq!(codes.redeem("k3v9").await, Err(Refusal::Invalid));
    assert_eq!(codes.redeem("guess").await, Err(Refusal::Invalid));

    codes.give_out("late", grant.clone()).await?;
    tokio::time::sleep(LIFE).await;
    assert_eq!(codes.redeem("late").await, Err(Refusal::Invalid));
    println!("presented too late: no token");

    codes.give_out("kept", grant.clone()).await?;
    store.down(true);
    assert_eq!(codes.redeem("kept").await, Err(Refusal::TryAgain));
    assert!(
        codes.give_out("lost", grant.clone()).await.is_err(),
        "nobody is sent away with a code that is not stored"
    );
    store.down(false);
    assert_eq!(codes.redeem("kept").await, Ok(grant));
    println!("presented during an outage: try again; and then it is good");
    Ok(())
}

async fn present_a_hundred_times(codes: &Arc<Codes>, code: &'static str) -> Vec<Grant> {
    let mut callers = JoinSet::new();
    for _ in 0..100 {
        let codes = Arc::clone(codes);
        callers.spawn(async move { codes.redeem(code).await });
    }
    callers.join_all().await.into_iter().flatten().collect()
}
