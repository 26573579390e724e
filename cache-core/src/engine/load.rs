//! A miss: take a seat, look into the tiers, run the loader, land.
//!
//! Promise: one load per key whoever asks; the body runs at most once per call; only its own error is returned, or
//! the limit that the caller set. How a body is run is in [`run`](super::run), what it leaves behind in
//! [`conclude`](super::conclude), the load that goes on by itself in [`detach`](super::detach).

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::counters::Count;
use super::detach::{self, Launch, Launched};
use super::found::Answer;
use super::land::Landed;
use super::limits::{Limit, Limits};
use super::request::Request;
use super::run::{Boxed, Work};
use super::typed::{Body, Failure, Loaded, Older, Recipe, Share};
use super::{Ask, Engine, reentry};
use crate::entry::{Reason, Status};
use crate::error::Error;
use crate::flight::{Lead, Seat};
use crate::port::near::Held;
use crate::stamp::Scope;

/// A call: what is loaded, and what is done with it.
pub(crate) struct Call<R: Recipe, B> {
    recipe: R,
    body: B,
    /// How the body is started on its own, when it owns what it needs.
    detach: Option<Launch<R, B>>,
}

impl<R: Recipe, B> Call<R, B> {
    /// Runs the body, and nothing else.
    pub(crate) async fn run(self) -> R::Ret
    where
        B: Body<R::Ret>,
    {
        Into::<Loaded<R::Ret>>::into(self.body.begin(Older).await).ret
    }

    /// The body belongs to the caller: it ends when the last one who waits for it has gone.
    pub(crate) fn attached(recipe: R, body: B) -> Self {
        Self { recipe, body, detach: None }
    }
}

impl<R, B> Call<R, B>
where
    R: Recipe + Send + Sync + 'static,
    R::Ret: Send + 'static,
    B: Body<R::Ret, Run: Send + 'static> + Send + 'static,
{
    /// The body belongs to nobody: it goes on when its callers have gone.
    pub(crate) fn detached(recipe: R, body: B) -> Self {
        Self { recipe, body, detach: Some(detach::launch) }
    }
}

/// What a leader tells its followers.
#[derive(Clone)]
pub(super) enum Outcome {
    /// A value, or absence.
    Value(Option<Held>, Status),
    /// The loader failed, and everybody gets its error.
    Failed(Failure),
    /// The loader failed, and its error cannot be shared: everybody runs the loader.
    Unshared,
    /// The load was given up.
    Trouble(Error),
}

/// Where a caller found itself.
enum Place<R> {
    Answered(Answer<R>),
    Alone,
    Leading(Lead<Outcome>, u64),
}

impl Engine {
    /// Answers a call after its near probe missed.
    pub(crate) async fn load<R: Recipe, B: Body<R::Ret>>(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        call: Call<R, B>,
    ) -> Answer<R::Ret> {
        let mut request = self.request();
        let limits = self.limits(ask);
        match self.place(ask, &call.recipe, limits, &mut request).await {
            Place::Answered(answer) => answer,
            Place::Alone => self.alone(ask, (call.recipe, call.body), limits, &mut request).await,
            Place::Leading(lead, born) => {
                self.start(ask, call, (lead, Landed::New(born)), limits, &mut request).await
            }
        }
    }

    /// Runs the body now and stores what it returns, whatever is stored. A load of the same key that is under
    /// way is overtaken: its value is not stored any more.
    pub(crate) async fn refresh<R: Recipe, B: Body<R::Ret>>(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        call: Call<R, B>,
    ) -> Answer<R::Ret> {
        let mut request = self.request();
        let limits = self.limits(ask);
        self.stamps.bump(Scope::Key(ask.key));
        self.flights.forget(ask.key);
        match self.flights.seat(ask.key) {
            Seat::Lead(lead) => {
                let landed = Landed::Over(self.stamps.born());
                self.start(ask, call, (lead, landed), limits, &mut request).await
            }
            Seat::Follow(_) => self.alone(ask, (call.recipe, call.body), limits, &mut request).await,
        }
    }

    /// Runs the body while the cache is switched off.
    pub(crate) async fn bypass<R>(&self, body: impl Future<Output = R>) -> R {
        self.counters.add(Count::Bypassed);
        body.await
    }

