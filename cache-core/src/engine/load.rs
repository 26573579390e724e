//! A miss: take a seat, look into the tiers, run the loader, land.
//!
//! Promise: one load per key whoever asks; the body runs at most once per call; only its own error is returned.

use std::future::Future;

use super::counters::Count;
use super::fetch::count_of;
use super::land::Landed;
use super::typed::{Failure, Hold, Recipe, Shape, Share, Split, Verdict};
use super::{Ask, Engine, Keyspace, reentry};
use crate::entry::Reason;
use crate::flight::{Lead, Seat};
use crate::port::near::Held;
use crate::stamp::Scope;

/// What a leader tells its followers.
#[derive(Clone)]
pub(super) enum Outcome {
    /// A value, or absence.
    Value(Option<Held>),
    /// The loader failed, and everybody gets its error.
    Failed(Failure),
    /// The loader failed, and its error cannot be shared: everybody runs the loader.
    Unshared,
}

/// Where a caller found itself.
pub(super) enum Place<R> {
    Answered(R),
    Alone,
    Leading(Lead<Outcome>),
}

impl Engine {
    /// Answers a call after its near probe missed.
    pub(crate) async fn load<S: Shape, H: Hold<S::Val>>(
        &self,
        ask: &Ask<'_>,
        recipe: Recipe<S, H, impl Share<S::Ret>, impl FnOnce(&S::Val) -> Verdict>,
        body: impl Future<Output = S::Ret>,
    ) -> S::Ret {
        let lead = match self.place(ask, &recipe).await {
            Place::Answered(ret) => return ret,
            Place::Alone => return self.run(ask.space, body).await,
            Place::Leading(lead) => lead,
        };
        let born = self.stamps.born();
        match self.fetch(ask, born).await {
            Ok(Some(found)) => {
                if let Some(ret) = give(&recipe, found.value()) {
                    self.counters.add(ask.space, count_of(Some(&found)));
                    lead.tell(Outcome::Value(found.into_value()));
                    return ret;
                }
            }
            Ok(None) => {}
            Err(error) => {
                if let Some(ret) = (recipe.on_trouble)(error) {
                    self.counters.add(ask.space, Count::Miss);
                    return ret;
                }
            }
        }
        self.counters.add(ask.space, Count::Miss);
        self.lead(ask, recipe, lead, Landed::New(born), body).await
    }

    /// Runs the body now and stores what it returns, whatever is stored. A load of the same key that is under
    /// way is overtaken: its value is not stored any more.
    pub(crate) async fn refresh<S: Shape, H: Hold<S::Val>>(
        &self,
        ask: &Ask<'_>,
        recipe: Recipe<S, H, impl Share<S::Ret>, impl FnOnce(&S::Val) -> Verdict>,
        body: impl Future<Output = S::Ret>,
    ) -> S::Ret {
        self.stamps.bump(Scope::Key(ask.key));
        self.forget_loads(ask.key);
        self.counters.add(ask.space, Count::Miss);
        match self.flights.seat(ask.key) {
            Seat::Lead(lead) => {
                let born = self.stamps.born();
                self.lead(ask, recipe, lead, Landed::Over(born), body).await
            }
            Seat::Follow(_) => self.run(ask.space, body).await,
        }
    }

    /// Runs the body while the cache is switched off.
    pub(crate) async fn bypass<R>(&self, space: &Keyspace, body: impl Future<Output = R>) -> R {
        self.counters.add(space, Count::Bypassed);
        body.await
    }

    /// Takes a seat; a follower waits here, as often as leaders give up.
    async fn place<S: Shape, H: Hold<S::Val>, C>(
        &self,
        ask: &Ask<'_>,
        recipe: &Recipe<S, H, impl Share<S::Ret>, C>,
    ) -> Place<S::Ret> {
        if reentry::is_loading(self.identity(), ask.key) {
            self.counters.add(ask.space, Count::Miss);
            return Place::Alone;
        }
        loop {
            let follow = match self.flights.seat(ask.key) {
                Seat::Lead(lead) => return Place::Leading(lead),
                Seat::Follow(follow) => follow,
            };
            if let Some(outcome) = follow.outcome().await {
                return self.follow(ask, recipe, &outcome);
            }
        }
    }

    /// A follower's own copy of the outcome.
    pub(super) fn follow<S: Shape, H: Hold<S::Val>, C>(
        &self,
        ask: &Ask<'_>,
        recipe: &Recipe<S, H, impl Share<S::Ret>, C>,
        outcome: &Outcome,
    ) -> Place<S::Ret> {
        let copy = match outcome {
            Outcome::Value(value) => give(recipe, value.as_ref()),
            Outcome::Failed(failure) => recipe.share.restore(failure),
            Outcome::Unshared => None,
        };
        self.counters.add(ask.space, if copy.is_some() { Count::Coalesced } else { Count::Miss });
        copy.map_or(Place::Alone, Place::Answered)
    }

    /// Runs the body as the leader, tells its outcome, and lands its value.
    async fn lead<S: Shape, H: Hold<S::Val>>(
        &self,
        ask: &Ask<'_>,
        recipe: Recipe<S, H, impl Share<S::Ret>, impl FnOnce(&S::Val) -> Verdict>,
        lead: Lead<Outcome>,
        born: Landed,
        body: impl Future<Output = S::Ret>,
    ) -> S::Ret {
        let body = reentry::loading(self.identity(), ask.key, self.run(ask.space, body));
        match recipe.shape.split(body.await) {
            Split::Value(value) => {
                let held: Held = recipe.hold.hold(&value);
                lead.tell(Outcome::Value(Some(held.clone())));
                match (recipe.judge)(&value) {
                    Verdict::Keep(ttl) => self.land(&ask.living(ttl), born, Some(&held)).await,
                    Verdict::Refuse => {
                        self.not_stored(ask.space, "all", Reason::Refused);
                        self.drop_older(ask, born).await;
                    }
                }
                recipe.shape.of_value(value)
            }
            Split::Absent(ret) => {
                lead.tell(Outcome::Value(None));
                if ask.space.policy.negative_ttl.is_some() {
                    self.land(ask, born, None).await;
                } else {
                    self.drop_older(ask, born).await;
                }
                ret
            }
            Split::Failed(ret) => {
                self.counters.add(ask.space, Count::LoadFailed);
                lead.tell(recipe.share.share(&ret).map_or(Outcome::Unshared, Outcome::Failed));
                ret
            }
        }
    }

    /// Tells this manager from the others of the process.
    pub(super) fn identity(&self) -> usize {
        std::ptr::from_ref(self).addr()
    }

    async fn run<R>(&self, space: &Keyspace, body: impl Future<Output = R>) -> R {
        self.counters.add(space, Count::Load);
        body.await
    }
}

/// The result of a stored value, or of remembered absence.
pub(super) fn give<S: Shape, H: Hold<S::Val>, F, C>(
    recipe: &Recipe<S, H, F, C>,
    value: Option<&Held>,
) -> Option<S::Ret> {
    match value {
        Some(held) => recipe.hold.give(Held::clone(held)).map(|value| recipe.shape.of_value(value)),
        None => recipe.shape.of_absence(),
    }
}
