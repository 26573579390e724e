//! `batch = ids`: every id is an entry, and the body gets those that are nowhere.

use std::collections::{BTreeMap, HashMap};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use larder::{CacheManager, cached, invalidate_cache};
use tokio::sync::Notify;

use crate::{far, tiered};

/// A source that remembers what it was asked for.
#[derive(Debug, Clone, Default)]
struct Source {
    asked: Arc<Mutex<Vec<Vec<u64>>>>,
    gate: Option<Arc<(Notify, Notify)>>,
}

impl Source {
    async fn find(&self, ids: &[u64]) -> Vec<String> {
        self.asked.lock().unwrap().push(ids.to_vec());
        if let Some(gate) = &self.gate {
            gate.0.notify_one();
            gate.1.notified().await;
        }
        ids.iter().map(|id| format!("user {id}")).collect()
    }

    fn asked(&self) -> Vec<Vec<u64>> {
        std::mem::take(&mut self.asked.lock().unwrap())
    }
}

#[cached(prefix = "batch:user", batch = ids, cache = cache, skip(cache, source))]
async fn users(cache: &CacheManager, source: &Source, ids: Vec<u64>) -> Result<Vec<String>, String> {
    if ids.contains(&13) {
        return Err("unlucky".to_owned());
    }
    Ok(source.find(&ids).await)
}

#[cached(prefix = "batch:user", cache = cache, skip(cache, source))]
async fn user(cache: &CacheManager, source: &Source, id: u64) -> Result<String, String> {
    Ok(source.find(&[id]).await.remove(0))
}

fn named(ids: &[u64]) -> Vec<String> {
    ids.iter().map(|id| format!("user {id}")).collect()
}

#[tokio::test]
async fn one_load_for_the_missing_ones_in_order() {
    for cache in [tiered(), far()] {
        let source = Source::default();
        assert_eq!(users(&cache, &source, vec![3, 1, 2]).await.unwrap(), named(&[3, 1, 2]));
        assert_eq!(users(&cache, &source, vec![5, 1, 4, 3, 5, 1]).await.unwrap(), named(&[5, 1, 4, 3, 5, 1]));
        assert_eq!(source.asked(), [vec![3, 1, 2], vec![5, 4]]);
        assert_eq!(users(&cache, &source, vec![1, 2, 3, 4, 5]).await.unwrap(), named(&[1, 2, 3, 4, 5]));
        assert!(source.asked().is_empty());
    }
}

#[tokio::test]
async fn each_id_is_the_entry_of_a_single_function_of_that_prefix() {
    let (cache, source) = (tiered(), Source::default());
    assert_eq!(user(&cache, &source, 1).await.unwrap(), "user 1");
    assert_eq!(users(&cache, &source, vec![1, 2]).await.unwrap(), named(&[1, 2]));
    assert_eq!(user(&cache, &source, 2).await.unwrap(), "user 2");
    assert_eq!(source.asked(), [vec![1], vec![2]]);
    assert_eq!(users_cache_key(&cache, 2), user_cache_key(&cache, 2));
}

#[tokio::test]
async fn overlapping_batches_and_single_calls_share_loads() {
    let gate = Arc::new((Notify::new(), Notify::new()));
    let (cache, slow) = (tiered(), Source { gate: Some(gate.clone()), ..Source::default() });
    let first = tokio::spawn({
        let (cache, slow) = (cache.clone(), slow.clone());
        async move { users(&cache, &slow, vec![1, 2]).await }
    });
    gate.0.notified().await;
    let quick = Source { asked: slow.asked.clone(), gate: None };
    let second = tokio::spawn({
        let (cache, quick) = (cache.clone(), quick.clone());
        async move { users(&cache, &quick, vec![2, 3]).await }
    });
    let single = tokio::spawn(async move { user(&cache, &quick, 1).await });
    tokio::task::yield_now().await;
    gate.1.notify_one();
    assert_eq!(first.await.unwrap().unwrap(), named(&[1, 2]));
    assert_eq!(second.await.unwrap().unwrap(), named(&[2, 3]));
    assert_eq!(single.await.unwrap().unwrap(), "user 1");
    assert_eq!(slow.asked(), [vec![1, 2], vec![3]]);
}

#[tokio::test]
async fn an_error_is_that_of_the_whole_call_and_nothing_is_stored() {
    let (cache, source) = (tiered(), Source::default());
    assert_eq!(users(&cache, &source, vec![1]).await.unwrap(), named(&[1]));
    assert_eq!(users(&cache, &source, vec![1, 13, 2]).await.unwrap_err(), "unlucky");
    assert_eq!(users(&cache, &source, vec![1, 2]).await.unwrap(), named(&[1, 2]));
    assert_eq!(source.asked(), [vec![1], vec![2]]);
}

#[invalidate_cache(users(cache, id))]
async fn rename(cache: &CacheManager, id: u64) {
    let _ = (cache, id);
}

#[tokio::test]
async fn one_id_is_invalidated() {
    let (cache, source) = (tiered(), Source::default());
    users(&cache, &source, vec![1, 2, 3]).await.unwrap();
    rename(&cache, 2).await;
    assert_eq!(users_invalidate(&cache, 3).await.unwrap().removed, 1);
    users(&cache, &source, vec![1, 2, 3]).await.unwrap();
    assert_eq!(source.asked(), [vec![1, 2, 3], vec![2, 3]]);
    assert_eq!(users_uncached(&cache, &source, vec![1]).await.unwrap(), named(&[1]));
    cache.set_enabled(false);
    assert_eq!(users(&cache, &source, vec![2, 2]).await.unwrap(), named(&[2, 2]));
    assert_eq!(source.asked(), [vec![1], vec![2, 2]]);
}

