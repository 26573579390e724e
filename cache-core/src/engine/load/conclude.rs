//! What a load leaves behind: an outcome for those who follow, a value in the tiers.

use crate::engine::ask::typed::{Hold, Loaded, Recipe, Shape, Share, Split, Verdict};
use crate::engine::counters::Count;
use crate::engine::load::outcome::Outcome;
use crate::engine::load::run::{Boxed, Leader, Ran};
use crate::engine::look::found::Answer;
use crate::engine::renew::stale::Stale;
use crate::engine::tags::AskedTags;
use crate::engine::write::land::Landed;
use crate::engine::{Ask, Engine};
use crate::entry::{Reason, Status, Validator};
use crate::flight::Lead;
use crate::key::Tag;
use crate::port::near::Held;
use crate::time::Ttl;

/// What a loader said of what is stored: its life, its tags, its validator.
type Storing = (Ttl, Vec<Tag>, Option<Validator>);

/// What is left to do when the callers have their answer.
pub(super) enum After {
    /// Store a value, or the memory of its absence.
    Store(Landed, Option<Held>, Storing),
    /// Store nothing, and leave nothing older.
    Drop(Landed),
    /// Nothing.
    Nothing,
}

impl Engine {
    /// Tells the followers; what the caller gets, and what is left to do. Without a lead the key has been free for
    /// others meanwhile, and nothing is stored.
    pub(super) fn conclude<R: Recipe>(
        &self,
        ask: &Ask<'_>,
        recipe: &R,
        (lead, landed, older): (Option<&Lead<Outcome>>, Landed, Option<&Stale>),
        ran: Ran<R::Ret>,
    ) -> (Answer<R::Ret>, After) {
        let tell = |outcome| lead.map_or((), |lead| lead.tell(outcome));
        let status = Status::loaded(landed.why());
        let Loaded { ret, ttl, skip, mut tags, validator } = match ran {
            Ran::Loaded(loaded) => loaded,
            Ran::GivenUp(answer, outcome) => {
                self.counters.add(ask.space, Count::LoadFailed);
                self.note_failure(ask.key);
                tell(outcome);
                return (answer, After::Nothing);
            }
        };
        let (ret, after) = match recipe.shape().split(ret) {
            Split::Value(value) => {
                let held: Held = recipe.hold().hold(&value);
                self.note_success(ask.key);
                tell(Outcome::Value(Some(held.clone())));
                let after = match recipe.judge(&value) {
                    Verdict::Keep(of_value) if !skip => {
                        let ttl = if ttl == Ttl::Default { of_value } else { ttl };
                        tags.append(&mut recipe.tags(&value));
                        After::Store(landed, Some(held), (ttl, tags, validator))
                    }
                    _ => {
                        self.not_stored(ask.space, "all", Reason::Refused);
                        After::Drop(landed)
                    }
                };
                (recipe.shape().of_value(value), after)
            }
            Split::Absent(ret) => {
                self.note_success(ask.key);
                tell(Outcome::Value(None));
                let remembered = !skip && ask.space.policy.negative_ttl.is_some();
                let storing = (ttl, tags, None);
                (ret, if remembered { After::Store(landed, None, storing) } else { After::Drop(landed) })
            }
            Split::Failed(ret) => {
                self.counters.add(ask.space, Count::LoadFailed);
                let stale_will_do = recipe.stale_will_do(&ret);
                if stale_will_do {
                    self.note_failure(ask.key);
                    if let Some(stale) = older
                        && let Some(answer) = self.rescue(ask, recipe, older, Reason::LoadFailed)
                    {
                        tell(Outcome::Rescued(stale.clone()));
                        return (answer, After::Nothing);
                    }
                }
                tell(recipe.share().share(&ret).map_or(Outcome::Unshared, Outcome::Failed));
                // An error that must be seen is not to be hidden by what expired before it.
                let seen = !stale_will_do && older.is_some_and(|stale| self.has_expired(stale));
                (ret, if seen { After::Drop(landed) } else { After::Nothing })
            }
        };
        (Answer::new(ret, status), if lead.is_some() { after } else { After::Nothing })
    }

    /// Does what is left to do. The key is its leader's until then.
    pub(super) fn finish<'a>(
        &'a self,
        ask: &'a Ask<'_>,
        after: After,
        leader: Option<Leader>,
    ) -> Boxed<impl Future<Output = ()>> {
        Box::pin(async move {
            match after {
                After::Store(landed, value, (ttl, by_value, validator)) => {
                    let ask = ask
                        .living(ttl)
                        .validated(validator.as_ref())
                        .tagged(AskedTags { by_value: &by_value, ..ask.tags });
                    self.land(&ask, landed, value.as_ref(), leader).await;
                }
                After::Drop(landed) => {
                    let _leads_until_then = leader;
                    self.drop_older(ask, landed).await;
                }
                After::Nothing => {}
            }
        })
    }
}
