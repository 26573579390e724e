//! What a leader tells its followers, and what they make of it; the answers of those who wait no longer.

use crate::engine::ask::typed::{Failure, Recipe, Share};
use crate::engine::counters::Count;
use crate::engine::counters::request::Request;
use crate::engine::load::limits::Limit;
use crate::engine::look::found::{Answer, NEAR};
use crate::engine::renew::stale::Stale;
use crate::engine::{Ask, Engine};
use crate::entry::{Reason, Status};
use crate::error::Error;
use crate::port::near::Held;

/// What a leader tells its followers.
#[derive(Clone)]
pub(in crate::engine) enum Outcome {
    /// A value, or absence.
    Value(Option<Held>),
    /// The loader failed, and everybody gets its error.
    Failed(Failure),
    /// The loader failed, and its error cannot be shared: everybody runs the loader.
    Unshared,
    /// The load was given up, or not begun.
    Trouble(Error),
    /// There is no new value, and an expired one may answer.
    Rescued(Stale),
}

impl Engine {
    /// A follower's own copy of the outcome; `None`: it has to run its own body.
    pub(in crate::engine) fn follow<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        older: Option<&Stale>,
        outcome: &Outcome,
    ) -> Option<Answer<R::Ret>> {
        match outcome {
            Outcome::Value(value) => recipe.give(value.as_ref()).map(|ret| shared(ret, Reason::Absent)),
            Outcome::Failed(failure) => {
                let ret = recipe.share().restore(failure)?;
                let older = older.filter(|_| recipe.stale_will_do(&ret));
                let rescued = self.rescue(ask, recipe, older, Reason::LoadFailed);
                Some(rescued.unwrap_or_else(|| shared(ret, Reason::LoadFailed)))
            }
            Outcome::Trouble(error) => {
                let rescued = self.rescue(ask, recipe, older, Reason::TimedOut);
                rescued.or_else(|| recipe.trouble(error.clone()).map(|ret| shared(ret, Reason::TimedOut)))
            }
            Outcome::Rescued(stale) => self.rescue(ask, recipe, Some(stale), Reason::LoadFailed),
            Outcome::Unshared => None,
        }
    }

    /// The answer of a caller that waits no longer. It is counted: nothing comes after it.
    pub(super) fn late<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        older: Option<&Stale>,
        limit: Limit,
        request: &mut Request<'_>,
    ) -> Option<Answer<R::Ret>> {
        let answer = if limit.is_soft() {
            self.rescue(ask, recipe, older, Reason::TimedOut)
        } else {
            self.give_up(ask, recipe, older, &limit).map(|(answer, _)| answer)
        };
        answer.inspect(|answer| request.answered(answer, Count::Miss))
    }

    /// The answer of a load that is given up, and what its followers are told.
    pub(super) fn give_up<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        older: Option<&Stale>,
        limit: &Limit,
    ) -> Option<(Answer<R::Ret>, Outcome)> {
        self.instead(ask, recipe, older, (limit.error(ask), Reason::TimedOut))
    }

    /// An expired value instead of trouble, or the result that carries it.
    pub(super) fn instead<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        older: Option<&Stale>,
        (error, why): (Error, Reason),
    ) -> Option<(Answer<R::Ret>, Outcome)> {
        if let Some(stale) = older
            && let Some(answer) = self.rescue(ask, recipe, older, why)
        {
            return Some((answer, Outcome::Rescued(stale.clone())));
        }
        let ret = recipe.trouble(error.clone())?;
        Some((Answer::new(ret, Status::loaded(why)), Outcome::Trouble(error)))
    }
}

fn shared<R>(ret: R, why: Reason) -> Answer<R> {
    Answer::new(ret, Status::loaded(why))
}

impl Request<'_> {
    /// It has this answer: a stale one, or what it is otherwise.
    pub(in crate::engine) fn answered<R>(&mut self, answer: &Answer<R>, otherwise: Count) {
        let Status { tier, reason, .. } = answer.status;
        self.is(match reason {
            _ if answer.status.is_stale() => Count::Stale,
            None if tier == NEAR => Count::NearHit,
            _ => otherwise,
        });
    }
}
