//! Filling the byte tier when the caller has gone on (`background_writes`).
//!
//! Promise: what was loaded is near before its caller goes on, and on its way to the byte tier inside its key's gate, with
//! its lease: whatever invalidates, sets or expires the key waits for the fill, and wins. Fills are bounded, in number (beyond
//! that the caller waits, as without them) and in time. A shutdown waits for them, the last manager dropped ends them.
//! Invariant: a fill that the tier refuses takes its near copy along. The key is its load's until the tier has answered, so
//! that no later load of it, a refresh say, can arrive there first and be written over; but no longer than a near copy is
//! trusted: where others write that tier too, it is the lease that keeps the order.

mod bound;

pub(in crate::engine) use bound::Fills;

use std::future::Future;
use std::pin::pin;
use std::sync::{Arc, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};
use tokio::time::timeout;

use crate::engine::counters::Count;
use crate::engine::load::lease::Lease;
use crate::engine::load::outcome::Outcome;
use crate::engine::load::run::Leader;
use crate::engine::serving::Serving;
use crate::engine::write::far_write::{FarWrite, Packed};
use crate::engine::write::land::{Landed, Landing};
use crate::engine::{Ask, Engine, Keyspace, Question, What};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind, Result};
use crate::flight::Lead;
use crate::port::backend::CacheBackend;
use crate::port::near::{Held, NearEntry, NearMeta, Times};
use crate::stamp::{Cells, Shared};
use crate::tier::Tier;
use crate::time::Life;

/// How long a tier may take for a fill, whatever deadlines it has itself.
const LONGEST: Duration = Duration::from_secs(10);

/// A fill on its way, with all that it needs.
struct Fill {
    about: About,
    packed: Packed,
    backend: Arc<dyn CacheBackend>,
    /// That is the fallback.
    aside: bool,
    cells: Cells,
    replacing: bool,
    longest: Duration,
    /// Who finds nothing near meanwhile is answered by its load, so long.
    lead: Option<Lead<Outcome>>,
    answers: Duration,
    lease: Option<Lease>,
    stop: watch::Receiver<()>,
    gate: Shared,
    _place: OwnedSemaphorePermit,
}

/// What a fill is about. Dropped before its end was seen, it was cut off.
struct About {
    engine: Weak<Engine>,
    asked: Question<Keyspace>,
    tier: &'static str,
    seen: bool,
}

/// What is near of a value that is on its way.
#[derive(Default, Clone, Copy)]
struct Near {
    /// What it was born under there; `None` when it was overtaken.
    born: Option<u64>,
    /// What tells its near copy from those of older values.
    times: Option<Times>,
}

/// What a landing hands over: what it writes, as whose load, inside which gate.
pub(in crate::engine) struct Landable {
    pub(in crate::engine) packed: Packed,
    pub(in crate::engine) leader: Option<Leader>,
    pub(in crate::engine) gate: Shared,
}

impl Engine {
    fn writes_behind(&self, ask: &Ask<'_>) -> bool {
        let (own, usual) = (&ask.space.policy, &self.parts.policy);
        own.background_writes.or(usual.background_writes).unwrap_or(false)
    }

    /// Keeps a loaded value near and has a task write it to the byte tier; what comes back the caller has to write.
    pub(in crate::engine) fn fill_behind(
        &self,
        ask: &Ask<'_>,
        (landed, life): (Landed, Life),
        value: Option<&Held>,
        landable: Landable,
    ) -> Option<Landable> {
        if !self.writes_behind(ask) {
            return Some(landable);
        }
        let Some(place) = self.fills.place() else { return Some(landable) };
        let (tier, aside) = match self.serving() {
            Serving::Primary(tier) => (tier, false),
            Serving::Fallback(tier) => (tier, true),
            Serving::Nothing(_) => return Some(landable),
        };
        let Landable { packed, leader, gate } = landable;
        let (bytes, cells, (lead, lease)) = (packed.frame.len(), self.cells(ask), Leader::split(leader));
        let engine = Weak::clone(&self.me);
        let fill = Fill {
            about: About { engine, asked: ask.owned(), tier: tier.name, seen: false },
            packed,
            backend: Arc::clone(tier.backend),
            aside,
            cells,
            replacing: matches!(landed, Landed::Replacing(..)),
            longest: life.duration().map_or(LONGEST, |life| life.min(LONGEST)),
            lead,
            answers: self.near_ttl().unwrap_or(LONGEST),
            lease,
            stop: self.background.subscribe(),
            gate,
            _place: place,
        };
        let (go, gone) = oneshot::channel();
        if let Some(fill) = self.spawn_with(fill, |fill| fill.run(gone)) {
            return Some(fill.back());
        }
        let born = self.born_near(ask.key, &cells, landed);
        if let Some(born) = born {
            let landing = Landing { born, life, stored_bytes: bytes, only_here: false };
            self.insert_near(ask, value.cloned(), landing);
        }
        let held = self.parts.near.peek(ask.key.near()).filter(|entry| Some(entry.meta.born) == born);
        let _runs = go.send(Near { born, times: held.map(|entry| entry.meta.times) });
        None
    }

