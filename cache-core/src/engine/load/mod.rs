//! A miss: take a seat, look into the tiers, run the loader, land.
//!
//! Promise: one load per key whoever asks; the body runs at most once per call; only its own error is returned, or
//! the limit that the caller set. Who loads is decided in [`seek`]. How a body is run is in [`run`], what it leaves behind
//! in [`conclude`], the load that goes on by itself in [`detach`].

mod conclude;
pub(super) mod detach;
pub(super) mod errand;
pub(super) mod lease;
pub(super) mod lent;
pub(super) mod limits;
pub(super) mod outcome;
pub(super) mod reentry;
pub(super) mod run;
pub(super) mod seek;

use std::future::Future;
use std::sync::Arc;

use crate::engine::ask::call::{About, Call};
use crate::engine::ask::typed::{Body, Recipe};
use crate::engine::counters::Count;
use crate::engine::counters::request::Request;
use crate::engine::load::detach::Launched;
use crate::engine::load::lease::Permit;
use crate::engine::load::limits::Limits;
use crate::engine::load::outcome::Outcome;
use crate::engine::load::run::{Boxed, Leader, Work};
use crate::engine::load::seek::{Begun, Leading, Step};
use crate::engine::look::found::Answer;
use crate::engine::look::judge::{Judged, judge_fresh};
use crate::engine::renew::stale::Stale;
use crate::engine::write::land::Landed;
use crate::engine::{Ask, Engine, Keyspace, Question};
use crate::entry::Reason;
use crate::flight::{Follow, Lead, Seat};
use crate::stamp::Scope;

