//! What is known about a key, and that asking changes nothing.

#![allow(clippy::unwrap_used)]

mod common;

use std::sync::Arc;
use std::time::Duration;

use cache_core::entry::Reason;
use cache_core::key::{CacheKey, SpaceName};
use cache_core::manager::{CacheManager, Explanation, Outlook};
use cache_core::port::backend::Remaining;
use cache_core::port::clock::{Clock, TimeSource};
use cache_core::testkit::{FaultyBackend, ManualTime, RecordingRecorder, Verb};
use cache_core::time::Ttl;
use common::{faulty, near, over};

struct Stand {
    primary: Arc<FaultyBackend>,
    time: Arc<ManualTime>,
    recorder: Arc<RecordingRecorder>,
    cache: CacheManager,
}

fn stand() -> Stand {
    let (primary, time, recorder) =
        (faulty(), Arc::new(ManualTime::new()), Arc::new(RecordingRecorder::new()));
    let builder = over(&primary).namespace("shop").near_ttl(Duration::from_secs(5));
    let builder = builder.clock(clock(&time)).recorder(Arc::clone(&recorder));
    Stand { cache: builder.build().unwrap(), primary, time, recorder }
}

fn clock(time: &Arc<ManualTime>) -> Clock {
    Clock::source(Arc::clone(time) as Arc<dyn TimeSource>)
}

fn reasons(explanation: &Explanation) -> Vec<(&'static str, Option<Reason>)> {
    explanation.tiers.iter().map(|report| (report.tier, report.reason)).collect()
}

#[tokio::test]
async fn a_held_value_is_described_tier_by_tier() {
    let Stand { time, cache, .. } = stand();
    let _ = cache.set("user:7", 7_u64, Ttl::secs(60)).await.unwrap();
    time.advance(Duration::from_secs(2));
    let explained = cache.explain("user:7").await.unwrap();
    assert_eq!((explained.outlook, explained.loading), (Outlook::ServedBy("near"), false));
    assert_eq!(reasons(&explained), [("near", None), ("map", None)]);
    let [near, far] = [&explained.tiers[0], &explained.tiers[1]].map(|report| report.entry.clone().unwrap());
    assert_eq!((near.kind, near.age), ("u64", Some(Duration::from_secs(2))));
    assert_eq!(near.fresh_for, Remaining::For(Duration::from_secs(3)), "the near tier's own bound");
    assert_eq!((far.kind, far.age, far.bytes), ("msgpack", Some(Duration::from_secs(2)), 75));
    assert_eq!(far.fresh_for, Remaining::For(Duration::from_secs(58)));
    let digest = explained.key.to_string();
    let block = format!(
        "key       {digest}\na read    is served by near\nnear      fresh, u64, {} bytes, 2 s old, 3 s left\n\
         map       fresh, msgpack, 75 bytes, 2 s old, 58 s left\nloading   no",
        near.bytes
    );
    assert_eq!(explained.to_string(), block);
    assert!(format!("{explained:#}").starts_with("key       shop:d:user:7\n"));
}

#[tokio::test]
async fn the_reason_is_the_one_of_a_read_that_comes_now() {
    let Stand { primary, time, cache, .. } = stand();
    let outlook = async |cache: &CacheManager| cache.explain("k").await.unwrap().outlook;
    assert_eq!(outlook(&cache).await, Outlook::Miss(Reason::Absent));
    let _ = cache.set("k", 7_u64, Ttl::secs(60)).await.unwrap();
    time.advance(Duration::from_secs(5));
    assert_eq!(outlook(&cache).await, Outlook::ServedBy("map"), "the near copy has ended, the far one not");
    primary.down(true);
    assert_eq!(outlook(&cache).await, Outlook::Miss(Reason::TierError));
    let _ = cache.delete("k").await.unwrap();
    primary.down(false);
    assert_eq!(outlook(&cache).await, Outlook::Miss(Reason::Quarantined));
    assert!(cache.health_now().journal_pending, "an explanation told the primary");
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
    let _ = cache.set("k", 7_u64, Ttl::secs(60)).await.unwrap();
    primary.lose_answers(true);
    time.advance(Duration::from_secs(5));
    assert_eq!(outlook(&cache).await, Outlook::Miss(Reason::TimedOut));
    cache.set_enabled(false);
    assert_eq!(outlook(&cache).await, Outlook::Miss(Reason::Disabled));
}

