//! Keys whose loads failed lately.
//!
//! Promise: a source that is broken is asked at most once a pause per key by those who have something stale to answer
//! with. A load that succeeds ends the pause. Memory is bounded: when too many keys fail, the oldest half of a shard
//! is forgotten.

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use crate::engine::Engine;
use crate::key::CacheKey;
use crate::policy::pause;
use crate::time::{Life, Tick};

const SHARDS: usize = 16;
/// Keys per shard.
const KEPT: usize = 1_024;

/// The failures of a manager, by key.
#[derive(Debug, Default)]
pub(in crate::engine) struct Failures {
    shards: [Mutex<Shard>; SHARDS],
    spare: Mutex<Shard>,
    held: AtomicUsize,
}

type Shard = HashMap<u128, Failing, foldhash::fast::RandomState>;

#[derive(Debug, Clone, Copy)]
struct Failing {
    times: u32,
    until: Tick,
}

impl Failures {
    fn shard(&self, key: &CacheKey) -> MutexGuard<'_, Shard> {
        let shard = self.shards.get(key.stripe(SHARDS)).unwrap_or(&self.spare);
        shard.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Until when the key is left alone.
    fn until(&self, key: &CacheKey) -> Option<Tick> {
        if self.held.load(Ordering::Acquire) == 0 {
            return None;
        }
        self.shard(key).get(&key.fingerprint()).map(|failing| failing.until)
    }

    fn failed(&self, key: &CacheKey, now: Tick, draw: f64) {
        let mut shard = self.shard(key);
        let before = shard.len();
        if before >= KEPT {
            let mut ends: Vec<_> = shard.values().map(|failing| failing.until).collect();
            ends.sort_unstable();
            let middle = ends.get(KEPT / 2).copied().unwrap_or(now);
            shard.retain(|_, failing| failing.until > middle);
        }
        let failing = shard.entry(key.fingerprint()).or_insert(Failing { times: 0, until: now });
        failing.times = failing.times.saturating_add(1);
        failing.until = now.after(Life::For(pause(failing.times, draw)));
        self.count(before, shard.len());
    }

    fn succeeded(&self, key: &CacheKey) {
        if self.held.load(Ordering::Acquire) == 0 {
            return;
        }
        let mut shard = self.shard(key);
        let before = shard.len();
        shard.remove(&key.fingerprint());
        self.count(before, shard.len());
    }

    fn count(&self, before: usize, after: usize) {
        if after >= before {
            self.held.fetch_add(after - before, Ordering::AcqRel);
        } else {
            self.held.fetch_sub(before - after, Ordering::AcqRel);
        }
    }
}

impl Engine {
    /// A load of the key failed.
    pub(in crate::engine) fn note_failure(&self, key: &CacheKey) {
        self.failures.failed(key, self.parts.clock.tick(), self.parts.jitter.draw());
    }

    /// A load of the key succeeded.
    pub(in crate::engine) fn note_success(&self, key: &CacheKey) {
        self.failures.succeeded(key);
    }

    /// Whether the key is left alone because its loads failed lately; until when.
    pub(in crate::engine) fn backs_off(&self, key: &CacheKey) -> Option<Tick> {
        self.failures.until(key).filter(|until| self.parts.clock.tick() < *until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::key::Namespace;

    fn key(index: usize) -> CacheKey {
        CacheKey::direct(&Namespace::default(), &format!("user:{index}")).unwrap()
    }

    fn seconds(seconds: u64) -> Tick {
        Tick(seconds * 1_000_000_000)
    }

    #[test]
    fn a_key_backs_off_longer_with_each_failure_until_it_succeeds() {
        let failures = Failures::default();
        assert_eq!(failures.until(&key(1)), None);
        for (now, until) in [(0, 1), (1, 3), (3, 7), (7, 15), (15, 31), (31, 61), (61, 91)] {
            failures.failed(&key(1), seconds(now), 0.0);
            assert_eq!(failures.until(&key(1)), Some(seconds(until)));
        }
        assert_eq!(failures.until(&key(2)), None);
        failures.succeeded(&key(1));
        assert_eq!((failures.until(&key(1)), failures.held.load(Ordering::SeqCst)), (None, 0));
    }

    #[test]
    fn a_flood_of_failing_keys_takes_bounded_memory_and_the_latest_are_remembered() {
        let failures = Failures::default();
        for index in 0..100_000 {
            failures.failed(&key(index), Tick(index as u64), 0.0);
        }
        assert!(failures.held.load(Ordering::SeqCst) <= SHARDS * KEPT);
        assert!(failures.until(&key(99_999)).is_some());
        let held: usize = failures.shards.iter().map(|shard| shard.lock().unwrap().len()).sum();
        assert_eq!(held, failures.held.load(Ordering::SeqCst));
    }
}
