//! The counters of one meter.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use super::snapshot::{Latency, MeterSnapshot, VerbSnapshot};
use crate::error::ErrorKind;
use crate::port::backend::Verb;

const VERBS: usize = Verb::ALL.len();
const KINDS: usize = ErrorKind::ALL.len();

/// The upper ends of the buckets, in microseconds; what is slower falls into one more.
pub(super) const BOUNDS: [u64; 16] = [
    10, 25, 50, 100, 250, 500, 1_000, 2_500, 5_000, 10_000, 25_000, 50_000, 100_000, 250_000, 500_000,
    1_000_000,
];

/// How a call ended.
#[derive(Debug, Clone, Copy)]
pub(super) enum End {
    Answered,
    Failed(ErrorKind),
    Cancelled,
}

/// One set of counters per verb.
#[derive(Debug, Default)]
pub(super) struct Counters([OfVerb; VERBS]);

#[derive(Debug, Default)]
struct OfVerb {
    answered: AtomicU64,
    cancelled: AtomicU64,
    failed: [AtomicU64; KINDS],
    buckets: [AtomicU64; BOUNDS.len() + 1],
    nanos: AtomicU64,
}

impl Counters {
    /// A call ended after so many nanoseconds. A cancelled one says nothing about the backend's latency.
    pub(super) fn add(&self, verb: Verb, end: End, nanos: u64) {
        let Some(of_verb) = self.0.get(verb as usize) else { return };
        match end {
            End::Answered => add(&of_verb.answered, 1),
            End::Cancelled => return add(&of_verb.cancelled, 1),
            End::Failed(kind) => {
                of_verb.failed.get(kind as usize).into_iter().for_each(|failed| add(failed, 1))
            }
        }
        let bucket = BOUNDS.partition_point(|bound| bound * 1_000 < nanos);
        of_verb.buckets.get(bucket).into_iter().for_each(|bucket| add(bucket, 1));
        add(&of_verb.nanos, nanos);
    }

    pub(super) fn snapshot(&self) -> MeterSnapshot {
        let verbs = Verb::ALL.iter().zip(&self.0).map(|(verb, of_verb)| of_verb.snapshot(*verb));
        MeterSnapshot::new(verbs.collect())
    }
}

impl OfVerb {
    fn snapshot(&self, verb: Verb) -> VerbSnapshot {
        let failed = ErrorKind::ALL.iter().zip(&self.failed).map(|(kind, count)| (*kind, load(count)));
        VerbSnapshot {
            verb,
            answered: load(&self.answered),
            cancelled: load(&self.cancelled),
            failed: failed.filter(|(_, count)| *count > 0).collect(),
            latency: Latency {
                counts: self.buckets.iter().map(load).collect(),
                sum: Duration::from_nanos(load(&self.nanos)),
            },
        }
    }
}

fn add(counter: &AtomicU64, by: u64) {
    counter.fetch_add(by, Ordering::Relaxed);
}

fn load(counter: &AtomicU64) -> u64 {
    counter.load(Ordering::Relaxed)
}
