//! What becomes of entries when their markers are lost, broken or cannot be had.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_core::key::{CacheKey, Namespace};
use cache_core::manager::CacheManager;
use cache_core::port::backend::{CacheBackend, DeleteOptions, Remaining, SetOptions};
use cache_core::testkit::{FaultyBackend, MapBackend, Verb};
use cache_core::time::Ttl;
use tokio::time::advance;

use crate::common::faulty;
use crate::{Source, get, marker, process};

const BOUND: Duration = Duration::from_secs(5);

fn data(key: &str) -> CacheKey {
    CacheKey::direct(&Namespace::default(), key).unwrap()
}

#[tokio::test(start_paused = true)]
async fn an_evicted_marker_costs_a_miss_and_never_comes_back_with_an_older_token() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let cache = process(&shared).build().unwrap();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0);
    let first = shared.get(&marker("red")).await.unwrap().unwrap();
    assert!(shared.delete(&marker("red"), DeleteOptions::default()).await.unwrap());
    source.change();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0, "nobody has looked yet");
    advance(BOUND).await;
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 1);
    let second = shared.get(&marker("red")).await.unwrap().unwrap();
    assert_eq!((first.len(), second.len()), (16, 16));
    assert_ne!(first, second);
}

#[tokio::test(start_paused = true)]
async fn a_marker_outlives_the_entries_that_carry_it() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let cache = process(&shared).build().unwrap();
    let day = Duration::from_secs(24 * 60 * 60);
    for (tag, ttl, kept) in [
        ("short", Ttl::secs(60), Remaining::For(7 * day)),
        ("long", Ttl::After(30 * day), Remaining::For(120 * day)),
        ("for-ever", Ttl::Never, Remaining::Forever),
    ] {
        assert_eq!(cache.get_or_load(tag, || source.read()).ttl(ttl).tags([tag]).await.unwrap(), 0);
        assert_eq!(shared.ttl(&marker(tag)).await.unwrap(), kept, "{tag}");
    }
}

/// A marker made for a short entry ends before a long one that carries it, which is there to be found for weeks.
#[tokio::test(start_paused = true)]
async fn an_entry_that_outlives_its_marker_is_dead_for_ever() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let long = |cache: &CacheManager, key: &'static str, source: &Arc<Source>| {
        let (cache, source) = (cache.clone(), Arc::clone(source));
        async move { cache.get_or_load(key, || source.read()).ttl(Ttl::Never).tags(["red"]).await.unwrap() }
    };
    let (source, day) = (Arc::new(source), Duration::from_secs(24 * 60 * 60));
    let here = process(&shared).build().unwrap();
    here.get_or_load("short", || source.read()).ttl(Ttl::secs(60)).tags(["red"]).await.unwrap();
    assert_eq!(shared.ttl(&marker("red")).await.unwrap(), Remaining::For(7 * day));
    assert_eq!((long(&here, "invalidated", &source).await, long(&here, "left", &source).await), (0, 0));
    let frames = [shared.get(&data("invalidated")).await.unwrap(), shared.get(&data("left")).await.unwrap()];

    source.change();
    assert!(!process(&shared).build().unwrap().invalidate_tags(["red"]).await.unwrap().journalled);
    assert!(!shared.exists(&marker("red")).await.unwrap());
    advance(8 * day).await;
    source.change();
    // Whoever asks for something else under the tag makes a marker: another one.
    assert_eq!(long(&process(&shared).build().unwrap(), "new", &source).await, 2);
    for (key, frame) in ["invalidated", "left"].into_iter().zip(frames) {
        assert_eq!(shared.get(&data(key)).await.unwrap(), frame, "it is still there, but ..");
        for cache in [&here, &process(&shared).build().unwrap()] {
            assert_eq!(cache.get::<u64>(key).await.unwrap(), None, ".. {key} is no answer");
        }
        assert_eq!(long(&here, key, &source).await, 2);
    }
}

