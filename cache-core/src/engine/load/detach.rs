//! Loads that go on by themselves.
//!
//! Promise: a detached load owns its data; whoever gives up, it runs to its end and its value lands. It is bounded:
//! in number by the manager's bulkhead, in time by `max_load_time`. It keeps the manager alive no longer than somebody waits for it: when
//! the last handle is dropped, or the manager is shut down, a load that nobody waits for is stopped.

use std::any::Any;
use std::fmt;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::pin;
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot, watch};

use crate::engine::ask::typed::{Body, Recipe};
use crate::engine::counters::Count;
use crate::engine::counters::request::Request;
use crate::engine::load::lease::{Permit, keeping, renewing};
use crate::engine::load::limits::{Limit, Limits};
use crate::engine::load::outcome::Outcome;
use crate::engine::load::reentry;
use crate::engine::load::run::{Boxed, Leader, Work, run, shown};
use crate::engine::look::found::Answer;
use crate::engine::renew::stale::Stale;
use crate::engine::write::land::Landed;
use crate::engine::{Ask, Engine, Keyspace, Question};
use crate::entry::{Reason, Status};
use crate::error::{Error, ErrorKind};
use crate::key::CacheKey;
use crate::time::Tick;

/// Starts a load on its own. A pointer to [`launch`], which exists only for loads that own what they need.
pub(in crate::engine) type Launch<R, B> = fn(&Arc<Engine>, &Ask<'_>, Work<R, B>) -> Launched<R, B>;

/// What became of the wish to start a load on its own.
pub(in crate::engine) enum Launched<R: Recipe, B> {
    /// It is under way, and will report.
    Away(Reported<R::Ret>),
    /// As many as may be are under way.
    Full(Work<R, B>),
    /// It belongs to its caller, or there is nothing to run it on.
    Not(Work<R, B>),
}

/// The answer, and a sign when its value has landed; or the panic of the body.
pub(super) type Report<T> = Result<(Answer<T>, oneshot::Receiver<()>), Box<dyn Any + Send>>;

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

/// A detached load with all that it needs.
struct Errand<R: Recipe, B> {
    engine: Weak<Engine>,
    asked: Question<Keyspace>,
    work: Work<R, B>,
    report: oneshot::Sender<Report<R::Ret>>,
    stop: watch::Receiver<()>,
    permit: OwnedSemaphorePermit,
}

/// Starts a load through the manager's spawner.
pub(in crate::engine) fn launch<R, B>(engine: &Arc<Engine>, ask: &Ask<'_>, work: Work<R, B>) -> Launched<R, B>
where
    R: Recipe + Send + Sync + 'static,
    R::Ret: Send + 'static,
    B: Body<R::Ret, Run: Send + 'static> + Send + 'static,
{
    let Ok(permit) = Arc::clone(&engine.background.bulkhead).try_acquire_owned() else {
        return Launched::Full(work);
    };
    let (report, reported) = oneshot::channel();
    let (asked, stop) = (ask.owned(), engine.background.stop.subscribe());
    let errand = Errand { engine: Arc::downgrade(engine), asked, work, report, stop, permit };
    // Kept outside the task too, so that it comes back when there is nothing to run it on.
    let errand = Arc::new(Mutex::new(Some(errand)));
    let around = reentry::Around::now();
    let taken = Arc::clone(&errand);
    let task = around.keep(async move {
        if let Some(errand) = take(&taken) {
            errand.run().await;
        }
    });
    if engine.spawn(Box::pin(task)) {
        return Launched::Away(reported);
    }
    take(&errand).map_or(Launched::Away(reported), |errand| Launched::Not(errand.work))
}

fn take<T>(slot: &Mutex<Option<T>>) -> Option<T> {
    slot.lock().unwrap_or_else(PoisonError::into_inner).take()
}

impl<R: Recipe, B: Body<R::Ret>> Errand<R, B> {
    async fn run(self) {
        let Self { engine, asked, work, mut report, stop, permit: _permit } = self;
        let Work { recipe, body, leader, landed, older, refresh } = work;
        let ask = asked.ask();
        let refreshed = older.as_ref().filter(|_| refresh.is_some());
        let Some(Begun { leader, landed, limit, identity, began, lease_time }) =
            begin(&engine, &ask, (leader, landed), refreshed).await
        else {
            return;
        };
        let give_up = |limit: &Limit| engine.upgrade()?.give_up(&ask, &recipe, older.as_ref(), limit);
        let body = reentry::loading(identity, ask.key, {
            let older = shown(older.as_ref());
            async move { body.begin(older).await }
        });
        let body = keeping(renewing(&leader.lease), lease_time, body);
        let mut leader = Some(leader);
        let ran = tokio::select! {
            ran = caught(run(body, limit, give_up, &mut leader)) => ran,
            () = unwanted(stop, &mut report) => return,
        };
        let Some(engine) = engine.upgrade() else { return };
        match ran {
            Ok(ran) => {
                engine.note_load_time(&ask, began);
                let (lead, lease) = Leader::split(leader);
                let (answer, after) =
                    engine.conclude(&ask, &recipe, (lead.as_ref(), landed, older.as_ref()), ran);
                let (_done, finished) = oneshot::channel();
                let _ = report.send(Ok((answer, finished)));
                engine.finish(&ask, after, lease).await;
            }
            Err(panic) => {
                drop(leader);
                let _ = report.send(Err(panic));
            }
        }
    }
}

/// A load when its body is about to run.
struct Begun {
    leader: Leader,
    landed: Landed,
    limit: Option<Limit>,
    identity: usize,
    began: Tick,
    lease_time: Duration,
}

/// Before the body runs: a refresh looks whether somebody else has done it already, or is about to. `None`: there is
/// nothing to load.
async fn begin(
    engine: &Weak<Engine>,
    ask: &Ask<'_>,
    (mut leader, landed): (Leader, Landed),
    refreshed: Option<&Stale>,
) -> Option<Begun> {
    let engine = engine.upgrade()?;
    if let Some(older) = refreshed {
        let newer = engine.newer(ask, older, landed.born()).await;
        let permit = match newer {
            Some(found) => Permit::Found(found),
            None => engine.permit_refresh(ask, landed.born(), older).await?,
        };
        match permit {
            Permit::Load(_, lease) => leader.lease = lease,
            Permit::Found(found) => {
                leader.lead.tell(Outcome::Value(found.into_value()));
                return None;
            }
        }
    }
    let landed = match refreshed {
        Some(_) => landed.begun(engine.prepare_tags(ask, landed.born()).await),
        None => landed,
    };
    engine.counters.add(ask.space, Count::Load);
    let (limit, identity, began) = (engine.load_limit(ask), engine.identity(), engine.parts.clock.tick());
    Some(Begun { leader, landed, limit, identity, began, lease_time: engine.parts.lease_time })
}

/// Ends when the manager has ended and nobody waits any more.
async fn unwanted<T>(mut stop: watch::Receiver<()>, report: &mut oneshot::Sender<T>) {
    let _ended_or_shut_down = stop.changed().await;
    report.closed().await;
}

/// Runs a future; its panic, if it panics.
async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // What panicked is never polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => std::task::Poll::Ready(Err(panic)),
        }
    })
    .await
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
                Ok(Ok((answer, finished))) => {
                    request.answered(&answer, Count::Miss);
                    let _ = limits.hard().wait(finished, |_| Some(())).await;
                    answer
                }
                Ok(Err(panic)) => resume_unwind(panic),
                Err(_) => {
                    let error =
                        Error::new(ErrorKind::ShutDown, "the runtime of a detached load was shut down");
                    match recipe.trouble(error.during("load")) {
                        Some(ret) => Answer::new(ret, Status::loaded(Reason::Disabled)),
                        None => resume_unwind(Box::new("the runtime of a detached load was shut down")),
                    }
                }
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
            Self::Not(_) => "Not",
        })
    }
}
