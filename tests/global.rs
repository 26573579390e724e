//! The global manager. One test: it belongs to the whole process.

#![allow(clippy::unwrap_used)]

use larder::{CacheManager, Near};

#[tokio::test]
async fn the_global_manager_can_be_initialized_again_and_replaced() {
    let first = CacheManager::builder().near(Near::mib(1)).build().unwrap();
    larder::initialize_cache(first.clone()).await.unwrap();
    larder::initialize_cache(larder::cache_manager()).await.unwrap();
    assert!(first.is_enabled(), "it was shut down as its own predecessor");
    let second = CacheManager::builder().near(Near::mib(1)).build().unwrap();
    larder::initialize_cache(second).await.unwrap();
    assert!(!first.is_enabled() && larder::cache_manager().is_enabled());
}
