//! Keeping entries warm that are read.
//!
//! Promise: an entry is refreshed before it expires, without waiting for a read, until nobody has read it for a while;
//! an invalidation ends it. Bounded: one keeper per key, [`MOST`] per manager, and a refresh takes its place among those
//! of its keyspace. A keeper is a task of the manager's spawner, holds the manager weakly, and ends with it. Invariant:
//! a keeper ends under the lock under which reads are noted, so no read is noted for one that has ended.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::watch;
use tokio::time::sleep;

use crate::engine::ask::call::Call;
use crate::engine::ask::typed::{Body, Recipe};
use crate::engine::load::detach::Reported;
use crate::engine::load::errand::Report;
use crate::engine::look::found::NEAR;
use crate::engine::renew::stale::Stale;
use crate::engine::{Ask, Engine, Keyspace, Question};
use crate::key::CacheKey;
use crate::policy::RefreshAhead;
use crate::port::near::{NearEntry, Times};
use crate::time::Tick;

/// Keepers of a manager at a time.
const MOST: usize = 1_024;
/// When a refresh begins, unless the keyspace says so.
const USUALLY: RefreshAhead = RefreshAhead::Fraction(0.8);
/// The least between two refreshes of a key.
const AT_LEAST: Duration = Duration::from_secs(1);

/// When each entry that is kept warm was read last.
#[derive(Debug, Default)]
pub(in crate::engine) struct Warm(Mutex<HashMap<CacheKey, Tick>>);

impl Warm {
    /// No user code runs under this lock, so a poisoned one still holds sound times.
    fn lock(&self) -> MutexGuard<'_, HashMap<CacheKey, Tick>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a read of what is kept warm; whether it is.
    fn read(&self, key: &CacheKey, now: Tick) -> bool {
        self.lock().get_mut(key).map(|read| *read = now).is_some()
    }

    /// Whether a keeper may begin.
    fn begin(&self, key: &CacheKey, now: Tick) -> bool {
        let mut kept = self.lock();
        let may = kept.len() < MOST && !kept.contains_key(key);
        may.then(|| kept.insert(key.clone(), now)).is_some()
    }

    /// Ends what nobody has read for so long; whether that is so.
    fn end_if_idle(&self, key: &CacheKey, now: Tick, until_idle: Duration) -> bool {
        let mut kept = self.lock();
        let idle = kept.get(key).is_none_or(|read| now.since(*read) >= until_idle);
        if idle {
            kept.remove(key);
        }
        idle
    }

    fn end(&self, key: &CacheKey) {
        self.lock().remove(key);
    }
}

/// What keeps one entry warm. Dropped, it is forgotten.
struct Keeper<M> {
    engine: Weak<Engine>,
    asked: Question<Keyspace>,
    /// Makes a call for each refresh.
    make: M,
    until_idle: Duration,
    stop: watch::Receiver<()>,
}

impl Engine {
    /// Whether there is a near tier, which is where values are kept warm.
    pub(crate) fn has_near(&self) -> bool {
        self.parts.near.bounds().entries > 0
    }

    /// Notes a read; whether the entry is kept warm already.
    pub(crate) fn is_kept_warm(&self, key: &CacheKey) -> bool {
        self.warm.read(key, self.parts.clock.tick())
    }

    /// Keeps an entry warm that has just been read, as long as there is room and something to run it on.
    pub(crate) fn keep_warm<R, B, M>(self: &Arc<Self>, ask: &Ask<'_>, make: M, until_idle: Duration)
    where
        R: Recipe + Send + Sync + 'static,
        R::Ret: Send + 'static,
        B: Body<R::Ret, Run: Send + 'static> + Send + 'static,
        M: Fn() -> Call<R, B> + Send + 'static,
    {
        if self.warm_until(ask).is_none() || !self.warm.begin(ask.key, self.parts.clock.tick()) {
            return;
        }
        let (engine, stop) = (Arc::downgrade(self), self.background.subscribe());
        let keeper = Keeper { engine, asked: ask.owned(), make, until_idle, stop };
        // A keeper that nobody runs is dropped, and forgotten with that.
        self.spawn(Box::pin(keeper.run::<R, B>()));
    }

    /// The living near entry that is to be kept warm, and when it is to be refreshed.
    fn warm_until(&self, ask: &Ask<'_>) -> Option<(NearEntry, Duration)> {
        let entry = self.parts.near.peek(ask.key.near())?;
        let (now, Times { created, expires, .. }) = (self.parts.clock.tick(), entry.meta.times);
        let alive = now < expires && expires != Tick::NEVER && !entry.meta.negative;
        if !alive || !self.stamps.valid(&entry.meta.cells, entry.meta.born) {
            return None;
        }
        let said = self.refresh_point(ask, &entry.meta.times);
        let point = if said == Tick::NEVER { USUALLY.point(created, expires, None, 0.0) } else { said };
        let point = self.backs_off(ask.key).map_or(point, |until| point.max(until));
        Some((entry, point.since(now)))
    }
}

impl<M> Keeper<M> {
    async fn run<R, B>(mut self)
    where
        R: Recipe + Send + Sync + 'static,
        R::Ret: Send + 'static,
        B: Body<R::Ret, Run: Send + 'static> + Send + 'static,
        M: Fn() -> Call<R, B>,
    {
        if Handle::try_current().is_err() {
            return;
        }
        let mut least = Duration::ZERO;
        while let Some(pause) = self.pause() {
            tokio::select! {
                () = sleep(pause.max(least)) => {}
                _ended = self.stop.changed() => return,
            }
            let Some(refresh) = self.begin() else { return };
            if let Some(reported) = refresh {
                tokio::select! {
                    report = reported => if let Ok(Report::Answered(_, finished)) = report {
                        let _landed = finished.await;
                    },
                    _ended = self.stop.changed() => return,
                }
            }
            least = AT_LEAST;
        }
    }

    /// How long the entry can be left alone; `None` when there is nothing to keep any more.
    fn pause(&self) -> Option<Duration> {
        let engine = self.engine.upgrade()?;
        engine.warm_until(&self.asked.ask()).map(|(_, pause)| pause)
    }

    /// Begins a refresh, unless one is under way; `None` when the entry is not to be kept any more.
    fn begin<R, B>(&self) -> Option<Option<Reported<R::Ret>>>
    where
        R: Recipe + Send + Sync + 'static,
        R::Ret: Send + 'static,
        B: Body<R::Ret, Run: Send + 'static> + Send + 'static,
        M: Fn() -> Call<R, B>,
    {
        let (engine, ask) = (self.engine.upgrade()?, self.asked.ask());
        let now = engine.parts.clock.tick();
        if engine.warm.end_if_idle(ask.key, now, self.until_idle) || !engine.is_enabled() {
            return None;
        }
        let (NearEntry { value, meta, validator }, pause) = engine.warm_until(&ask)?;
        if !pause.is_zero() {
            return Some(None);
        }
        let seen = engine.stamps.born();
        let (born, cells, times) = (meta.born, meta.cells, meta.times);
        let older = Stale { value, tier: NEAR, born, seen, cells, times, validator };
        Some(engine.refresh_behind(&ask, (self.make)(), older))
    }
}

impl<M> Drop for Keeper<M> {
    fn drop(&mut self) {
        if let Some(engine) = self.engine.upgrade() {
            engine.warm.end(self.asked.ask().key);
        }
    }
}