struct Shop {
    id: u64,
    cache: CacheManager,
    asked: Mutex<Vec<Vec<u32>>>,
}

impl Shop {
    #[cached(prefix = "batch:price", batch = items, key(self.id, lang, items), negative_ttl = "1m", batch_chunk = 2, cache = self.cache)]
    async fn prices(&self, lang: &str, items: &[u32]) -> HashMap<u32, u64> {
        assert_eq!(lang, "de");
        self.asked.lock().unwrap().push(items.to_vec());
        items.iter().filter(|item| **item != 404).map(|item| (*item, u64::from(*item) + self.id)).collect()
    }

    #[cached(local, shared, batch = names, key(names.to_string()), cache = self.cache)]
    async fn lengths<T: ToString + Clone + Send + Sync + Ord + std::hash::Hash>(
        &self,
        names: Vec<T>,
    ) -> Result<BTreeMap<T, Arc<usize>>, Arc<str>> {
        self.asked
            .lock()
            .unwrap()
            .push(names.iter().map(|name| u32::try_from(name.to_string().len()).unwrap()).collect());
        Ok(names.into_iter().map(|name| (name.clone(), Arc::new(name.to_string().len()))).collect())
    }
}

#[tokio::test]
async fn absence_is_that_of_each_id_and_loads_come_in_chunks() {
    let shop = Shop { id: 100, cache: tiered(), asked: Mutex::default() };
    let prices = shop.prices("de", &[1, 404, 2]).await;
    assert_eq!(prices, HashMap::from([(1, 101), (2, 102)]));
    assert_eq!(shop.prices("de", &[404]).await, HashMap::new());
    assert_eq!(*shop.asked.lock().unwrap(), [vec![1, 404], vec![2]]);
    assert_eq!(shop.prices_cache_key("de", 7).relative(), "batch:price:100:de:7u32");
    assert_eq!(shop.prices("de", &[]).await, HashMap::new());
}

#[tokio::test]
async fn generic_ids_and_shared_values() {
    let shop = Shop { id: 1, cache: tiered(), asked: Mutex::default() };
    let first = shop.lengths(vec!["a", "bcd"]).await.unwrap();
    let second = shop.lengths(vec!["bcd", "ef"]).await.unwrap();
    assert!(Arc::ptr_eq(&first["bcd"], &second["bcd"]));
    assert_eq!(*shop.asked.lock().unwrap(), [vec![1, 3], vec![2]]);
}

#[cached(local, batch = ids, cache_none, cache = cache, skip(cache, loads))]
async fn places(
    cache: &CacheManager,
    loads: Arc<Mutex<Vec<Vec<u64>>>>,
    ids: Vec<u64>,
) -> Vec<Option<String>> {
    loads.lock().unwrap().push(ids.clone());
    ids.into_iter().map(|id| (id != 404).then(|| id.to_string())).collect()
}

#[tokio::test]
async fn places_may_be_empty() {
    let (cache, loads) = (tiered(), Arc::new(Mutex::default()));
    for _ in 0..2 {
        let found = places(&cache, Arc::clone(&loads), vec![404, 1]).await;
        assert_eq!(found, [None, Some("1".to_owned())]);
    }
    assert_eq!(*loads.lock().unwrap(), [vec![404, 1]]);
}

/// Leaves a row out, so that nobody knows whose the others are.
#[cached(local, batch = ids, cache = cache, skip(cache))]
async fn short(cache: &CacheManager, ids: Vec<u64>) -> Vec<u64> {
    let _ = cache;
    ids.into_iter().filter(|id| *id != 404).collect()
}

#[tokio::test]
async fn a_list_that_does_not_fit_is_returned_and_not_stored() {
    let cache = tiered();
    assert_eq!(short(&cache, vec![1]).await, [1]);
    assert_eq!(short(&cache, vec![1, 404, 3]).await, [1, 3]);
    assert_eq!(short(&cache, vec![1, 404, 3]).await, [1, 3]);
    let stats = cache.stats();
    assert_eq!((stats.near_hits, stats.stored), (2, 1));
}

#[derive(Debug, PartialEq)]
enum Failure {
    Cache(larder::ErrorKind),
}

impl From<larder::Error> for Failure {
    fn from(error: larder::Error) -> Self {
        Self::Cache(error.kind())
    }
}

/// Its error is nobody else's: it cannot be cloned.
#[cached(local, batch = ids, timeout = "10ms", cache = cache, skip(cache))]
async fn endless(cache: &CacheManager, ids: Vec<u64>) -> Result<Vec<(u64, u64)>, Failure> {
    let _ = (cache, ids);
    std::future::pending().await
}

#[tokio::test(start_paused = true)]
async fn a_batch_is_bounded() {
    let cache = tiered();
    let answer = tokio::time::timeout(Duration::from_secs(5), endless(&cache, vec![1, 2])).await.unwrap();
    assert_eq!(answer, Err(Failure::Cache(larder::ErrorKind::Timeout)));
}
