//! Keeping entries warm that are read.
//!
//! A hit tells nobody: of what a policy keeps warm it ends early ([`Engine::unnoted_until`]), and the read that finds it so
//! is noted ([`Engine::is_only_unnoted`]) and lets it be hit again.
//!
//! Promise: an entry is refreshed before it expires, without waiting for a read, until nobody has read it for a while;
//! an invalidation ends it. Bounded: one keeper per key, 1,024 ([`reads`]) per manager, and a refresh takes its place among those
//! of its keyspace. A keeper is a task of the manager's spawner, holds the manager weakly, and ends with it. Invariant:
//! a keeper ends under the lock under which reads are noted, so no read is noted for one that has ended.

mod reads;

pub(in crate::engine) use reads::Warm;

use std::sync::{Arc, Once, Weak};
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
use crate::port::near::{NearEntry, NearMeta, Times};
use crate::time::{Life, Tick};

/// When a refresh begins, unless the keyspace says so.
const USUALLY: RefreshAhead = RefreshAhead::Fraction(0.8);
/// The least between two refreshes of a key.
const AT_LEAST: Duration = Duration::from_secs(1);

/// The part of the time without reads to within which reads are noted of what a policy keeps warm.
const GRAINS: u32 = 8;

/// What keeps one entry warm. Dropped, it is forgotten.
struct Keeper<M> {
    engine: Weak<Engine>,
    asked: Question<Keyspace>,
    /// Makes a call for each refresh.
    make: M,
    until_idle: Duration,
    stop: watch::Receiver<()>,
    /// It is forgotten already, and another one may have begun since.
    ended: bool,
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
        let keeper = Keeper { engine, asked: ask.owned(), make, until_idle, stop, ended: false };
        // A keeper that nobody runs is dropped, and forgotten with that.
        self.spawn(Box::pin(keeper.run::<R, B>()));
    }

    /// [`Engine::keep_warm`] as long as the policy says, which takes reads to be noted late.
    pub(crate) fn keep_warm_as_said<R, B, M>(self: &Arc<Self>, ask: &Ask<'_>, make: M)
    where
        R: Recipe + Send + Sync + 'static,
        R::Ret: Send + 'static,
        B: Body<R::Ret, Run: Send + 'static> + Send + 'static,
        M: Fn() -> Call<R, B> + Send + 'static,
    {
        let Some(until_idle) = ask.space.policy.keep_warm else { return };
        if !self.has_near() || !self.may_keep_near(ask) {
            return say_that_nothing_is_near(ask.space);
        }
        if !self.is_kept_warm(ask.key) {
            self.keep_warm(ask, make, until_idle.saturating_add(until_idle / GRAINS));
        }
    }

    /// Until when what a policy keeps warm may be hit without a read being noted.
    pub(in crate::engine) fn unnoted_until(&self, ask: &Ask<'_>) -> Tick {
        let Some(until_idle) = ask.space.policy.keep_warm else { return Tick::NEVER };
        let now = self.parts.clock.tick();
        let noted = self.warm.last(ask.key).unwrap_or(now);
        noted.after(Life::For(until_idle / GRAINS)).max(now)
    }

    /// Whether a copy that is not hit any more is only to have a read noted, which is done; and it is hit again.
    pub(in crate::engine) fn is_only_unnoted(&self, ask: &Ask<'_>, meta: &NearMeta) -> bool {
        if ask.space.policy.keep_warm.is_none() || meta.negative {
            return false;
        }
        let now = self.parts.clock.tick();
        // What has a keeper is not refreshed by its readers.
        let kept = self.warm.read(ask.key, now);
        let point = if kept { Tick::NEVER } else { self.refresh_point(ask, &meta.times) };
        let only_unnoted = now < point.min(meta.times.trusted_until);
        if only_unnoted {
            self.rearm_until(ask.key, &meta.times, self.unnoted_until(ask).min(point));
        }
        only_unnoted
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
    fn begin<R, B>(&mut self) -> Option<Option<Reported<R::Ret>>>
    where
        R: Recipe + Send + Sync + 'static,
        R::Ret: Send + 'static,
        B: Body<R::Ret, Run: Send + 'static> + Send + 'static,
        M: Fn() -> Call<R, B>,
    {
        let (engine, ask) = (self.engine.upgrade()?, self.asked.ask());
        let now = engine.parts.clock.tick();
        self.ended = engine.warm.end_if_idle(ask.key, now, self.until_idle);
        if self.ended || !engine.is_enabled() {
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
        if let Some(engine) = self.engine.upgrade().filter(|_| !self.ended) {
            engine.warm.end(self.asked.ask().key);
        }
    }
}

/// A direct call is refused before; a cached function has met its manager only now. Said once.
#[cold]
fn say_that_nothing_is_near(space: &Keyspace) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| {
        tracing::error!(
            function = space.name.as_str(),
            "keep_warm has no effect: the manager has no near tier to keep values in; add .near(Near::mib(64)) to its builder, or \
             leave keep_warm out"
        );
    });
}