/// The same without an invalidation: the end of a marker costs a load.
#[tokio::test(start_paused = true)]
async fn the_end_of_a_marker_costs_one_load() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let cache = process(&shared).no_near().build().unwrap();
    let week = Duration::from_secs(7 * 24 * 60 * 60);
    let long = || cache.get_or_load("long", || source.read()).ttl(Ttl::After(4 * week)).tags(["red"]);
    cache.get_or_load("short", || source.read()).ttl(Ttl::secs(60)).tags(["red"]).await.unwrap();
    assert_eq!(long().await.unwrap(), 0);
    source.change();
    advance(week - Duration::from_secs(1)).await;
    assert_eq!(long().await.unwrap(), 0);
    advance(BOUND).await;
    assert_eq!(long().await.unwrap(), 1, "its marker has ended, and nobody remembers it");
    source.change();
    advance(2 * week).await;
    assert_eq!(long().await.unwrap(), 1, "the next one was made for it");
}

#[tokio::test(start_paused = true)]
async fn what_is_no_marker_is_replaced() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let cache = process(&shared).no_near().build().unwrap();
    shared.set(&marker("red"), Bytes::from_static(b"7"), SetOptions::default()).await.unwrap();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0);
    source.change();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0, "it was stored");
    assert_eq!(shared.get(&marker("red")).await.unwrap().unwrap().len(), 16);
}

#[tokio::test(start_paused = true)]
async fn two_that_make_one_marker_at_the_same_time_agree() {
    let (shared, source) = (Arc::new(MapBackend::new()), Arc::new(Source::default()));
    let primary = FaultyBackend::new(Arc::clone(&shared) as _);
    let (one, other) = (process(&primary).build().unwrap(), process(&shared).build().unwrap());
    let making = primary.hold_before(Verb::SetMany);
    let load = tokio::spawn({
        let (one, source) = (one.clone(), Arc::clone(&source));
        async move { get(&one, "a", &source, &["red"]).await }
    });
    making.arrived().await;
    assert_eq!(get(&other, "b", &source, &["red"]).await, 0, "its marker is there first");
    making.release();
    assert_eq!(load.await.unwrap(), 0);
    source.change();
    assert_eq!((get(&other, "a", &source, &["red"]).await, get(&one, "b", &source, &["red"]).await), (0, 0));
}

#[tokio::test(start_paused = true)]
async fn clear_takes_the_markers_too_and_patterns_do_not() {
    let (shared, source) = (Arc::new(MapBackend::new()), Source::default());
    let cache = process(&shared).build().unwrap();
    for key in ["a", "b"] {
        assert_eq!(get(&cache, key, &source, &["red"]).await, 0);
    }
    assert_eq!(cache.delete_pattern("*").await.unwrap().removed, 2, "a marker is no data");
    assert!(shared.exists(&marker("red")).await.unwrap());
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0);
    assert_eq!(cache.clear().await.unwrap().removed, 1);
    assert!(shared.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_fill_on_its_way_while_another_process_clears_is_not_found() {
    let (shared, source) = (Arc::new(MapBackend::new()), Arc::new(Source::default()));
    let (one, other) = (process(&shared).build().unwrap(), process(&shared).build().unwrap());
    let load = || async {
        let value = source.read().await;
        let _ = other.clear().await.unwrap();
        value
    };
    assert_eq!(one.get_or_load("a", load).tags(["red"]).await.unwrap(), 0);
    assert_eq!(other.get::<u64>("a").await.unwrap(), None);
}

#[tokio::test(start_paused = true)]
async fn a_token_that_arrives_after_its_invalidation_is_not_believed() {
    let (primary, source) = (faulty(), Arc::new(Source::default()));
    let cache = process(&primary).no_near().build().unwrap();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 0);
    advance(BOUND).await;
    let reading = primary.hold_after(Verb::GetMany);
    let read = tokio::spawn({
        let (cache, source) = (cache.clone(), Arc::clone(&source));
        async move { get(&cache, "a", &source, &["red"]).await }
    });
    reading.arrived().await;
    source.change();
    let _ = cache.invalidate_tags(["red"]).await.unwrap();
    reading.release();
    let _ = read.await.unwrap();
    assert_eq!(get(&cache, "a", &source, &["red"]).await, 1);
}
