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
use super::fetch::Look;
use super::found::{Answer, Found};
use super::land::Landed;
use super::lease::Permit;
use super::limits::Limits;
use super::outcome::Outcome;
use super::request::Request;
use super::run::{Boxed, Leader, Work};
use super::stale::Stale;
use super::typed::{Body, Loaded, Older, Recipe};
use super::{Ask, Engine, Keyspace, reentry};
use crate::entry::{Reason, Status};
use crate::error::Result;
use crate::flight::{Lead, Seat};
use crate::policy::{SingleFlight, Use};
use crate::stamp::Scope;

/// A call: what is loaded, and what is done with it.
pub(crate) struct Call<R: Recipe, B> {
    pub(super) recipe: R,
    pub(super) body: B,
    /// How the body is started on its own, when it owns what it needs.
    pub(super) detach: Option<Launch<R, B>>,
}

impl<R: Recipe, B> Call<R, B> {
    /// Runs the body, and nothing else.
    pub(crate) async fn run(self) -> R::Ret
    where
        B: Body<R::Ret>,
    {
        Into::<Loaded<R::Ret>>::into(self.body.begin(Older::default()).await).ret
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

/// Where a caller found itself.
enum Place<R> {
    Answered(Answer<R>),
    /// Answered with a value that a load is to replace meanwhile.
    Ahead(Answer<R>, Stale),
    Alone,
    Leading(Leading),
}

/// What a leader has when it begins to load.
struct Leading {
    leader: Leader,
    landed: Landed,
    older: Option<Stale>,
}

impl Engine {
    /// Answers a call after its near probe missed.
    pub(crate) async fn load<R: Recipe, B: Body<R::Ret>>(
        self: &Arc<Self>,
        ask: &Ask<'_>,
        call: Call<R, B>,
    ) -> Answer<R::Ret> {
        let mut request = self.request(ask.space);
        let limits = self.limits(ask);
        match self.place(ask, (&call.recipe, call.detach.is_some()), limits, &mut request).await {
            Place::Answered(answer) => answer,
            Place::Ahead(answer, older) => {
                self.refresh_behind(ask, call, older);
                answer
            }
            Place::Alone => self.alone(ask, (call.recipe, call.body), limits, &mut request).await,
            Place::Leading(leading) => self.start(ask, call, leading, limits, &mut request).await,
        }
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
        self.stamps.bump(Scope::Key(ask.key));
        self.forget_loads(ask.key);
        match self.seat(ask) {
            Seat::Lead(lead) => {
                let late = |limit| self.late(ask, &call.recipe, None, limit);
                let lease = match limits.wait(self.lease_over(ask), late).await {
                    Ok(lease) => lease,
                    Err(answer) => {
                        request.answered(&answer, Count::Miss);
                        return answer;
                    }
                };
                let leader = Leader { lead, lease };
                let leading = Leading { leader, landed: Landed::Over(self.stamps.born()), older: None };
                self.start(ask, call, leading, limits, &mut request).await
            }
            Seat::Follow(_) => self.alone(ask, (call.recipe, call.body), limits, &mut request).await,
        }
    }

    /// Runs the body while the cache is switched off.
    pub(crate) async fn bypass<R>(&self, space: &Keyspace, body: impl Future<Output = R>) -> R {
        self.counters.add(space, Count::Bypassed);
        body.await
    }

    /// Looks near, then takes a seat; a follower waits here, as often as leaders give up. A leader looks into the
    /// tiers.
    fn place<'a, R: Recipe>(
        &'a self,
        ask: &'a Ask<'_>,
        (recipe, detached): (&'a R, bool),
        limits: Limits,
        request: &'a mut Request<'_>,
    ) -> Boxed<impl Future<Output = Place<R::Ret>>> {
        Box::pin(async move {
            if reentry::is_loading(self.identity(), ask.key) {
                return Place::Alone;
            }
            let older = match self.judge_look(ask, (recipe, detached), self.look_near(ask), request) {
                Judged::Done(place, _) => return place,
                Judged::Load(older) => older,
            };
            loop {
                let follow = match self.seat(ask) {
                    Seat::Lead(lead) => {
                        // Boxed, so that those who wait for this leader do not hold the room that it needs.
                        return Box::pin(self.look(ask, (recipe, detached), (lead, older), limits, request))
                            .await;
                    }
                    Seat::Follow(follow) => follow,
                };
                if let Some(answer) = self.at_once(ask, recipe, older.as_ref()) {
                    request.answered(&answer, Count::Miss);
                    return Place::Answered(answer);
                }
                let late = |limit| self.late(ask, recipe, older.as_ref(), limit);
                match limits.wait(follow.outcome(), late).await {
                    Ok(Some(outcome)) => {
                        let Some(answer) = self.follow(ask, recipe, older.as_ref(), outcome) else {
                            return Place::Alone;
                        };
                        request.answered(&answer, Count::Coalesced);
                        return Place::Answered(answer);
                    }
                    Ok(None) => {}
                    Err(answer) => {
                        request.answered(&answer, Count::Miss);
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
        (recipe, detached): (&R, bool),
        (lead, older): (Lead<Outcome>, Option<Stale>),
        limits: Limits,
        request: &mut Request<'_>,
    ) -> Place<R::Ret> {
        let born = self.stamps.born();
        let late = |limit| self.late(ask, recipe, older.as_ref(), limit);
        let look = match limits.wait(self.look_everywhere(ask, born), late).await {
            Ok(look) => look,
            Err(answer) => {
                request.answered(&answer, Count::Miss);
                return Place::Answered(answer);
            }
        };
        match self.judge_look(ask, (recipe, detached), look, request) {
            Judged::Done(place, outcome) => {
                outcome.into_iter().for_each(|outcome| lead.tell(outcome));
                place
            }
            Judged::Load(found) => {
                let older = found.or(older);
                self.enter(ask, recipe, (lead, older), (born, limits), request).await
            }
        }
    }

    /// Takes the lease for a load, or finds that another process has done it meanwhile.
    async fn enter<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        (lead, older): (Lead<Outcome>, Option<Stale>),
        (born, limits): (u64, Limits),
        request: &mut Request<'_>,
    ) -> Place<R::Ret> {
        let late = |limit| self.late(ask, recipe, older.as_ref(), limit);
        let (born, lease) = match limits.wait(self.permit(ask, born, older.as_ref()), late).await {
            Ok(Permit::Load(born, lease)) => (born, lease),
            Ok(Permit::Found(found)) => match self.judge_fresh(recipe, found, request) {
                Judged::Done(place, outcome) => {
                    outcome.into_iter().for_each(|outcome| lead.tell(outcome));
                    return place;
                }
                Judged::Load(_) => (born, None),
            },
            Err(answer) => {
                request.answered(&answer, Count::Miss);
                return Place::Answered(answer);
            }
        };
        let landed = if older.is_some() { Landed::Replacing(born) } else { Landed::New(born) };
        Place::Leading(Leading { leader: Leader { lead, lease }, landed, older })
    }

    /// A seat in the flight of a key: a new one where loads are not shared.
    pub(super) fn seat(&self, ask: &Ask<'_>) -> Seat<Outcome> {
        match self.single_flight(ask) {
            SingleFlight::Off => Seat::Lead(self.flights.alone(ask.key)),
            _ => self.flights.seat(ask.key),
        }
    }

    /// What is done with what a look found.
    fn judge_look<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        (recipe, detached): (&R, bool),
        look: Result<Look>,
        request: &mut Request<'_>,
    ) -> Judged<R::Ret> {
        let older = match look {
            Ok(Look::Fresh(found)) => return self.judge_fresh(recipe, found, request),
            Ok(Look::Due(older) | Look::Stale(older)) => older,
            Ok(Look::Nothing) => return Judged::Load(None),
            Err(error) => {
                let Some(ret) = recipe.trouble(error) else { return Judged::Load(None) };
                request.is(Count::Miss);
                let answer = Answer::new(ret, Status::loaded(Reason::TierError));
                return Judged::Done(Place::Answered(answer), None);
            }
        };
        let backs_off = self.backs_off(ask.key).is_some();
        let answer = match self.good_for(ask, &older) {
            Use::Nothing => return Judged::Load(None),
            _ if backs_off => self.rescue(ask, recipe, Some(&older), Reason::BacksOff),
            Use::WhileRevalidate if detached => self.at_once(ask, recipe, Some(&older)),
            Use::WhileRevalidate | Use::IfError => None,
        };
        let Some(answer) = answer else { return Judged::Load(Some(older)) };
        request.answered(&answer, Count::Miss);
        let outcome = Some(Outcome::Rescued(older.clone()));
        self.rearm(ask, &older);
        Judged::Done(if backs_off { Place::Answered(answer) } else { Place::Ahead(answer, older) }, outcome)
    }

    fn judge_fresh<R: Recipe>(&self, recipe: &R, found: Found, request: &mut Request<'_>) -> Judged<R::Ret> {
        let Some(ret) = recipe.give(found.value()) else { return Judged::Load(None) };
        request.is(found.count());
        let answer = Answer::new(ret, found.status());
        Judged::Done(Place::Answered(answer), Some(Outcome::Value(found.into_value())))
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
        let work = Work { recipe: recipe.clone(), body, leader, landed, older: older.clone(), refresh: None };
        let launched = match detach {
            Some(launch) => launch(self, ask, work),
            None => Launched::Not(work),
        };
        let work = match launched {
            Launched::Away(reported) => {
                return self.await_report(ask, &recipe, (reported, older), limits, request).await;
            }
            Launched::Full(work) => {
                if let Some((answer, outcome)) = self.overloaded(ask, &recipe, older.as_ref()) {
                    request.answered(&answer, Count::Miss);
                    work.leader.lead.tell(outcome);
                    return answer;
                }
                work
            }
            Launched::Not(work) => work,
        };
        self.run_here(ask, work, limits, request).await
    }
}

/// What comes of a look.
enum Judged<R> {
    /// An answer, and what followers are told.
    Done(Place<R>, Option<Outcome>),
    /// A load, and the older value that may answer in need.
    Load(Option<Stale>),
}

impl<R: Recipe, B> fmt::Debug for Call<R, B> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call").field("detached", &self.detach.is_some()).finish_non_exhaustive()
    }
}
