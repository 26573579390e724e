//! A detached load as its task runs it, and how it comes to whoever waits for it.
//!
//! Promise: who waits gets the answer, the panic of the body, or the load itself: a task that ends before the body has
//! (its runtime was shut down, its spawner dropped it) gives the load back where it stands, with its lead and its lease,
//! and the caller goes on with it. A load that nobody waits for ends with the manager, and at its limit. How it is started
//! is in [`detach`](super::detach).

use std::any::Any;
use std::future::{Future, poll_fn};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::{Pin, pin};
use std::sync::Weak;
use std::task::Poll;

use tokio::sync::{OwnedSemaphorePermit, oneshot, watch};

use crate::engine::ask::typed::{Body, Loaded, Older, Recipe};
use crate::engine::load::lease::{Permit, keeping, renewing};
use crate::engine::load::limits::Limit;
use crate::engine::load::outcome::Outcome;
use crate::engine::load::reentry;
use crate::engine::load::run::{Leader, Started, run};
use crate::engine::look::found::Answer;
use crate::engine::renew::stale::Stale;
use crate::engine::write::land::Landed;
use crate::engine::{Ask, Engine, Keyspace, Question};

/// A body that is polled wherever it is wanted, begun or not.
type Running<T> = Pin<Box<dyn Future<Output = Loaded<T>> + Send>>;

/// What comes to whoever waits.
pub(in crate::engine) enum Report<T> {
    /// The answer, and a sign when its value has landed.
    Answered(Answer<T>, oneshot::Receiver<()>),
    /// The panic of the body, or of what judges its value.
    Panicked(Box<dyn Any + Send>),
    /// The load, where it stands.
    Returned(Returned<T>),
}

/// A load whose task has ended before its body.
pub(in crate::engine) struct Returned<T> {
    pub(in crate::engine) body: Resumed<T>,
    /// `None`: its key is free already.
    pub(in crate::engine) leader: Option<Leader>,
    pub(in crate::engine) landed: Landed,
    pub(in crate::engine) started: Option<Started>,
}

/// A body that goes on where it stands.
pub(in crate::engine) struct Resumed<T>(Running<T>);

impl<T> Body<T> for Resumed<T> {
    type Answer = Loaded<T>;
    type Run = Running<T>;

    fn begin(self, _: Older) -> Running<T> {
        self.0
    }
}

/// A detached load with all that it needs.
pub(in crate::engine) struct Errand<R: Recipe> {
    pub(in crate::engine) engine: Weak<Engine>,
    pub(in crate::engine) asked: Question<Keyspace>,
    pub(in crate::engine) recipe: R,
    pub(in crate::engine) older: Option<Stale>,
    /// The load refreshes a value that answers meanwhile.
    pub(in crate::engine) refresh: Option<OwnedSemaphorePermit>,
    pub(in crate::engine) parcel: Parcel<R::Ret>,
    pub(in crate::engine) stop: watch::Receiver<()>,
    pub(in crate::engine) permit: OwnedSemaphorePermit,
}

/// A load, and who waits for it. Dropped before its body has ended, it goes there.
pub(in crate::engine) struct Parcel<T> {
    body: Option<Running<T>>,
    leader: Option<Leader>,
    landed: Landed,
    started: Option<Started>,
    report: Option<oneshot::Sender<Report<T>>>,
}

impl<T> Parcel<T> {
    pub(in crate::engine) fn new(
        body: Running<T>,
        (leader, landed): (Leader, Landed),
        report: oneshot::Sender<Report<T>>,
    ) -> Self {
        Self { body: Some(body), leader: Some(leader), landed, started: None, report: Some(report) }
    }

    fn tell(&mut self, report: Report<T>) {
        if let Some(waits) = self.report.take() {
            let _ = waits.send(report);
        }
    }
}

impl<T> Drop for Parcel<T> {
    fn drop(&mut self) {
        if let Some(body) = self.body.take() {
            let (body, leader) = (Resumed(body), self.leader.take());
            let (landed, started) = (self.landed, self.started.take());
            self.tell(Report::Returned(Returned { body, leader, landed, started }));
        }
    }
}

