//! What the `metrics` facade is told.

#![allow(clippy::unwrap_used)]

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use larder::metrics::{MetricsRecorder, publish};
use larder::testkit::{FaultyBackend, MapBackend};
use larder::{CacheManager, Near, Ttl};
use metrics::{Counter, Gauge, Histogram, Key, KeyName, Metadata, Recorder, SharedString, Unit};

/// An exporter that keeps everything.
#[derive(Debug, Default)]
struct Kept(Mutex<BTreeMap<String, Arc<AtomicU64>>>);

impl Kept {
    fn of(&self, key: &Key) -> Arc<AtomicU64> {
        let labels: Vec<String> =
            key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
        let name = format!("{}{{{}}}", key.name(), labels.join(","));
        Arc::clone(self.0.lock().unwrap().entry(name).or_default())
    }

    fn count(&self, name: &str) -> Option<u64> {
        self.0.lock().unwrap().get(name).map(|held| held.load(Ordering::SeqCst))
    }

    fn gauge(&self, name: &str) -> Option<f64> {
        self.count(name).map(f64::from_bits)
    }
}

impl Recorder for Kept {
    fn describe_counter(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_gauge(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn describe_histogram(&self, _: KeyName, _: Option<Unit>, _: SharedString) {}

    fn register_counter(&self, key: &Key, _: &Metadata<'_>) -> Counter {
        Counter::from_arc(self.of(key))
    }

    fn register_gauge(&self, key: &Key, _: &Metadata<'_>) -> Gauge {
        Gauge::from_arc(self.of(key))
    }

    fn register_histogram(&self, _: &Key, _: &Metadata<'_>) -> Histogram {
        Histogram::noop()
    }
}

#[tokio::test]
async fn events_statistics_and_health_arrive_and_no_key_does() {
    let kept = Kept::default();
    let _kept = metrics::set_default_local_recorder(&kept);
    let primary = FaultyBackend::new(Arc::new(MapBackend::new()));
    let builder = CacheManager::builder().namespace("shop").near(Near::mib(1)).primary(Arc::clone(&primary));
    let cache = builder.recorder(MetricsRecorder).build().unwrap();
    let _ = cache.set("canary", 1_u64, Ttl::secs(60)).await.unwrap();
    for _ in 0..3 {
        cache.get::<u64>("canary").await.unwrap();
    }
    cache.get::<u64>("absent").await.unwrap();
    primary.down(true);
    assert!(cache.delete("canary").await.unwrap().journalled);
    publish(&cache);
    publish(&cache);
    let requests = |outcome: &str| {
        kept.count(&format!("larder_requests_total{{cache=shop,keyspace=,outcome={outcome}}}"))
    };
    assert_eq!((requests("near_hit"), requests("miss")), (Some(3), Some(1)));
    let missed = kept.count("larder_tier_misses_total{tier=map,reason=absent}");
    assert_eq!((missed, kept.count("larder_switches_total{to=null}")), (Some(1), Some(1)));
    let gauges = ["larder_primary_available", "larder_journal_pending", "larder_near_entries"]
        .map(|name| kept.gauge(&format!("{name}{{cache=shop}}")));
    assert_eq!(gauges, [Some(0.0), Some(1.0), Some(0.0)]);
    assert!(kept.0.lock().unwrap().keys().all(|name| !name.contains("canary")));
}
