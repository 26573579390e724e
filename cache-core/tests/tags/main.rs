//! Tags: groups of entries that are invalidated at once, in this process and in others, whatever happens meanwhile.

#![allow(clippy::needless_borrow, clippy::unwrap_used)]

#[path = "../common/mod.rs"]
mod common;

mod expanded;
mod here;
mod markers;
mod outage;
mod shared;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use cache_core::key::{Namespace, Tag};
use cache_core::manager::{Builder, CacheManager};
use cache_core::port::backend::CacheBackend;
use cache_core::port::clock::Clock;
use cache_core::testkit::TokioTime;

/// A source whose versions only grow.
#[derive(Debug, Default)]
pub(crate) struct Source(AtomicU64);

impl Source {
    fn change(&self) {
        self.0.fetch_add(1, Ordering::SeqCst);
    }

    async fn read(&self) -> Result<u64, String> {
        Ok(self.0.load(Ordering::SeqCst))
    }
}

thread_local! {
    /// One clock for all managers of a test.
    static CLOCK: Clock = Clock::source(Arc::new(TokioTime::new()));
}

/// A manager as one process of several would have it: near copies are trusted for 5 s.
pub(crate) fn process(shared: &Arc<impl CacheBackend>) -> Builder {
    CacheManager::builder()
        .near(common::near())
        .near_ttl(Duration::from_secs(5))
        .primary(Arc::clone(shared))
        .jitter(0.0)
        .clock(CLOCK.with(Clock::clone))
}

/// Reads through, under these tags.
pub(crate) async fn get(cache: &CacheManager, key: &str, source: &Source, tags: &[&str]) -> u64 {
    cache.get_or_load(key, || source.read()).tags(tags).await.unwrap()
}

/// The key of a tag's marker.
pub(crate) fn marker(tag: &str) -> cache_core::key::CacheKey {
    Tag::new(tag).id().marker(&Namespace::default())
}
