//! A miss of a synchronous function: the near tier alone, no runtime, no task.
//!
//! Promise: as for [`crate::engine::load`]: one load per key whoever asks, the body runs at most once per call, a leader that
//! panics hands over to a follower. A thread never waits for itself, also not over other threads ([`waits`]).
//! Invariant: nothing is awaited. A landing that would have to wait (a set or an invalidation of a key of the same
//! stripe is passing) is left out.

mod waits;

use crate::engine::ask::typed::{Hold, Recipe, Shape, Share, Split, Verdict};
use crate::engine::counters::Count;
use crate::engine::load::outcome::Outcome;
use crate::engine::look::found::{Answer, Look};
use crate::engine::tags::AskedTags;
use crate::engine::write::land::Landing;
use crate::engine::{Ask, Engine, Keyspace, What};
use crate::entry::{Invalidated, Reason, Status};
use crate::flight::{Lead, Seat};
use crate::policy::SingleFlight;
use crate::port::near::Held;
use crate::stamp::Scope;

/// Where a caller found itself.
enum Place<R> {
    Answered(Answer<R>),
    Alone,
    Leading(Lead<Outcome>),
}

/// When a load began, and whether it replaces what is held.
#[derive(Clone, Copy)]
struct Begun {
    born: u64,
    replaces: bool,
}

