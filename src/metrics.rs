//! What a cache does, for the [`metrics`](https://docs.rs/metrics) facade: whatever exporter a service has installed.
//!
//! [`MetricsRecorder`] counts events as they happen, off the hot path. What happens on it is counted by the manager
//! itself: [`publish`] hands that over, as often as somebody wants to see it. Labels are names of tiers, keyspaces and
//! reasons, never keys or tags, so there are as many series as the program has functions.
//!
//! ```
//! # use larder::{CacheManager, Near, metrics::{MetricsRecorder, publish}};
//! let cache = CacheManager::builder().near(Near::mib(64)).recorder(MetricsRecorder).build()?;
//! publish(&cache); // every few seconds, or when somebody scrapes
//! # Ok::<(), larder::Error>(())
//! ```

use cache_core::manager::{CacheManager, Counts};
use cache_core::port::recorder::{Event, Recorder};
use metrics::{counter, gauge};

/// Counts what happens off the hot path: `larder_tier_misses_total{tier, reason}`, `larder_not_stored_total{tier, reason}`,
/// `larder_tier_errors_total{tier, verb, kind}`, `larder_switches_total{to}`, `larder_recovered_total`.
#[derive(Debug, Clone, Copy, Default)]
pub struct MetricsRecorder;

impl Recorder for MetricsRecorder {
    fn record(&self, event: &Event<'_>) {
        match event {
            Event::Missed { tier, reason } => {
                counter!("larder_tier_misses_total", "tier" => *tier, "reason" => reason.as_str())
                    .increment(1);
            }
            Event::NotStored { tier, reason } => {
                counter!("larder_not_stored_total", "tier" => *tier, "reason" => reason.as_str())
                    .increment(1);
            }
            Event::TierFailed { tier, verb, error } => {
                let kind = error.kind().as_str();
                counter!("larder_tier_errors_total", "tier" => *tier, "verb" => *verb, "kind" => kind)
                    .increment(1);
            }
            Event::Switched { to } => counter!("larder_switches_total", "to" => *to).increment(1),
            Event::Recovered { applied } => counter!("larder_recovered_total").increment(*applied),
            _ => {}
        }
    }
}

type Count = (&'static str, fn(&Counts) -> u64);

/// Each request is exactly one of these.
const REQUESTS: [Count; 8] = [
    ("near_hit", |counts| counts.near_hits),
    ("far_hit", |counts| counts.far_hits),
    ("negative_hit", |counts| counts.negative_hits),
    ("coalesced", |counts| counts.coalesced),
    ("miss", |counts| counts.misses),
    ("bypassed", |counts| counts.bypassed),
    ("stale", |counts| counts.stale),
    ("abandoned", |counts| counts.abandoned),
];

const OTHERS: [Count; 6] = [
    ("larder_loads_total", |counts| counts.loads),
    ("larder_load_failures_total", |counts| counts.load_failures),
    ("larder_refreshes_total", |counts| counts.refreshes),
    ("larder_stored_total", |counts| counts.stored),
    ("larder_overtaken_total", |counts| counts.overtaken),
    ("larder_evicted_total", |counts| counts.evicted),
];

/// Hands over what a manager has counted and how it is, without I/O; `cache` is its namespace. Counters, per `keyspace`:
/// `larder_requests_total{outcome}`, `larder_loads_total`, `larder_load_failures_total`, `larder_refreshes_total`,
/// `larder_stored_total`, `larder_overtaken_total`, `larder_evicted_total`. Gauges: `larder_near_entries`, `larder_near_bytes`,
/// `larder_loading`, `larder_primary_available`, `larder_on_fallback`, `larder_journal_pending` (0 or 1).
pub fn publish(manager: &CacheManager) {
    let (stats, health) = (manager.stats(), manager.health_now());
    let cache = manager.namespace().as_str().to_owned();
    for (keyspace, counts) in &stats.keyspaces {
        for (outcome, count) in REQUESTS {
            let labels =
                [("cache", cache.clone()), ("keyspace", keyspace.clone()), ("outcome", outcome.into())];
            counter!("larder_requests_total", &labels).absolute(count(counts));
        }
        for (name, count) in OTHERS {
            counter!(name, "cache" => cache.clone(), "keyspace" => keyspace.clone()).absolute(count(counts));
        }
    }
    for (name, value) in [
        ("larder_near_entries", stats.near_entries as f64),
        ("larder_near_bytes", stats.near_bytes as f64),
        ("larder_loading", stats.loading as f64),
        ("larder_primary_available", flag(health.primary_available)),
        ("larder_on_fallback", flag(health.on_fallback)),
        ("larder_journal_pending", flag(health.journal_pending)),
    ] {
        gauge!(name, "cache" => cache.clone()).set(value);
    }
}

fn flag(on: bool) -> f64 {
    f64::from(u8::from(on))
}
