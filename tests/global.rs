//! The managers that functions find by themselves. One test, because there is one global manager per process.
#![allow(clippy::unwrap_used)]

use larder::{CacheManager, MemoryBackend, Near, Ttl};

#[tokio::test]
async fn managers_are_found_by_themselves_and_by_name() {
    let without_set_up = larder::cache_manager();
    without_set_up.set_enabled(true);
    let _ = without_set_up.set("k", 1_u8, Ttl::Default).await.unwrap();
    assert_eq!(larder::cache_manager().get::<u8>("k").await.unwrap(), Some(1));
    assert_eq!((without_set_up.health_now().primary, without_set_up.stats().near_entries), ("null", 1));

    let chosen = CacheManager::builder().near(Near::mib(1)).primary(MemoryBackend::new()).build().unwrap();
    larder::initialize_cache(chosen).await.unwrap();
    assert_eq!(larder::cache_manager().health_now().primary, "memory");
    assert_eq!(larder::cache_manager().get::<u8>("k").await.unwrap(), None);
    assert!(!without_set_up.is_enabled(), "the older one was shut down");

    larder::initialize_cache(larder::cache_manager()).await.unwrap();
    assert!(larder::cache_manager().is_enabled(), "it was shut down as its own predecessor");

    assert!(larder::cache("persistent").is_none());
    let config =
        larder::Config::from_vars(|name| (name == "CACHE_PERSISTENT_TTL").then(|| "2h".to_owned())).unwrap();
    larder::register_default_caches(&config).unwrap();
    let (memory, persistent) = (larder::cache("memory").unwrap(), larder::cache("persistent").unwrap());
    let _ = memory.set("k", 1_u8, Ttl::Default).await.unwrap();
    assert_eq!(persistent.get::<u8>("k").await.unwrap(), None, "aliases are apart");
    let _ = persistent.set("k", 2_u8, Ttl::Default).await.unwrap();
    let _ = persistent.clear().await.unwrap();
    assert_eq!(memory.get::<u8>("k").await.unwrap(), Some(1));

    larder::shutdown_cache().await;
    assert!(!memory.is_enabled() && larder::cache("memory").is_none());
    assert_eq!(larder::cache_manager().health_now().primary, "null", "the next use begins anew");
}
