//! What people plug in, by the names of `larder` alone.

#![allow(clippy::unwrap_used)]

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use larder::near::{Held, Judged, NearEntry, NearProbe};
use larder::{
    CacheKey, CacheManager, Clock, Event, LeaseTable, Namespace, NearStore, Recorder, Spawner, Task, Tick,
    TimeSource, Ttl, WallTime,
};

#[derive(Debug, Default)]
struct Plain(Mutex<Vec<(CacheKey, NearEntry)>>);

impl NearStore for Plain {
    fn get(&self, probe: &dyn NearProbe, wanted: &mut dyn FnMut(&Judged) -> bool) -> Option<Held> {
        let entry = self.entry(probe)?;
        wanted(&entry.meta.judged()).then_some(entry.value)
    }

    fn entry(&self, probe: &dyn NearProbe) -> Option<NearEntry> {
        let held = self.0.lock().unwrap();
        held.iter().find(|(key, _)| probe.is(key.near())).map(|(_, entry)| entry.clone())
    }

    fn insert(&self, key: &CacheKey, entry: NearEntry, _: Tick, _: &mut dyn FnMut(&CacheKey)) {
        self.remove(key);
        self.0.lock().unwrap().push((key.clone(), entry));
    }

    fn remove(&self, key: &CacheKey) -> Option<NearEntry> {
        let mut held = self.0.lock().unwrap();
        let at = held.iter().position(|(other, _)| other == key)?;
        Some(held.remove(at).1)
    }

    fn remove_where(
        &self,
        unwanted: &dyn Fn(&CacheKey, &NearEntry) -> bool,
        removed: &mut dyn FnMut(NearEntry),
    ) {
        let gone =
            self.0.lock().unwrap().extract_if(.., |(key, entry)| unwanted(key, entry)).collect::<Vec<_>>();
        gone.into_iter().for_each(|(_, entry)| removed(entry));
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().len()
    }

    fn weight(&self) -> u64 {
        self.0.lock().unwrap().iter().map(|(_, entry)| u64::from(entry.meta.weight)).sum()
    }
}

#[derive(Debug, Default)]
struct Seconds(AtomicU64);

impl TimeSource for Seconds {
    fn tick(&self) -> Tick {
        Tick(self.0.load(Ordering::SeqCst) * 1_000_000_000)
    }

    fn wall(&self) -> WallTime {
        WallTime(self.0.load(Ordering::SeqCst) * 1_000)
    }
}

#[derive(Debug, Default)]
struct Refusing(AtomicU64);

impl Spawner for Refusing {
    fn spawn(&self, _: Task) -> bool {
        self.0.fetch_add(1, Ordering::SeqCst);
        false
    }
}

#[derive(Debug, Default)]
struct Listening(AtomicU64);

impl Recorder for Listening {
    fn record(&self, event: &Event<'_>) {
        if let Event::Missed { tier: "near", .. } = event {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }
}

#[tokio::test]
async fn a_store_a_clock_a_spawner_and_a_recorder_of_ones_own_are_used() {
    let (time, heard) = (Arc::new(Seconds::default()), Arc::new(Listening::default()));
    let store: Arc<dyn NearStore> = Arc::new(Plain::default());
    let builder = CacheManager::builder().near(store).clock(Clock::source(time.clone())).jitter(0.0);
    let cache = builder.spawner(Refusing::default()).recorder(heard.clone()).build().unwrap();
    let _ = cache.set("k", 1_u64, Ttl::secs(5)).await.unwrap();
    time.0.store(4, Ordering::SeqCst);
    assert_eq!(cache.get::<u64>("k").await.unwrap(), Some(1));
    time.0.store(5, Ordering::SeqCst);
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
    assert_eq!(heard.0.load(Ordering::SeqCst), 1);
    let load = || async { Ok::<_, String>(2_u64) };
    assert_eq!(cache.get_or_load("k", load).detach().await.unwrap(), 2, "nobody runs it: the caller does");
}

#[test]
fn leases_and_conditions_of_a_store_of_ones_own_have_their_helpers() {
    let (leases, key) = (LeaseTable::default(), CacheKey::direct(&Namespace::default(), "k").unwrap());
    assert_eq!(leases.acquire(&key, 7, Duration::from_secs(5)).unwrap(), 7);
    assert_eq!(leases.acquire(&key, 8, Duration::from_secs(5)).unwrap(), 7, "somebody holds it");
    assert_ne!(larder::fingerprint(b"a"), larder::fingerprint(b"b"));
}
