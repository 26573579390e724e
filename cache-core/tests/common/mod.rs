//! What the tests of the engine stand on: a near store without bounds, and backends that stop where a test wants.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "every test file uses a part, and a broken stand is a failed test"
)]

pub mod bare;

use std::collections::HashMap;
use std::sync::{Arc, Mutex};

use cache_core::key::{CacheKey, NearKey, NearProbe};
use cache_core::manager::{Builder, CacheManager};
use cache_core::port::near::{Held, Judged, NearEntry, NearStore};
use cache_core::testkit::{FaultyBackend, MapBackend};
use cache_core::time::Tick;
use tokio::sync::Notify;
use tokio::task::JoinHandle;

/// A near store that keeps everything.
#[derive(Debug, Default)]
pub struct MapNear(Mutex<HashMap<u64, Vec<(CacheKey, NearEntry)>>>);

/// One of them, as a builder takes it.
pub fn near() -> Arc<dyn NearStore> {
    Arc::new(MapNear::default())
}

impl NearStore for MapNear {
    fn get(&self, probe: &dyn NearProbe, wanted: &mut dyn FnMut(&Judged) -> bool) -> Option<Held> {
        let held = self.0.lock().unwrap();
        let (_, entry) = held.get(&probe.hash())?.iter().find(|(key, _)| probe.is(key.near()))?;
        wanted(&entry.meta.judged()).then(|| entry.value.clone())
    }

    fn entry(&self, probe: &dyn NearProbe) -> Option<NearEntry> {
        let held = self.0.lock().unwrap();
        held.get(&probe.hash())?.iter().find(|(key, _)| probe.is(key.near())).map(|(_, entry)| entry.clone())
    }

    fn insert(&self, key: &CacheKey, entry: NearEntry, _: Tick, _: &mut dyn FnMut(&CacheKey)) {
        self.remove(key);
        self.0.lock().unwrap().entry(key.near().hash()).or_default().push((key.clone(), entry));
    }

    fn remove(&self, key: &CacheKey) -> Option<NearEntry> {
        let mut held = self.0.lock().unwrap();
        let slot = held.get_mut(&key.near().hash())?;
        let at = slot.iter().position(|(other, _)| same(other.near(), key.near()))?;
        Some(slot.remove(at).1)
    }

    fn remove_where(
        &self,
        unwanted: &dyn Fn(&CacheKey, &NearEntry) -> bool,
        removed: &mut dyn FnMut(NearEntry),
    ) {
        let mut gone = Vec::new();
        for slot in self.0.lock().unwrap().values_mut() {
            let (out, kept) = slot.drain(..).partition(|(key, entry)| unwanted(key, entry));
            *slot = kept;
            gone.extend::<Vec<_>>(out);
        }
        gone.into_iter().for_each(|(_, entry)| removed(entry));
    }

    fn len(&self) -> usize {
        self.0.lock().unwrap().values().map(Vec::len).sum()
    }

    fn weight(&self) -> u64 {
        let held = self.0.lock().unwrap();
        held.values().flatten().map(|(_, entry)| u64::from(entry.meta.weight)).sum()
    }
}

fn same(left: &NearKey, right: &NearKey) -> bool {
    left == right
}

/// A backend that stops and fails on demand, over a map.
pub fn faulty() -> Arc<FaultyBackend> {
    FaultyBackend::new(Arc::new(MapBackend::new()))
}

/// A manager with a near tier over this backend; lives are exact.
pub fn over(primary: &Arc<FaultyBackend>) -> Builder {
    CacheManager::builder().near(near()).primary(Arc::clone(primary)).jitter(0.0)
}

/// A load that has read its source and waits to be let go.
pub async fn load_that_waits<T>(
    cache: &CacheManager,
    key: &'static str,
    value: T,
) -> (JoinHandle<T>, Arc<Notify>)
where
    T: serde::Serialize + serde::de::DeserializeOwned + Clone + Send + Sync + 'static,
{
    let (began, go) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
    let load = tokio::spawn({
        let (cache, began, go) = (cache.clone(), Arc::clone(&began), Arc::clone(&go));
        async move {
            let loader = || async move {
                began.notify_one();
                go.notified().await;
                Ok::<_, String>(value)
            };
            cache.get_or_load(key, loader).await.unwrap()
        }
    });
    began.notified().await;
    (load, go)
}
