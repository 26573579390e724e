//! The first steps of a miss, for everybody: who loads, and who waits for it.
//!
//! Promise: those who wait for the load of another hold next to nothing: no future on the heap, no deadline that was not
//! set, a place in one list. Invariant: whatever needs more (a limit, an older value, leading) is told apart before
//! anything is awaited, and goes on in [`load`](crate::engine::load), in a box of its own.

use std::fmt;

use crate::engine::ask::call::About;
use crate::engine::ask::typed::Recipe;
use crate::engine::counters::Count;
use crate::engine::counters::request::Request;
use crate::engine::load::limits::Limits;
use crate::engine::load::outcome::Outcome;
use crate::engine::load::reentry;
use crate::engine::load::run::Leader;
use crate::engine::look::found::Answer;
use crate::engine::look::judge::Judged;
use crate::engine::renew::stale::Stale;
use crate::engine::write::land::Landed;
use crate::engine::{Ask, Engine, Keyspace, Question};
use crate::flight::{Follow, Lead, Seat};
use crate::policy::SingleFlight;

/// A call that needs more than to wait for another.
pub(crate) struct Begun<'a, R> {
    pub(super) request: Request<'a>,
    pub(super) limits: Limits,
    pub(super) step: Step<R>,
}

/// What a caller does next.
pub(in crate::engine) enum Step<R> {
    /// It has its answer.
    Answered(Answer<R>),
    /// It has its answer, a value that a load is to replace meanwhile.
    Ahead(Answer<R>, Stale),
    /// It runs its body unshared.
    Alone,
    /// It waits for the load of another, with an older value or a limit.
    Behind(Follow<Outcome>, Option<Stale>),
    /// It leads, and looks into the tiers.
    Look(Lead<Outcome>, Option<Stale>),
    /// It leads, and loads.
    Load(Leading),
}

/// A caller that does not merely follow: its limits, and what it does next.
type Elsewhere<R> = (Limits, Step<R>);

/// What a leader has when it begins to load.
pub(in crate::engine) struct Leading {
    pub(super) leader: Leader,
    pub(super) landed: Landed,
    pub(super) older: Option<Stale>,
}

impl Engine {
    /// Waits for the load of another caller, when there is one; else says what is to be done.
    pub(crate) async fn seek<'a, 's: 'a, R: Recipe>(
        &'a self,
        question: &mut Question<&'s Keyspace>,
        call: About<'_, R>,
    ) -> Result<Answer<R::Ret>, Begun<'a, R::Ret>> {
        let mut request = self.request(question.space());
        loop {
            let mut follow = match self.enter(&question.ask(), call, &mut request) {
                Ok(follow) => follow,
                Err((_, Step::Answered(answer))) => return Ok(answer),
                Err((limits, step)) => return Err(Begun { request, limits, step }),
            };
            question.key = follow.key().clone();
            if let Some(outcome) = follow.outcome().await {
                let Some(answer) = self.follow(&question.ask(), call.recipe, None, outcome) else {
                    return Err(Begun { request, limits: Limits::default(), step: Step::Alone });
                };
                request.answered(&answer, Count::Coalesced);
                return Ok(answer);
            }
        }
    }

    /// Looks near, then takes a seat. A seat behind another comes back alone where nothing else has to be kept.
    #[expect(clippy::result_large_err, reason = "moved once, and never kept while waiting")]
    fn enter<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        call: About<'_, R>,
        request: &mut Request<'_>,
    ) -> Result<Follow<Outcome>, Elsewhere<R::Ret>> {
        let limits = self.limits(ask);
        if reentry::is_loading(self.identity(), ask.key) {
            return Err((limits, Step::Alone));
        }
        let older = match self.judge_look(ask, call, self.look_near(ask), request) {
            Judged::Done(step, _) => return Err((limits, step)),
            Judged::Load(older, _) => older,
        };
        match self.seat(ask) {
            Seat::Follow(follow) if older.is_none() && !limits.exist() => Ok(follow),
            Seat::Follow(follow) => Err((limits, Step::Behind(follow, older))),
            Seat::Lead(lead) => Err((limits, Step::Look(lead, older))),
        }
    }
}

impl Engine {
    /// A seat in the flight of a key: a new one where loads are not shared.
    pub(in crate::engine) fn seat(&self, ask: &Ask<'_>) -> Seat<Outcome> {
        match self.single_flight(ask) {
            SingleFlight::Off => Seat::Lead(self.flights.alone(ask.key)),
            _ => self.flights.seat_of(ask.key, ask.tags.label()),
        }
    }
}

impl<R> fmt::Debug for Begun<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Begun").field("request", &self.request).finish_non_exhaustive()
    }
}
