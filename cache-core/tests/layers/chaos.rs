//! Trouble at random: nothing wrong is ever served, no call fails, and it ends when the trouble does.

use std::sync::Arc;
use std::time::Duration;

use cache_core::layer::{Layered, Resilience};
use cache_core::manager::CacheManager;
use cache_core::port::clock::Clock;
use cache_core::testkit::{ChaosLayer, MapBackend, TokioTime};
use cache_core::time::Ttl;

use crate::support::{call, key, millis};
use cache_core::port::backend::{CacheBackend, Verb};

#[tokio::test(start_paused = true)]
async fn rates_are_kept_and_the_same_seed_gives_the_same_faults() {
    let faults = |seed: u64| async move {
        let chaos = ChaosLayer::seeded(seed).failing(0.2).losing(0.1);
        let backend = MapBackend::new().layered(&chaos);
        let mut failed = Vec::new();
        for _ in 0..1_000 {
            failed.push(backend.get(&key("a")).await.err().map(|error| error.kind()));
        }
        assert_eq!(chaos.faults(), failed.iter().flatten().count() as u64);
        chaos.calm(true);
        for verb in [Verb::Get, Verb::Set, Verb::Disconnect, Verb::Connect] {
            call(&backend, verb).await.unwrap();
        }
        failed
    };
    let (one, other) = (faults(1).await, faults(2).await);
    assert_eq!(one, faults(1).await);
    assert_ne!(one, other);
    let share = one.iter().flatten().count();
    assert!((220..340).contains(&share), "0.2 + 0.8 * 0.1 of 1,000: {share}");
}

/// What one caller wrote last is what it reads, or nothing; what it took or deleted stays away.
async fn nothing_wrong_is_served(seed: u64, with_fallback: bool) {
    let chaos = ChaosLayer::seeded(seed).failing(0.15).losing(0.15).delaying(0.15, millis(150));
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let guard = Resilience::builder().clock(clock.clone()).build().unwrap();
    let primary = MapBackend::new().layered(&chaos).layered(&guard);
    let builder = CacheManager::builder().primary(primary).clock(clock).no_near();
    let builder = if with_fallback { builder.fallback(MapBackend::new()) } else { builder };
    let cache = builder.build().unwrap();
    let mut hits = 0;
    for round in 0..300_u64 {
        let key = format!("k:{}", round % 7);
        let _ = cache.set(&key, round, Ttl::secs(3_600)).await.unwrap();
        let found = cache.get::<u64>(&key).await.unwrap();
        assert!(found.is_none_or(|found| found == round), "seed {seed}: {found:?} in round {round}");
        hits += u32::from(found.is_some());
        if round % 3 == 0 {
            let _ = cache.delete(&key).await.unwrap();
            assert_eq!(cache.get::<u64>(&key).await.unwrap(), None, "seed {seed}, round {round}");
        } else if let Some(taken) = cache.get_and_delete::<u64>(&key).await.unwrap() {
            assert_eq!((taken, cache.get::<u64>(&key).await.unwrap()), (round, None), "seed {seed}");
        }
        tokio::time::sleep(millis(20)).await;
    }
    assert!(chaos.faults() > 50 && hits > 0, "{} faults, {hits} hits", chaos.faults());
    chaos.calm(true);
    tokio::time::sleep(Duration::from_secs(10)).await;
    let _ = cache.set("last", 1_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(cache.get::<u64>("last").await.unwrap(), Some(1));
    assert!(!cache.health_now().journal_pending && !cache.health_now().on_fallback);
}

#[tokio::test(start_paused = true)]
async fn nothing_wrong_is_served_in_any_of_many_histories() {
    for seed in 0..40 {
        nothing_wrong_is_served(seed, seed % 2 == 0).await;
    }
}