    /// Takes a seat; a follower waits here, as often as leaders give up. A leader looks into the tiers.
    fn place<'a, R: Recipe>(
        &'a self,
        ask: &'a Ask<'_>,
        recipe: &'a R,
        limits: Limits,
        request: &'a mut Request<'_>,
    ) -> Boxed<impl Future<Output = Place<R::Ret>>> {
        Box::pin(async move {
            if reentry::is_loading(self.identity(), ask.key) {
                return Place::Alone;
            }
            loop {
                let follow = match self.flights.seat(ask.key) {
                    Seat::Lead(lead) => return self.look(ask, recipe, lead, limits, request).await,
                    Seat::Follow(follow) => follow,
                };
                match limits.wait(follow.outcome(), |limit| self.late(ask, recipe, limit)).await {
                    Ok(Some(outcome)) => return follow_up(recipe, outcome, request),
                    Ok(None) => {}
                    Err(answer) => {
                        request.is(Count::Miss);
                        return Place::Answered(answer);
                    }
                }
            }
        })
    }

    /// Looks into the tiers, for those who follow too.
    async fn look<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        lead: Lead<Outcome>,
        limits: Limits,
        request: &mut Request<'_>,
    ) -> Place<R::Ret> {
        let born = self.stamps.born();
        let found = match limits.wait(self.fetch(ask, born), |limit| self.late(ask, recipe, limit)).await {
            Ok(Ok(found)) => found,
            Ok(Err(error)) => match recipe.trouble(error) {
                Some(ret) => {
                    request.is(Count::Miss);
                    return Place::Answered(Answer::new(ret, Status::loaded(Reason::TierError)));
                }
                None => None,
            },
            Err(answer) => {
                request.is(Count::Miss);
                return Place::Answered(answer);
            }
        };
        if let Some(found) = found
            && let Some(ret) = recipe.give(found.value())
        {
            request.is(found.count());
            let status = found.status();
            lead.tell(Outcome::Value(found.into_value(), status));
            return Place::Answered(Answer::new(ret, status));
        }
        Place::Leading(lead, born)
    }

    /// The answer of a caller that waits no longer.
    pub(super) fn late<R: Recipe>(&self, ask: &Ask<'_>, recipe: &R, limit: Limit) -> Option<Answer<R::Ret>> {
        let ret = recipe.trouble(limit.error(ask))?;
        Some(Answer::new(ret, Status::loaded(Reason::TimedOut)))
    }

    /// Starts the load that this caller leads: on its own, or here.
    async fn start<R: Recipe, B: Body<R::Ret>>(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        call: Call<R, B>,
        (lead, landed): (Lead<Outcome>, Landed),
        limits: Limits,
        request: &mut Request<'_>,
    ) -> Answer<R::Ret> {
        let Call { recipe, body, detach } = call;
        let work = Work { recipe: recipe.clone(), body, lead, landed };
        let launched = match detach {
            Some(launch) => launch(self, ask, work),
            None => Launched::Not(work),
        };
        let work = match launched {
            Launched::Away(reported) => {
                return self.await_report(ask, &recipe, reported, limits, request).await;
            }
            Launched::Full(work) => {
                if let Some((answer, error)) = self.overloaded(ask, &recipe) {
                    request.is(Count::Miss);
                    work.lead.tell(Outcome::Trouble(error));
                    return answer;
                }
                work
            }
            Launched::Not(work) => work,
        };
        self.run_here(ask, work, limits, request).await
    }
}

/// A follower's own copy of the outcome.
fn follow_up<R: Recipe>(recipe: &R, outcome: Outcome, request: &mut Request<'_>) -> Place<R::Ret> {
    let copy = match outcome {
        Outcome::Value(value, status) => recipe.give(value.as_ref()).map(|ret| Answer::new(ret, status)),
        Outcome::Failed(failure) => recipe.share().restore(&failure).map(loaded),
        Outcome::Trouble(error) => recipe.trouble(error).map(loaded),
        Outcome::Unshared => None,
    };
    copy.map_or(Place::Alone, |answer| {
        request.is(Count::Coalesced);
        Place::Answered(answer)
    })
}

fn loaded<R>(ret: R) -> Answer<R> {
    Answer::new(ret, Status::loaded(Reason::Absent))
}

impl<R: Recipe, B> fmt::Debug for Call<R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("detached", &self.detach.is_some()).finish_non_exhaustive()
    }
}
