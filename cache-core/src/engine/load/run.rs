//! Running a body: here, for the caller that leads, or unshared.

use std::future::Future;
use std::pin::{Pin, pin};
use std::time::Duration;

use tokio::sync::OwnedSemaphorePermit;

use crate::engine::ask::typed::{Body, Loaded, Older, Recipe};
use crate::engine::counters::Count;
use crate::engine::counters::request::Request;
use crate::engine::load::lease::{Lease, keeping, renewing};
use crate::engine::load::limits::{Limit, Limits};
use crate::engine::load::outcome::Outcome;
use crate::engine::load::reentry;
use crate::engine::look::found::Answer;
use crate::engine::renew::stale::Stale;
use crate::engine::write::land::Landed;
use crate::engine::{Ask, Engine};
use crate::entry::{Reason, Status};
use crate::flight::Lead;
use crate::key::CacheKey;
use crate::time::Tick;

/// A future on the heap. A load may lead to another, and many of them must not add up on the stack; a hit makes none.
pub(in crate::engine) type Boxed<F> = Pin<Box<F>>;

/// A load that is about to run.
pub(in crate::engine) struct Work<R: Recipe, B> {
    pub(in crate::engine) recipe: R,
    pub(in crate::engine) body: B,
    pub(in crate::engine) leader: Leader,
    pub(in crate::engine) landed: Landed,
    /// The value that is to be replaced, if there is one.
    pub(in crate::engine) older: Option<Stale>,
    /// The load refreshes a value that answers meanwhile.
    pub(in crate::engine) refresh: Option<OwnedSemaphorePermit>,
    /// Its body has begun elsewhere.
    pub(in crate::engine) started: Option<Started>,
}

/// A load whose body runs.
#[derive(Debug, Clone, Copy)]
pub(in crate::engine) struct Started {
    pub(in crate::engine) at: Tick,
    pub(in crate::engine) limit: Option<Limit>,
    pub(in crate::engine) lease_time: Duration,
}

/// Who loads a key: for this process, and for those that share its tier.
pub(in crate::engine) struct Leader {
    pub(in crate::engine) lead: Lead<Outcome>,
    pub(in crate::engine) lease: Option<Lease>,
}

/// What became of a body.
pub(in crate::engine) enum Ran<T> {
    /// It ended.
    Loaded(Loaded<T>),
    /// It was given up: what its caller gets, and what its followers are told.
    GivenUp(Answer<T>, Outcome),
}

impl Leader {
    /// A leader that no other process has to know of.
    pub(in crate::engine) fn here(lead: Lead<Outcome>) -> Self {
        Self { lead, lease: None }
    }

    pub(in crate::engine) fn split(leader: Option<Self>) -> (Option<Lead<Outcome>>, Option<Lease>) {
        leader.map_or((None, None), |Self { lead, lease }| (Some(lead), lease))
    }
}

/// Runs a body to its end, or until the limit: then it is dropped and the key is free. Where the result cannot say
/// so, the key is free all the same, and the body goes on for its own caller alone.
pub(in crate::engine) async fn run<R, T: Into<Loaded<R>>>(
    body: impl Future<Output = T>,
    limit: Option<Limit>,
    give_up: impl FnOnce(&Limit) -> Option<(Answer<R>, Outcome)>,
    leader: &mut Option<Leader>,
) -> Ran<R> {
    let mut body = pin!(body);
    if let Some(limit) = limit {
        if let Some(answer) = limit.within(body.as_mut()).await {
            return Ran::Loaded(answer.into());
        }
        if let Some((answer, outcome)) = give_up(&limit) {
            return Ran::GivenUp(answer, outcome);
        }
        drop(leader.take());
    }
    Ran::Loaded(body.await.into())
}

/// What a loader is shown of an older value.
pub(in crate::engine) fn shown(older: Option<&Stale>) -> Older {
    let Some(Stale { value, validator, .. }) = older else { return Older::default() };
    Older { value: Some(value.clone()), validator: validator.clone() }
}

impl Engine {
    /// Runs the body as the leader, in the caller's own task.
    pub(in crate::engine) fn run_here<'a, R: Recipe, B: Body<R::Ret>>(
        &'a self,
        ask: &'a Ask<'_>,
        work: Work<R, B>,
        limits: Limits,
        request: &'a mut Request<'_>,
    ) -> Boxed<impl Future<Output = Answer<R::Ret>>> {
        Box::pin(async move {
            let Work { recipe, body, leader, landed, older, started, .. } = work;
            let Started { at: began, limit, lease_time } = started.unwrap_or_else(|| self.load_starts(ask));
            let body = self.body(ask.key, body, shown(older.as_ref()));
            // In a box: what is built on the way to it is small then, and loads that lead to loads add up.
            let body = Box::pin(keeping(renewing(&leader.lease), lease_time, body));
            let mut leader = Some(leader);
            let give_up = |limit: &Limit| self.give_up(ask, &recipe, older.as_ref(), limit);
            let run = run(body, limit, give_up, &mut leader);
            let late = |limit| self.late(ask, &recipe, older.as_ref(), limit, request);
            let ran = limits.hard().wait(run, late).await;
            match ran {
                Ok(ran) => {
                    self.note_load_time(ask, began);
                    let lead = leader.as_ref().map(|leader| &leader.lead);
                    let (answer, after) = self.conclude(ask, &recipe, (lead, landed, older.as_ref()), ran);
                    request.answered(&answer, Count::Miss);
                    let _ = limits.hard().wait(self.finish(ask, after, leader), |_| Some(())).await;
                    answer
                }
                Err(answer) => answer,
            }
        })
    }

    /// A body begins: counted, and bounded.
    pub(in crate::engine) fn load_starts(&self, ask: &Ask<'_>) -> Started {
        self.counters.add(ask.space, Count::Load);
        let (at, lease_time) = (self.parts.clock.tick(), self.parts.lease_time);
        Started { at, limit: self.load_limit(ask), lease_time }
    }

    /// Runs the body for this caller alone, and stores nothing.
    pub(in crate::engine) fn unshared<'a, R: Recipe, B: Body<R::Ret>>(
        &'a self,
        ask: &'a Ask<'_>,
        (recipe, body): (R, B),
        started: Option<Started>,
        limits: Limits,
        request: &'a mut Request<'_>,
    ) -> Boxed<impl Future<Output = Answer<R::Ret>>> {
        Box::pin(async move {
            let Started { limit, .. } = started.unwrap_or_else(|| self.load_starts(ask));
            let mut nobody_follows = None;
            let give_up = |limit: &Limit| self.give_up(ask, &recipe, None, limit);
            let run = run(body.begin(Older::default()), limit, give_up, &mut nobody_follows);
            let ran = limits.hard().wait(run, |limit| self.late(ask, &recipe, None, limit, request)).await;
            request.is(Count::Miss);
            match ran {
                Ok(Ran::Loaded(loaded)) => Answer::new(loaded.ret, Status::loaded(Reason::Absent)),
                Ok(Ran::GivenUp(answer, _)) => answer,
                Err(answer) => answer,
            }
        })
    }

    /// A body as the load of its key.
    fn body<R, B: Body<R>>(
        &self,
        key: &CacheKey,
        body: B,
        older: Older,
    ) -> Boxed<impl Future<Output = B::Answer>> {
        Box::pin(reentry::loading(self.identity(), key, async move { body.begin(older).await }))
    }

    /// Tells this manager from the others of the process.
    pub(in crate::engine) fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }
}