impl Engine {
    /// Answers a call that [`seek`] found to need more than to wait for another. In a box, so that those
    /// who only wait do not hold its room.
    pub(crate) fn proceed<'a, R: Recipe, B: Body<R::Ret>>(
        self: &'a Arc<Self>,
        question: &'a Question<&Keyspace>,
        call: Call<R, B>,
        begun: Begun<'a, R::Ret>,
    ) -> Boxed<impl Future<Output = Answer<R::Ret>>> {
        Box::pin(async move {
            let Begun { mut request, limits, mut step } = begun;
            let ask = &question.ask();
            loop {
                step = match step {
                    Step::Answered(answer) => return answer,
                    Step::Ahead(answer, older) => {
                        let _reported = self.refresh_behind(ask, call, older);
                        return answer;
                    }
                    Step::Alone => {
                        let body = (call.recipe, call.body);
                        return self.unshared(ask, body, None, limits, &mut request).await;
                    }
                    Step::Behind(follow, older) => {
                        self.behind(ask, call.about(), (follow, older), limits, &mut request).await
                    }
                    Step::Look(lead, older) => {
                        Box::pin(self.look(ask, call.about(), (lead, older), limits, &mut request)).await
                    }
                    Step::Load(leading) => {
                        return self.start(ask, call, leading, limits, &mut request).await;
                    }
                }
            }
        })
    }

    /// Runs the body now and stores what it returns, whatever is stored. A load of the same key that is under
    /// way is overtaken: its value is not stored any more.
    pub(crate) async fn refresh<R: Recipe, B: Body<R::Ret>>(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        call: Call<R, B>,
    ) -> Answer<R::Ret> {
        let mut request = self.request(ask.space);
        let limits = self.limits(ask);
        let late = |limit| self.late(ask, &call.recipe, None, limit, &mut request);
        match limits.wait(self.lead_over(ask), late).await {
            Ok(leader) => {
                let leading = Leading { leader, landed: Landed::Over(self.stamps.born()), older: None };
                self.start(ask, call, leading, limits, &mut request).await
            }
            Err(answer) => answer,
        }
    }

    /// Leads over the loads of the key that are under way.
    async fn lead_over(&self, ask: &Ask<'_>) -> Leader {
        if !ask.tags.is_none() {
            self.settle().await;
            self.prepare_tags(ask, self.stamps.born()).await;
        }
        self.stamps.bump(Scope::Key(ask.key));
        self.forget_loads(ask.key);
        let lead = match self.seat(ask) {
            Seat::Lead(lead) => lead,
            // Somebody began in this very moment. What they load is overtaken when this lands.
            Seat::Follow(_) => self.flights.alone(ask.key),
        };
        Leader { lead, lease: self.lease_over(ask).await }
    }

    /// Runs the body while the cache is switched off.
    pub(crate) async fn bypass<R>(&self, space: &Keyspace, body: impl Future<Output = R>) -> R {
        self.counters.add(space, Count::Bypassed);
        body.await
    }

    /// Waits for the load of another, as long as this caller wants to, with an older value at hand.
    async fn behind<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        call: About<'_, R>,
        (mut follow, older): (Follow<Outcome>, Option<Stale>),
        limits: Limits,
        request: &mut Request<'_>,
    ) -> Step<R::Ret> {
        let recipe = call.recipe;
        if let Some(answer) = self.at_once(ask, recipe, older.as_ref()) {
            request.answered(&answer, Count::Miss);
            return Step::Answered(answer);
        }
        let late = |limit| self.late(ask, recipe, older.as_ref(), limit, request);
        match limits.wait(follow.outcome(), late).await {
            Ok(Some(outcome)) => {
                let Some(answer) = self.follow(ask, recipe, older.as_ref(), outcome) else {
                    return Step::Alone;
                };
                request.answered(&answer, Count::Coalesced);
                Step::Answered(answer)
            }
            Ok(None) => match self.seat(ask) {
                Seat::Lead(lead) => Step::Look(lead, older),
                Seat::Follow(follow) => Step::Behind(follow, older),
            },
            Err(answer) => Step::Answered(answer),
        }
    }

    /// Looks into the tiers, for those who follow too.
    async fn look<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        call: About<'_, R>,
        (lead, older): (Lead<Outcome>, Option<Stale>),
        limits: Limits,
        request: &mut Request<'_>,
    ) -> Step<R::Ret> {
        let born = self.stamps.born();
        let late = |limit| self.late(ask, call.recipe, older.as_ref(), limit, request);
        let look = match limits.wait(self.look_everywhere(ask, born), late).await {
            Ok(look) => look,
            Err(answer) => return Step::Answered(answer),
        };
        match self.judge_look(ask, call, look, request) {
            Judged::Done(step, outcome) => {
                outcome.into_iter().for_each(|outcome| lead.tell(outcome));
                step
            }
            Judged::Load(found, why) => {
                let older = found.or(older);
                self.ask_leave(ask, call.recipe, (lead, older, why), (born, limits), request).await
            }
        }
    }

    /// Takes the lease for a load and sees to the markers of its tags, or finds that another process has done it meanwhile.
    async fn ask_leave<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        (lead, older, why): (Lead<Outcome>, Option<Stale>, Reason),
        (born, limits): (u64, Limits),
        request: &mut Request<'_>,
    ) -> Step<R::Ret> {
        let late = |limit| self.late(ask, recipe, older.as_ref(), limit, request);
        let leave = async {
            match self.permit(ask, born, older.as_ref()).await {
                Permit::Load(born, lease) => Permit::Load(self.prepare_tags(ask, born).await, lease),
                found @ Permit::Found(_) => found,
            }
        };
        let (born, lease) = match limits.wait(leave, late).await {
            Ok(Permit::Load(born, lease)) => (born, lease),
            Ok(Permit::Found(found)) => match judge_fresh(recipe, found, request) {
                Judged::Done(step, outcome) => {
                    outcome.into_iter().for_each(|outcome| lead.tell(outcome));
                    return step;
                }
                Judged::Load(..) => (born, None),
            },
            Err(answer) => return Step::Answered(answer),
        };
        let landed = if older.is_some() { Landed::Replacing(born, why) } else { Landed::New(born, why) };
        Step::Load(Leading { leader: Leader { lead, lease }, landed, older })
    }

    /// Starts the load that this caller leads: on its own, or here.
    async fn start<R: Recipe, B: Body<R::Ret>>(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        call: Call<R, B>,
        Leading { leader, landed, older }: Leading,
        limits: Limits,
        request: &mut Request<'_>,
    ) -> Answer<R::Ret> {
        let Call { recipe, body, detach } = call;
        let (refresh, started) = (None, None);
        let work =
            Work { recipe: recipe.clone(), body, leader, landed, older: older.clone(), refresh, started };
        let Some(launch) = detach else { return self.run_here(ask, work, limits, request).await };
        let work = match launch(self, ask, work) {
            Launched::Away(reported) | Launched::Back(reported) => {
                return self.await_report(ask, &recipe, (reported, older), limits, request).await;
            }
            Launched::Full(work) => {
                if let Some((answer, outcome)) = self.overloaded(ask, &recipe, older.as_ref()) {
                    request.answered(&answer, Count::Miss);
                    work.leader.lead.tell(outcome);
                    return answer;
                }
                *work
            }
        };
        self.run_here(ask, work, limits, request).await
    }
}