impl<R: Recipe> Errand<R> {
    pub(in crate::engine) async fn run(self) {
        let Self { engine, asked, recipe, older, refresh, mut parcel, stop, permit: _permit } = self;
        let ask = asked.ask();
        let refreshed = older.as_ref().filter(|_| refresh.is_some());
        let Some((identity, started)) = begin(&engine, &ask, &mut parcel, refreshed).await else {
            return parcel.body = None;
        };
        let give_up = |limit: &Limit| engine.upgrade()?.give_up(&ask, &recipe, older.as_ref(), limit);
        let Parcel { body: Some(body), leader, report: Some(report), .. } = &mut parcel else { return };
        let kept = renewing(leader.iter().filter_map(|leader| leader.lease.as_ref()));
        let body = keeping(kept, started.lease_time, reentry::loading(identity, ask.key, body));
        let ran = tokio::select! {
            biased;
            ran = caught(run(body, started.limit, give_up, leader)) => ran,
            () = unwanted(stop, started.limit, report, refresh.is_some()) => return,
        };
        // Whatever became of it, nothing of it is left when that is told.
        parcel.body = None;
        let Some(engine) = engine.upgrade() else { return };
        if ran.is_ok() {
            engine.note_load_time(&ask, started.at);
        }
        let (leader, landed) = (parcel.leader.take(), parcel.landed);
        let concluded = ran.and_then(|ran| {
            let lead = leader.as_ref().map(|leader| &leader.lead);
            let conclude = || engine.conclude(&ask, &recipe, (lead, landed, older.as_ref()), ran);
            catch_unwind(AssertUnwindSafe(conclude))
        });
        match concluded {
            Ok((answer, after)) => {
                let (_done, finished) = oneshot::channel();
                parcel.tell(Report::Answered(answer, finished));
                engine.finish(&ask, after, leader).await;
            }
            Err(panic) => {
                drop(leader);
                parcel.tell(Report::Panicked(panic));
            }
        }
    }
}

/// Before the body runs: a refresh looks whether somebody else has done it already, or is about to. `None`: there is
/// nothing to load.
async fn begin<T>(
    engine: &Weak<Engine>,
    ask: &Ask<'_>,
    parcel: &mut Parcel<T>,
    refreshed: Option<&Stale>,
) -> Option<(usize, Started)> {
    let engine = engine.upgrade()?;
    if let Some(older) = refreshed {
        let born = parcel.landed.born();
        let permit = match engine.newer(ask, older, born).await {
            Some(found) => Permit::Found(found),
            None => engine.permit_refresh(ask, born, older).await?,
        };
        let leader = parcel.leader.as_mut()?;
        match permit {
            Permit::Load(_, lease) => leader.lease = lease,
            Permit::Found(found) => {
                leader.lead.tell(Outcome::Value(found.into_value()));
                return None;
            }
        }
        parcel.landed = parcel.landed.begun(engine.prepare_tags(ask, born).await);
    }
    let started = engine.load_starts(ask);
    parcel.started = Some(started);
    Some((engine.identity(), started))
}

/// Ends when nobody waits any more, and the manager has ended or the load should have. Who waits for a refresh only wants to
/// know that it is over: an older value answers meanwhile.
async fn unwanted<T>(
    mut stop: watch::Receiver<()>,
    limit: Option<Limit>,
    report: &mut oneshot::Sender<T>,
    refreshes: bool,
) {
    let past = async {
        match limit {
            Some(limit) => limit.passed().await,
            None => std::future::pending().await,
        }
    };
    tokio::select! {
        _ended_or_shut_down = stop.changed() => {}
        () = past => {}
    }
    if !refreshes {
        report.closed().await;
    }
}

/// Runs a future; its panic, if it panics.
async fn caught<F: Future>(future: F) -> Result<F::Output, Box<dyn Any + Send>> {
    let mut future = pin!(future);
    poll_fn(|context| {
        // What panicked is never polled again.
        match catch_unwind(AssertUnwindSafe(|| future.as_mut().poll(context))) {
            Ok(poll) => poll.map(Ok),
            Err(panic) => Poll::Ready(Err(panic)),
        }
    })
    .await
}
