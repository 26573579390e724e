//! A primary that refuses to be told what was invalidated: nothing stale, nothing busy, nothing silent, and no restart.
#![allow(clippy::unwrap_used, clippy::indexing_slicing)]

mod common;

use std::fmt::{Debug, Write};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::manager::CacheManager;
use cache_core::policy::FailMode;
use cache_core::port::clock::{Clock, TimeSource};
use cache_core::testkit::{FaultyBackend, TokioTime, Verb};
use cache_core::time::Ttl;
use common::{faulty, over};
use tokio::time::{Instant, advance};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

/// Keeps the lines that an operator reads.
#[derive(Clone, Default)]
struct Lines(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn Debug) {
        write!(self.0, " {field}={value:?}").unwrap();
    }
}

impl Subscriber for Lines {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::INFO
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(event.metadata().level().to_string());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

impl Lines {
    fn about(&self, what: &str) -> Vec<String> {
        self.0.lock().unwrap().iter().filter(|line| line.contains(what)).cloned().collect()
    }
}

/// A primary that has `k`, was to lose it, and refuses.
async fn refusing(with_fallback: bool) -> (Arc<FaultyBackend>, CacheManager, Arc<TokioTime>) {
    let (primary, time) = (faulty(), Arc::new(TokioTime::new()));
    let builder = CacheManager::builder().primary(Arc::clone(&primary)).jitter(0.0);
    let builder = if with_fallback { builder.fallback(faulty()) } else { builder };
    let cache = builder.clock(Clock::source(time.clone())).build().unwrap();
    let _ = cache.set("k", 1_u64, Ttl::secs(600)).await.unwrap();
    primary.fail_writes(true);
    assert!(cache.delete("k").await.unwrap().journalled);
    primary.forget_calls();
    (primary, cache, time)
}

#[tokio::test(start_paused = true)]
async fn a_primary_that_refuses_is_asked_less_and_less_often_and_costs_callers_nothing() {
    for with_fallback in [false, true] {
        let (primary, cache, _) = refusing(with_fallback).await;
        let began = Instant::now();
        for _ in 0..100 {
            assert_eq!(cache.get::<u64>("k").await.unwrap(), None, "what was invalidated is served");
        }
        assert_eq!(began.elapsed(), Duration::ZERO);
        assert_eq!(primary.calls(Verb::DeleteMany), 1);
        for _ in 0..600 {
            advance(Duration::from_millis(100)).await;
            assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
        }
        // 0, 0.1, 0.3, 0.7, 1.5, 3.1, 6.3, 12.7, then every ten seconds.
        let tried = primary.calls(Verb::DeleteMany);
        assert!((12..=15).contains(&tried), "{tried} times within a minute, a quarter by chance");
    }
}

#[tokio::test(start_paused = true)]
async fn a_refusal_is_one_line_in_the_log_and_in_the_health_until_it_is_mended() {
    let lines = Lines::default();
    let _here = tracing::subscriber::set_default(lines.clone());
    let (primary, cache, time) = refusing(true).await;
    let since = time.wall();
    advance(Duration::from_secs(1)).await;
    for _ in 0..50 {
        let _ = cache.get::<u64>("k").await.unwrap();
        advance(Duration::from_millis(500)).await;
    }
    let quarantine = cache.health_now().quarantine.unwrap();
    assert_eq!((quarantine.since, quarantine.owed), (since, 1));
    assert!(quarantine.refusal.unwrap().contains("the server takes no writes"));
    let said = lines.about("refuses to be told");
    assert_eq!(said.len(), 1, "{said:?}");
    assert!(said[0].starts_with("ERROR") && said[0].contains("the server takes no writes"), "{said:?}");
    assert!(said[0].contains("owed=1"), "{said:?}");

    primary.fail_writes(false);
    advance(Duration::from_secs(10)).await;
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
    assert_eq!(cache.health_now().quarantine, None);
    assert!(!cache.health_now().on_fallback);
    assert_eq!(lines.about("takes what it refused").len(), 1);
    let _ = cache.set("k", 2_u64, Ttl::secs(60)).await.unwrap();
    assert_eq!(cache.get::<u64>("k").await.unwrap(), Some(2));
}

#[tokio::test(start_paused = true)]
async fn who_fails_closed_is_told_why() {
    let primary = faulty();
    let clock = Clock::source(Arc::new(TokioTime::new()));
    let cache = over(&primary).fail_mode(FailMode::Closed).clock(clock).build().unwrap();
    primary.fail_writes(true);
    assert_eq!(cache.delete("k").await.unwrap_err().kind(), ErrorKind::Refused);
    let error = cache.get::<u64>("k").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(
        error.to_string().contains("in quarantine") && error.to_string().contains("takes no writes"),
        "{error}"
    );
}

/// An outage is no refusal: the primary is told as soon as it is back.
#[tokio::test(start_paused = true)]
async fn a_primary_that_was_away_is_told_at_once() {
    let (primary, cache, time) = refusing(false).await;
    primary.fail_writes(false);
    primary.down(true);
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
    let quarantine = cache.health_now().quarantine.unwrap();
    assert_eq!((quarantine.since, quarantine.refusal), (time.wall(), None));
    primary.down(false);
    assert_eq!(cache.get::<u64>("k").await.unwrap(), None);
    assert_eq!(cache.health_now().quarantine, None);
}