    /// The tier has answered to a fill.
    fn filled(&self, fill: Fill, near: Near, taken: Result<bool>) {
        let Fill { about, packed, backend, aside, cells, replacing, lead: _lead, lease, gate: _gate, .. } =
            fill;
        let ask = about.asked.ask();
        let tier = Tier { name: about.tier, backend: &backend };
        let far = self.sent(&ask, (tier, aside), &packed, taken);
        match far {
            FarWrite::Refused => {
                self.overtake_here(What::Key(ask.key));
                return self.lease_lost(&ask, lease);
            }
            FarWrite::Stored(_) => lease.into_iter().for_each(Lease::spend),
            _ => drop(lease),
        }
        self.counters.add(ask.space, Count::Stored);
        self.settle_near(&ask, near, (&cells, replacing), !far.is_stored());
    }

    /// Who has read the older far value meanwhile must not keep it, and a value that is only here says so.
    fn settle_near(&self, ask: &Ask<'_>, near: Near, (cells, replacing): (&Cells, bool), only_here: bool) {
        if let Some(born) = near.born {
            let renewed = if replacing { self.stamps.renew(ask.key, cells, born) } else { Some(born) };
            let moved = renewed != Some(born) || only_here;
            let held = self.parts.near.peek(ask.key.near()).filter(|_| moved);
            if let (Some(renewed), Some(entry)) =
                (renewed, held.filter(|entry| Some(entry.meta.times) == near.times))
            {
                let meta = NearMeta { born: renewed, only_here, ..entry.meta };
                self.put_near(ask.key, NearEntry { meta, ..entry });
            }
        }
    }
}

impl Fill {
    async fn run(mut self, near: oneshot::Receiver<Near>) {
        let near = near.await.unwrap_or_default();
        let Some(taken) = self.written().await else { return };
        let Some(engine) = self.about.engine.upgrade() else { return };
        self.about.seen = true;
        engine.filled(self, near, taken);
    }

    /// What the tier answers, or that it took too long; `None` when it is not waited for any more.
    async fn written(&mut self) -> Option<Result<bool>> {
        let Self { about, packed, backend, longest, stop, lead, .. } = self;
        let written = backend.set(about.asked.ask().key, packed.frame.clone(), packed.options_of(self.aside));
        let mut ended = pin!(async {
            tokio::select! {
                biased;
                taken = within(*longest, written) => Some(taken.unwrap_or_else(|| Err(too_long(*longest)))),
                _ended_or_shut_down = stop.changed() => None,
            }
        });
        if let Some(ended) = within(self.answers, ended.as_mut()).await {
            return ended;
        }
        drop(lead.take());
        ended.await
    }

    /// It was not begun: there is nothing to run it on.
    fn back(mut self) -> Landable {
        self.about.seen = true;
        let Self { packed, lead, lease, gate, .. } = self;
        Landable { packed, leader: lead.map(|lead| Leader { lead, lease }), gate }
    }
}

impl Drop for About {
    fn drop(&mut self) {
        if self.seen {
            return;
        }
        let Some(engine) = self.engine.upgrade() else { return };
        let ask = self.asked.ask();
        engine.fills.note_cut_off();
        engine.not_stored(ask.space, self.tier, Reason::CutOff);
        // It may still arrive, after what comes next.
        if engine.is_enabled() {
            engine.journal.key(ask.key);
        }
    }
}

/// Waits so long, where there is a timer.
async fn within<F: Future>(longest: Duration, future: F) -> Option<F::Output> {
    if Handle::try_current().is_err() {
        return Some(future.await);
    }
    timeout(longest, future).await.ok()
}

fn too_long(longest: Duration) -> Error {
    Error::new(ErrorKind::Timeout, format!("a tier did not take a write within {longest:?}")).during("set")
}