#[tokio::test]
async fn an_entry_that_may_not_be_served_is_shown_with_its_reason() {
    let time = Arc::new(ManualTime::new());
    let cache = CacheManager::builder().near(near()).jitter(0.0).clock(clock(&time)).build().unwrap();
    let _ = cache.set("k", 7_u64, Ttl::secs(60)).await.unwrap();
    time.advance(Duration::from_secs(60));
    let explained = cache.explain("k").await.unwrap();
    assert_eq!(explained.outlook, Outlook::Miss(Reason::Expired));
    let entry = explained.tiers[0].entry.clone().unwrap();
    assert_eq!((entry.kind, entry.fresh_for), ("u64", Remaining::Missing));
    assert!(explained.to_string().contains("\nnear      expired, u64, "), "{explained}");
}

#[tokio::test]
async fn counters_absence_and_bytes_that_nobody_can_read_are_named() {
    let Stand { cache, .. } = stand();
    let _ = cache.increment("hits", 3, Ttl::secs(60)).await.unwrap();
    let hits = cache.explain("hits").await.unwrap();
    assert_eq!(
        (hits.outlook, hits.tiers[1].entry.clone().unwrap().kind),
        (Outlook::ServedBy("map"), "counter")
    );
    let none = |_: Vec<&str>| async { Ok::<Vec<(&str, u64)>, String>(Vec::new()) };
    let _ = cache.get_or_load_many(["absent"], none).negative_ttl(Ttl::secs(9)).await.unwrap();
    let absent = cache.explain("absent").await.unwrap();
    assert!(absent.tiers.iter().all(|report| report.entry.as_ref().unwrap().negative), "{absent}");
    assert!(absent.to_string().contains("fresh, absence of msgpack"), "{absent}");
}

#[tokio::test]
async fn the_key_of_a_function_is_explained_whatever_its_schema() {
    let Stand { cache, .. } = stand();
    let space = SpaceName::named("user", 3);
    let key = CacheKey::of_parts(cache.namespace(), &space, &(&7_u64, ()));
    let _ = cache.set(&key, 7_u64, Ttl::secs(60)).await.unwrap();
    let explained = cache.explain(&key).await.unwrap();
    assert_eq!(reasons(&explained), [("near", None), ("map", None)]);
}

#[tokio::test]
async fn who_loads_is_seen_and_the_fallback_is_told_apart() {
    let (primary, fallback) = (faulty(), faulty());
    let cache = over(&primary).fallback(Arc::clone(&fallback)).build().unwrap();
    let (load, go) = common::load_that_waits(&cache, "k", 1_u64).await;
    assert!(cache.explain("k").await.unwrap().loading);
    go.notify_one();
    load.await.unwrap();
    primary.down(true);
    let _ = cache.set("other", 2_u64, Ttl::secs(60)).await.unwrap();
    let explained = cache.explain("other").await.unwrap();
    let expected = [("near", None), ("map", Some(Reason::TierError)), ("map", None)];
    assert_eq!((reasons(&explained).as_slice(), explained.loading), (expected.as_slice(), false));
}

#[tokio::test]
async fn explaining_changes_nothing() {
    let Stand { primary, recorder, cache, .. } = stand();
    let _ = cache.set("k", 7_u64, Ttl::secs(60)).await.unwrap();
    let (stats, health) = (cache.stats(), cache.health_now());
    primary.forget_calls();
    let _ = (cache.explain("k").await.unwrap(), cache.explain("nothing").await.unwrap());
    primary.down(true);
    let _ = cache.explain("k").await.unwrap();
    primary.down(false);
    assert_eq!((cache.stats(), cache.health_now(), recorder.events()), (stats, health, Vec::new()));
    assert_eq!((primary.calls(Verb::Get), primary.total_calls()), (2, 2));
}
