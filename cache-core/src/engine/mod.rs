//! The engine: what happens on a hit, on a miss, on a write, on an invalidation.
//!
//! Start reading in [`hot`] (a hit), then [`load`] (a miss: take a seat, [`look`] into the tiers, run the loader, land what it
//! brought in [`mod@write`], or have it [`filled`](write::fill) in behind the caller) and [`batch`] (many). [`ask`] is what the caller brings. [`renew`] answers with older values and replaces
//! them, [`remove`] takes away, [`claims`] are what somebody goes on holding, [`serving`] picks the byte tier, [`recover`] is the way back, [`tags`] are
//! tokens there, [`blocking`] is a miss of a synchronous function, [`counters`] counts, [`explain`] changes nothing.

mod ask;
mod batch;
mod blocking;
mod claims;
mod counters;
mod explain;
mod hot;
mod load;
mod look;
mod recover;
mod remove;
mod renew;
mod serving;
mod tags;
mod write;

pub(crate) use ask::call::{About, Call};
pub(crate) use ask::custom::CustomValues;
pub use ask::keyspace::{Keyspace, Policy};
pub(crate) use ask::question::Question;
pub(crate) use ask::sealed::no_master_key;
pub(crate) use ask::typed::{Body, Loaded, Older, Plainly, Recipe};
pub use ask::typed::{
    ByClone, ByNothing, ByOutcome, ByText, Failure, Fallible, FallibleOptional, Hold, HoldArc, HoldClone,
    Optional, Plain, Shape, Share, Split, Storable, Verdict,
};
pub(crate) use ask::values::Ask;
pub use ask::values::Values;
pub(crate) use ask::values::{LocalValues, StoredValues};
pub(crate) use batch::{Batch, Given, OfKey, Trouble};
pub(crate) use claims::{Claimed, Holding};
pub use counters::{Counts, Statistics};
pub use explain::{EntryReport, Explanation, Outlook, TierReport};
pub(crate) use load::lent::lend;
pub(crate) use load::seek::Begun;
pub(crate) use look::found::{Answer, Found};
pub(crate) use remove::invalidate::What;
pub(crate) use tags::AskedTags;
pub use write::put::Written;

use std::fmt;
use std::future::Future;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use crate::codec::{Codec, Sealer};
use crate::entry::Reason;
use crate::error::Error;
use crate::flight::Flights;
use crate::front::Fronts;
use crate::key::{CacheKey, Namespace, TagId};
use crate::policy::{FailMode, Jitter};
use crate::port::clock::Clock;
use crate::port::near::NearStore;
use crate::port::recorder::{Event, Recorder};
use crate::port::spawn::{Spawner, Task};
use crate::recovery::{Journal, Quarantine};
use crate::stamp::{Cells, Gate, Stamps};
use crate::tier::{Tier, Tiers};
use crate::time::Life;
use counters::{Count, Counters};
use load::detach::Background;
use load::outcome::Outcome;
use look::absences::Absences;
use renew::backoff::Failures;
use renew::refresh::Refreshes;
use renew::warm::Warm;
use tags::Tagging;
use write::fill::Fills;

/// The parts that the builder wires together.
pub(crate) struct Parts {
    pub(crate) namespace: Namespace,
    pub(crate) near: Arc<dyn NearStore>,
    pub(crate) tiers: Tiers,
    pub(crate) codec: Codec,
    pub(crate) sealer: Option<Sealer>,
    pub(crate) clock: Clock,
    pub(crate) recorder: Arc<dyn Recorder>,
    pub(crate) spawner: Arc<dyn Spawner>,
    pub(crate) policy: Policy,
    pub(crate) max_detached_loads: usize,
    pub(crate) max_background_writes: usize,
    pub(crate) lease_time: Duration,
    pub(crate) default_ttl: Life,
    pub(crate) max_ttl: Life,
    pub(crate) near_ttl: Option<Life>,
    pub(crate) jitter: Jitter,
    pub(crate) fail_mode: FailMode,
    pub(crate) enabled: bool,
}

/// One manager's engine.
pub(crate) struct Engine {
    parts: Parts,
    enabled: AtomicBool,
    fronts: Fronts,
    flights: Arc<Flights<Outcome>>,
    /// Those of synchronous functions: a thread never waits for a task, which might need that very thread.
    blocking_flights: Arc<Flights<Outcome>>,
    stamps: Stamps,
    gate: Gate,
    journal: Journal,
    recovering: Arc<tokio::sync::Mutex<()>>,
    /// For tasks that outlive the call which starts them.
    me: Weak<Self>,
    background: Background,
    fills: Fills,
    failures: Failures,
    absences: Absences,
    tagging: Tagging,
    refreshes: Refreshes,
    warm: Warm,
    counters: Counters,
    undone: Arc<claims::Undone>,
}

impl Engine {
    /// Wires the parts. The only place where collaborators meet.
    pub(crate) fn new(parts: Parts) -> Arc<Self> {
        Arc::new_cyclic(|me| Self {
            me: Weak::clone(me),
            enabled: AtomicBool::new(parts.enabled),
            fronts: Fronts::new(parts.near.bounds()),
            flights: Arc::default(),
            blocking_flights: Arc::default(),
            stamps: Stamps::new(&parts.namespace),
            gate: Gate::default(),
            journal: Journal::new(parts.clock.clone()),
            recovering: Arc::default(),
            background: Background::new(parts.max_detached_loads),
            fills: Fills::new(parts.max_background_writes),
            failures: Failures::default(),
            absences: Absences::new(parts.near.bounds()),
            tagging: Tagging::default(),
            refreshes: Refreshes::default(),
            warm: Warm::default(),
            counters: Counters::default(),
            undone: Arc::default(),
            parts,
        })
    }

