//! Loads that go on by themselves.
//!
//! Promise: a detached load owns its data; whoever gives up, it runs to its end and its value lands. It is bounded:
//! in number by the manager's bulkhead, in time by `max_load_time`. It keeps the manager alive no longer than somebody waits for it: when
//! the last handle is dropped, or the manager is shut down, a load that nobody waits for is stopped. What its task does, and
//! what becomes of a load whose task ends too early, is in [`errand`](super::errand).

use std::fmt;
use std::future::Future;
use std::panic::resume_unwind;
use std::sync::Arc;

use tokio::sync::{Semaphore, oneshot, watch};

use crate::engine::ask::typed::{Body, Recipe};
use crate::engine::counters::Count;
use crate::engine::counters::request::Request;
use crate::engine::load::errand::{Errand, Parcel, Report, Returned};
use crate::engine::load::limits::Limits;
use crate::engine::load::outcome::Outcome;
use crate::engine::load::reentry;
use crate::engine::load::run::{Boxed, Work, shown};
use crate::engine::look::found::Answer;
use crate::engine::renew::stale::Stale;
use crate::engine::{Ask, Engine};
use crate::entry::Reason;
use crate::error::{Error, ErrorKind};
use crate::key::CacheKey;

/// Starts a load on its own. A pointer to [`launch`], which exists only for loads that own what they need.
pub(in crate::engine) type Launch<R, B> = fn(&Arc<Engine>, &Ask<'_>, Work<R, B>) -> Launched<R, B>;

/// What became of the wish to start a load on its own.
pub(in crate::engine) enum Launched<R: Recipe, B> {
    /// It is under way, and will report.
    Away(Reported<R::Ret>),
    /// As many as may be are under way.
    Full(Box<Work<R, B>>),
    /// There is nothing to run it on: its report gives it back.
    Back(Reported<R::Ret>),
}

/// Where a report arrives.
pub(in crate::engine) type Reported<T> = oneshot::Receiver<Report<T>>;

/// What bounds and ends the loads that go on by themselves.
#[derive(Debug)]
pub(in crate::engine) struct Background {
    bulkhead: Arc<Semaphore>,
    most: usize,
    /// Dropped with the manager; sent to at its shutdown.
    stop: watch::Sender<()>,
}

impl Background {
    /// At most so many at a time.
    pub(in crate::engine) fn new(most: usize) -> Self {
        let most = most.min(Semaphore::MAX_PERMITS);
        Self { bulkhead: Arc::new(Semaphore::new(most)), most, stop: watch::channel(()).0 }
    }

    /// Changes, or ends, with the manager.
    pub(in crate::engine) fn subscribe(&self) -> watch::Receiver<()> {
        self.stop.subscribe()
    }

    /// Ends the loads that nobody waits for.
    pub(in crate::engine) fn stop(&self) {
        self.stop.send_replace(());
    }

    /// Resolves when the manager is shut down.
    pub(in crate::engine) fn stopped(&self) -> impl Future<Output = ()> + Send + use<> {
        let mut stop = self.stop.subscribe();
        async move { drop(stop.changed().await) }
    }

    /// How many are under way.
    pub(in crate::engine) fn under_way(&self) -> usize {
        self.most - self.bulkhead.available_permits()
    }

    fn full(&self, key: &CacheKey) -> Error {
        let held = format!("{} detached loads are under way: the key {key} is not loaded", self.most);
        Error::new(ErrorKind::Overloaded, held)
            .during("load")
            .with_fix("raise max_detached_loads, or set max_load_time so that slow loads end")
    }
}

/// Starts a load through the manager's spawner.
pub(in crate::engine) fn launch<R, B>(engine: &Arc<Engine>, ask: &Ask<'_>, work: Work<R, B>) -> Launched<R, B>
where
    R: Recipe + Send + Sync + 'static,
    R::Ret: Send + 'static,
    B: Body<R::Ret, Run: Send + 'static> + Send + 'static,
{
    let Ok(permit) = Arc::clone(&engine.background.bulkhead).try_acquire_owned() else {
        return Launched::Full(Box::new(work));
    };
    let (report, reported) = oneshot::channel();
    let Work { recipe, body, leader, landed, older, refresh, .. } = work;
    let shown = shown(older.as_ref());
    let body = Box::pin(async move { body.begin(shown).await.into() });
    let errand = Errand {
        engine: Arc::downgrade(engine),
        asked: ask.owned(),
        recipe,
        older,
        refresh,
        parcel: Parcel::new(body, (leader, landed), report),
        stop: engine.background.subscribe(),
        permit,
    };
    let task = reentry::Around::now().keep(errand.run());
    if engine.spawn(Box::pin(task)) { Launched::Away(reported) } else { Launched::Back(reported) }
}

impl Engine {
    /// Waits for the report of a detached load, as long as this caller wants to wait.
    pub(super) fn await_report<'a, R: Recipe>(
        &'a self,
        ask: &'a Ask<'_>,
        recipe: &'a R,
        (reported, older): (Reported<R::Ret>, Option<Stale>),
        limits: Limits,
        request: &'a mut Request<'_>,
    ) -> Boxed<impl Future<Output = Answer<R::Ret>>> {
        Box::pin(async move {
            let late = |limit| self.late(ask, recipe, older.as_ref(), limit, request);
            let report = match limits.wait(reported, late).await {
                Ok(report) => report,
                Err(answer) => return answer,
            };
            request.is(Count::Miss);
            match report {
                Ok(Report::Answered(answer, finished)) => {
                    request.answered(&answer, Count::Miss);
                    let _ = limits.hard().wait(finished, |_| Some(())).await;
                    answer
                }
                Ok(Report::Panicked(panic)) => resume_unwind(panic),
                Ok(Report::Returned(Returned { body, leader: Some(leader), landed, started })) => {
                    let recipe = recipe.clone();
                    let work = Work { recipe, body, leader, landed, older, refresh: None, started };
                    self.run_here(ask, work, limits, request).await
                }
                Ok(Report::Returned(Returned { body, leader: None, started, .. })) => {
                    self.unshared(ask, (recipe.clone(), body), started, limits, request).await
                }
                // Only what nobody waits for ends without a report.
                Err(_) => resume_unwind(Box::new("a detached load has ended without a report")),
            }
        })
    }

    /// The answer of a caller whose load may not be started, and what its followers are told.
    pub(super) fn overloaded<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        older: Option<&Stale>,
    ) -> Option<(Answer<R::Ret>, Outcome)> {
        self.instead(ask, recipe, older, (self.background.full(ask.key), Reason::Overloaded))
    }
}

impl<R: Recipe, B> fmt::Debug for Launched<R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Away(_) => "Away",
            Self::Full(_) => "Full",
            Self::Back(_) => "Back",
        })
    }
}
