//! Refreshing what still answers.
//!
//! Promise: exactly one refresh per key, in the background where loads are detached, at most 32 at a time per
//! keyspace. It looks into the byte tier first, and adopts what somebody else has stored there since. It carries the
//! generation that it began under, so it never brings back what was invalidated. A failure makes the key back off.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::Semaphore;

use crate::engine::ask::call::Call;
use crate::engine::ask::typed::{Body, Recipe};
use crate::engine::counters::Count;
use crate::engine::load::detach::{Launched, Reported};
use crate::engine::load::run::{Leader, Work};
use crate::engine::look::found::{Found, Look, NEAR};
use crate::engine::renew::stale::Stale;
use crate::engine::write::land::Landed;
use crate::engine::{Ask, Engine};
use crate::entry::Reason;
use crate::flight::Seat;
use crate::key::{CacheKey, SpaceId};
use crate::policy::RefreshAhead;
use crate::port::near::Times;
use crate::time::{Life, Tick};

/// Refreshes at a time, per keyspace.
const MOST: usize = 32;
/// How long a value whose refresh has begun is hit before somebody looks again.
const AGAIN: Duration = Duration::from_secs(1);

/// What refreshing knows of each keyspace.
#[derive(Debug, Default)]
pub(in crate::engine) struct Refreshes(Mutex<HashMap<SpaceId, Arc<Refreshing>>>);

#[derive(Debug)]
struct Refreshing {
    places: Arc<Semaphore>,
    /// How long a load takes, in nanoseconds, the latest counting most; 0 is not known.
    load_time: AtomicU64,
}

impl Refreshes {
    fn of(&self, space: SpaceId) -> Arc<Refreshing> {
        let mut spaces = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let unknown = || Arc::new(Refreshing { places: Arc::new(Semaphore::new(MOST)), load_time: 0.into() });
        Arc::clone(spaces.entry(space).or_insert_with(unknown))
    }
}

impl Engine {
    /// Starts a refresh in the background, unless one is under way, or as many as may be are.
    pub(in crate::engine) fn refresh_behind<R: Recipe, B: Body<R::Ret>>(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        call: Call<R, B>,
        older: Stale,
    ) -> Option<Reported<R::Ret>> {
        let Call { recipe, body, detach: Some(launch) } = call else { return None };
        let places = Arc::clone(&self.refreshes.of(ask.space.name.id()).places);
        let permit = places.try_acquire_owned().ok()?;
        let Seat::Lead(lead) = self.flights.seat_of(ask.key, ask.tags.label()) else { return None };
        let landed = Landed::Replacing(self.stamps.born(), Reason::Revalidating);
        let leader = Leader::here(lead);
        let (older, refresh, started) = (Some(older), Some(permit), None);
        let work = Work { recipe, body, leader, landed, older, refresh, started };
        let Launched::Away(reported) = launch(self, ask, work) else { return None };
        self.counters.add(ask.space, Count::Refresh);
        Some(reported)
    }

    /// What somebody else has stored in the byte tier since this value was.
    pub(in crate::engine) async fn newer(&self, ask: &Ask<'_>, older: &Stale, born: u64) -> Option<Found> {
        match self.look_far(ask, born).await {
            Ok(Look::Fresh(found)) if self.is_newer(&found, older) => Some(found),
            _ => None,
        }
    }

    /// Whether this is not the value that was read earlier, but one that was stored since.
    pub(in crate::engine) fn is_newer(&self, found: &Found, older: &Stale) -> bool {
        let age = self.parts.clock.tick().since(older.times.created);
        found.status().age < age / 2
    }

    /// When a copy with these times is to be refreshed.
    pub(in crate::engine) fn refresh_point(&self, ask: &Ask<'_>, times: &Times) -> Tick {
        let Some(ahead) = ask.space.policy.refresh_ahead.or(self.parts.policy.refresh_ahead) else {
            return Tick::NEVER;
        };
        let nanos = match ahead {
            RefreshAhead::XFetch { .. } => {
                self.refreshes.of(ask.space.name.id()).load_time.load(Ordering::Relaxed)
            }
            _ => 0,
        };
        let load_time = (nanos > 0).then(|| Duration::from_nanos(nanos));
        ahead.point(times.created, times.expires, load_time, self.parts.jitter.draw())
    }

    /// Notes how long a load of the keyspace took, for those refreshes that begin so long before the expiry.
    pub(in crate::engine) fn note_load_time(&self, ask: &Ask<'_>, began: Tick) {
        let ahead = ask.space.policy.refresh_ahead.or(self.parts.policy.refresh_ahead);
        if !matches!(ahead, Some(RefreshAhead::XFetch { .. })) {
            return;
        }
        let took = u64::try_from(self.parts.clock.tick().since(began).as_nanos()).unwrap_or(u64::MAX);
        let refreshing = self.refreshes.of(ask.space.name.id());
        let before = refreshing.load_time.load(Ordering::Relaxed);
        let now = if before == 0 { took } else { before / 4 * 3 + took / 4 };
        refreshing.load_time.store(now.max(1), Ordering::Relaxed);
    }

    /// Lets a value whose refresh has begun be hit again for a while, so that only one caller in a second looks
    /// whether it has ended.
    pub(in crate::engine) fn rearm(&self, ask: &Ask<'_>, older: &Stale) {
        let now = self.parts.clock.tick();
        // What is trusted no longer would not be hit whatever is written: this only spares the write.
        if older.tier != NEAR || now >= older.times.trusted_until {
            return;
        }
        self.rearm_until(ask.key, &older.times, now.after(Life::For(AGAIN)));
    }

    /// Lets the near copy with these times be hit again until then.
    pub(in crate::engine) fn rearm_until(&self, key: &CacheKey, times: &Times, until: Tick) {
        let held = self.parts.near.entry(key.near());
        let Some(mut entry) = held.filter(|entry| entry.meta.times == *times) else { return };
        // A hit looks at nothing else.
        entry.meta.fresh_until = times.trusted_until.min(until);
        self.put_near(key, entry);
    }
}