    pub(crate) fn namespace(&self) -> &Namespace {
        &self.parts.namespace
    }

    #[inline]
    pub(crate) fn is_enabled(&self) -> bool {
        self.enabled.load(Ordering::Acquire)
    }

    /// Switches the cache on or off. What it holds when it is switched on again may be older than changes made
    /// meanwhile, so everything held is overtaken, before the first read can see it.
    pub(crate) fn set_enabled(&self, enabled: bool) {
        if enabled && !self.is_enabled() {
            self.overtake(What::Everything);
        }
        self.enabled.store(enabled, Ordering::Release);
    }

    pub(crate) fn statistics(&self) -> Statistics {
        Statistics {
            near_entries: self.parts.near.len() as u64,
            near_bytes: self.parts.near.weight(),
            loading: (self.flights.len() + self.blocking_flights.len()) as u64,
            detached: self.background.under_way() as u64,
            kept_warm: self.warm.len() as u64,
            writing: self.fills.under_way(),
            cut_off: self.fills.cut_off(),
            opened_by_key: self.opened_by_key(),
            ..self.counters.snapshot()
        }
    }

    pub(crate) fn reset_statistics(&self) {
        self.counters.reset();
        self.fills.reset();
        self.parts.sealer.iter().for_each(Sealer::reset);
    }

    pub(crate) fn quarantine(&self) -> Option<Quarantine> {
        self.journal.quarantine()
    }

    pub(crate) fn near_ttl(&self) -> Option<std::time::Duration> {
        self.parts.near_ttl.and_then(Life::duration)
    }

    pub(crate) fn default_ttl(&self) -> Life {
        self.parts.default_ttl
    }

    /// What every call wants that does not say otherwise.
    pub(crate) fn usual(&self) -> &Policy {
        &self.parts.policy
    }

    pub(crate) fn tiers(&self) -> &Tiers {
        &self.parts.tiers
    }

    pub(crate) fn spawn(&self, task: Task) -> bool {
        self.parts.spawner.spawn(task)
    }

    /// Starts a task with something that comes back when there is nothing to run it on.
    fn spawn_with<T, F>(&self, with: T, run: impl FnOnce(T) -> F + Send + 'static) -> Option<T>
    where
        T: Send + 'static,
        F: Future<Output = ()> + Send,
    {
        let slot = Arc::new(Mutex::new(Some(with)));
        let theirs = Arc::clone(&slot);
        let taken = move |slot: &Mutex<Option<T>>| slot.lock().unwrap_or_else(PoisonError::into_inner).take();
        let task = async move {
            if let Some(with) = taken(&theirs) {
                run(with).await;
            }
        };
        if self.spawn(Box::pin(task)) { None } else { taken(&slot) }
    }

    /// Whether trouble of a tier is an error for this caller. A cached function sees it only of what is sealed, and only
    /// when its result can say so: else its errors are its own, and it loads.
    fn fails_closed(&self, ask: &Ask<'_>) -> bool {
        (ask.strict && self.parts.fail_mode == FailMode::Closed) || self.seals(ask)
    }

    /// Lets nobody else join a load of this key that is under way.
    fn forget_loads(&self, key: &CacheKey) {
        self.flights.forget(key);
        self.blocking_flights.forget(key);
    }

    fn forget_tagged_loads(&self, tags: &[TagId]) {
        let label = tags::label(tags.iter().copied());
        self.flights.forget_labelled(label);
        self.blocking_flights.forget_labelled(label);
    }

    fn forget_loads_where(&self, forget: impl Fn(&CacheKey) -> bool) {
        self.flights.forget_where(&forget);
        self.blocking_flights.forget_where(&forget);
    }

    /// The stamp cells of an entry with all tags that are known by now.
    fn cells(&self, ask: &Ask<'_>) -> Cells {
        if ask.tags.is_none() && ask.tags.tokens.is_none() {
            return self.stamps.cells(ask.key, &[]);
        }
        self.stamps.cells(ask.key, &ask.tags.ids())
    }

    /// Whether what was begun at `born` may be stored: nothing that concerns it was invalidated since; and no tag at
    /// all, when its tags were not known then.
    fn may_land(&self, ask: &Ask<'_>, born: u64) -> bool {
        let by_value = !ask.tags.by_value.is_empty();
        (!by_value || self.stamps.tag_holds(TagId::ANY, born))
            && self.stamps.may_land(ask.key, &self.cells(ask), born)
    }

    fn missed(&self, tier: &'static str, reason: Reason) {
        self.parts.recorder.record(&Event::Missed { tier, reason });
    }

    fn not_stored(&self, space: &Keyspace, tier: &'static str, reason: Reason) {
        self.counters.add(space, Count::NotStored);
        if reason == Reason::Invalidated {
            self.counters.add(space, Count::Overtaken);
        }
        self.parts.recorder.record(&Event::NotStored { tier, reason });
    }

    fn tier_failed(&self, tier: Tier<'_>, verb: &'static str, error: &Error) {
        self.counters.error(error.kind());
        self.parts.recorder.record(&Event::TierFailed { tier: tier.name, verb, error });
    }
}

impl fmt::Debug for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Engine")
            .field("namespace", &self.parts.namespace.as_str())
            .field("near", &self.parts.near)
            .field("tiers", &self.parts.tiers)
            .finish_non_exhaustive()
    }
}