impl Engine {
    /// Answers a call after its near probe missed.
    pub(crate) fn load_blocking<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        body: impl FnOnce() -> R::Ret,
    ) -> Answer<R::Ret> {
        let lead = match self.place_blocking(ask, recipe) {
            Place::Answered(answer) => return answer,
            Place::Alone => return loaded(self.run_blocking(ask.space, body), Reason::Absent),
            Place::Leading(lead) => lead,
        };
        let begun = Begun { born: self.stamps.born(), replaces: false };
        // Another leader may have landed between the probe and the seat.
        let look = self.look_near(ask);
        let why = look.as_ref().map_or(Reason::Absent, Look::why);
        if let Ok(Some(found)) = look.map(Look::fresh)
            && let Some(ret) = recipe.give(found.value())
        {
            self.counters.add(ask.space, found.count());
            let status = found.status();
            lead.tell(Outcome::Value(found.into_value()));
            return Answer::new(ret, status);
        }
        self.counters.add(ask.space, Count::Miss);
        loaded(self.lead_blocking(ask, recipe, &lead, begun, body), why)
    }

    /// Runs the body now and stores what it returns, whatever is held.
    pub(crate) fn refresh_blocking<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        body: impl FnOnce() -> R::Ret,
    ) -> R::Ret {
        self.stamps.bump(Scope::Key(ask.key));
        self.forget_loads(ask.key);
        self.counters.add(ask.space, Count::Miss);
        match self.seat_blocking(ask) {
            Seat::Lead(lead) => {
                let begun = Begun { born: self.stamps.born(), replaces: true };
                self.lead_blocking(ask, recipe, &lead, begun, body)
            }
            Seat::Follow(_) => self.run_blocking(ask.space, body),
        }
    }

    /// Runs the body while the cache is switched off.
    pub(crate) fn bypass_blocking<R>(&self, space: &Keyspace, body: impl FnOnce() -> R) -> R {
        self.counters.add(space, Count::Bypassed);
        body()
    }

    /// What the near tier holds.
    pub(crate) fn peek_blocking(&self, ask: &Ask<'_>) -> Option<crate::engine::Found> {
        if !self.is_enabled() {
            self.counters.add(ask.space, Count::Bypassed);
            return None;
        }
        let found = self.near(ask).unwrap_or_default();
        self.counters.add(ask.space, found.as_ref().map_or(Count::Miss, crate::engine::Found::count));
        found
    }

    /// Removes what the near tier holds of an entry that is in no other tier.
    pub(crate) fn invalidate_blocking(&self, what: What<'_>) -> Invalidated {
        if !self.is_enabled() {
            return Invalidated::default();
        }
        Invalidated::removed(self.overtake_here(what))
    }

    fn seat_blocking(&self, ask: &Ask<'_>) -> Seat<Outcome> {
        match self.single_flight(ask) {
            SingleFlight::Off => Seat::Lead(self.blocking_flights.alone(ask.key)),
            _ => self.blocking_flights.seat_of(ask.key, ask.tags.label()),
        }
    }

    /// Takes a seat; a follower waits here, as often as leaders give up.
    fn place_blocking<R: Recipe>(&self, ask: &Ask<'_>, recipe: &R) -> Place<R::Ret> {
        loop {
            let mut follow = match self.seat_blocking(ask) {
                Seat::Lead(lead) => return Place::Leading(lead),
                Seat::Follow(follow) => follow,
            };
            let Some(waiting) = waits::wait(self.identity(), ask.key) else {
                self.counters.add(ask.space, Count::Miss);
                return Place::Alone;
            };
            if let Some(outcome) = waiting.until(follow.outcome()) {
                let copy = self.follow(ask, recipe, None, outcome);
                self.counters.add(ask.space, if copy.is_some() { Count::Coalesced } else { Count::Miss });
                return copy.map_or(Place::Alone, Place::Answered);
            }
        }
    }

    /// Runs the body as the leader, tells its outcome, and lands its value.
    fn lead_blocking<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        lead: &Lead<Outcome>,
        begun: Begun,
        body: impl FnOnce() -> R::Ret,
    ) -> R::Ret {
        let leading = waits::lead(self.identity(), ask.key);
        let ret = self.run_blocking(ask.space, body);
        drop(leading);
        match recipe.shape().split(ret) {
            Split::Value(value) => {
                let held: Held = recipe.hold().hold(&value);
                lead.tell(Outcome::Value(Some(held.clone())));
                match recipe.judge(&value) {
                    Verdict::Keep(ttl) => {
                        let by_value = recipe.tags(&value);
                        let tags = AskedTags { by_value: &by_value, ..ask.tags };
                        self.land_here(&ask.living(ttl).tagged(tags), begun, Some(held));
                    }
                    Verdict::Refuse => {
                        self.not_stored(ask.space, "near", Reason::Refused);
                        self.drop_here(ask, begun);
                    }
                }
                recipe.shape().of_value(value)
            }
            Split::Absent(ret) => {
                lead.tell(Outcome::Value(None));
                if ask.space.policy.negative_ttl.is_some() {
                    self.land_here(ask, begun, None);
                } else {
                    self.drop_here(ask, begun);
                }
                ret
            }
            Split::Failed(ret) => {
                self.counters.add(ask.space, Count::LoadFailed);
                lead.tell(recipe.share().share(&ret).map_or(Outcome::Unshared, Outcome::Failed));
                ret
            }
        }
    }

    /// Stores a loaded value in the near tier, unless it was invalidated meanwhile.
    fn land_here(&self, ask: &Ask<'_>, begun: Begun, value: Option<Held>) {
        if !self.is_enabled() {
            return self.not_stored(ask.space, "near", Reason::Disabled);
        }
        let Some(life) = self.life_of_loaded(ask, value.is_none(), "near") else {
            return self.drop_here(ask, begun);
        };
        let gate = self.gate.try_land(ask.key);
        if gate.is_none() || !self.may_land(ask, begun.born) {
            return self.not_stored(ask.space, "near", Reason::Invalidated);
        }
        self.counters.add(ask.space, Count::Stored);
        let landing = Landing { born: begun.born, life, stored_bytes: 0, only_here: true };
        self.insert_near(ask, value, landing);
    }

    /// What was loaded is not to be stored: a refresh removes what it was to replace.
    fn drop_here(&self, ask: &Ask<'_>, begun: Begun) {
        if begun.replaces {
            self.overtake_here(What::Key(ask.key));
        }
    }

    fn run_blocking<R>(&self, space: &Keyspace, body: impl FnOnce() -> R) -> R {
        self.counters.add(space, Count::Load);
        body()
    }
}

/// What this thread has loaded itself.
fn loaded<R>(ret: R, why: Reason) -> Answer<R> {
    Answer::new(ret, Status::loaded(why))
}
