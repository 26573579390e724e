//! What is done with what a look found.

use crate::engine::ask::call::About;
use crate::engine::ask::typed::Recipe;
use crate::engine::counters::Count;
use crate::engine::counters::request::Request;
use crate::engine::load::outcome::Outcome;
use crate::engine::load::seek::Step;
use crate::engine::look::found::{Answer, Found, Look};
use crate::engine::renew::stale::Stale;
use crate::engine::{Ask, Engine};
use crate::entry::{Reason, Status};
use crate::error::Result;
use crate::policy::Use;

/// What comes of a look.
pub(in crate::engine) enum Judged<R> {
    /// An answer, and what followers are told.
    Done(Step<R>, Option<Outcome>),
    /// A load, the older value that may answer in need, and why none answered.
    Load(Option<Stale>, Reason),
}

impl Engine {
    /// An answer, or the need to load.
    pub(in crate::engine) fn judge_look<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        call: About<'_, R>,
        look: Result<Look>,
        request: &mut Request<'_>,
    ) -> Judged<R::Ret> {
        let why = look.as_ref().map_or(Reason::TierError, Look::why);
        match look {
            Ok(Look::Fresh(found)) => judge_fresh(call.recipe, found, request),
            Ok(Look::Due(older) | Look::Stale(older)) => self.judge_older(ask, call, (older, why), request),
            Ok(Look::Nothing(_)) => Judged::Load(None, why),
            Err(error) => {
                let Some(ret) = call.recipe.trouble(error) else { return Judged::Load(None, why) };
                request.is(Count::Miss);
                let answer = Answer::new(ret, Status::loaded(why));
                Judged::Done(Step::Answered(answer), None)
            }
        }
    }

    fn judge_older<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        About { recipe, detached }: About<'_, R>,
        (older, why): (Stale, Reason),
        request: &mut Request<'_>,
    ) -> Judged<R::Ret> {
        let backs_off = self.backs_off(ask.key).is_some();
        let answer = match self.good_for(ask, &older) {
            Use::Nothing => return Judged::Load(None, why),
            _ if backs_off => self.rescue(ask, recipe, Some(&older), Reason::BacksOff),
            Use::WhileRevalidate if detached => self.at_once(ask, recipe, Some(&older)),
            Use::WhileRevalidate | Use::IfError => None,
        };
        let Some(answer) = answer else { return Judged::Load(Some(older), why) };
        request.answered(&answer, Count::Miss);
        let outcome = Some(Outcome::Rescued(older.clone()));
        self.rearm(ask, &older);
        Judged::Done(if backs_off { Step::Answered(answer) } else { Step::Ahead(answer, older) }, outcome)
    }
}

/// An answer, unless it is no value of this caller.
pub(in crate::engine) fn judge_fresh<R: Recipe>(
    recipe: &R,
    found: Found,
    request: &mut Request<'_>,
) -> Judged<R::Ret> {
    let Some(ret) = recipe.give(found.value()) else {
        return Judged::Load(None, Reason::Undecodable);
    };
    request.is(found.count());
    let answer = Answer::new(ret, found.status());
    Judged::Done(Step::Answered(answer), Some(Outcome::Value(found.into_value())))
}
