//! What a batch is asked, what its loader gives, and what it answers.

use crate::engine::ask::typed::Failure;
use crate::engine::counters::Count;
use crate::engine::counters::request::Request;
use crate::engine::load::lease::Lease;
use crate::engine::load::outcome::Outcome;
use crate::engine::{Ask, AskedTags, Keyspace, Values};
use crate::error::Error;
use crate::flight::Lead;
use crate::key::{CacheKey, Tag};
use crate::port::near::Held;
use crate::time::Ttl;

/// One question about many keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    /// Each of them once.
    pub(crate) keys: &'a [CacheKey],
    /// The tags of each; of one that has no place here, none.
    pub(crate) tags: &'a [Vec<Tag>],
    pub(crate) space: &'a Keyspace,
    pub(crate) values: &'static dyn Values,
    pub(crate) ttl: Ttl,
    /// How many keys one loader call gets at most; not 0.
    pub(crate) max_batch: usize,
    /// The caller's result can carry an error of the cache.
    pub(crate) strict: bool,
    /// Whether a failure of another caller's load can be this caller's.
    pub(crate) understands: fn(&Failure) -> bool,
}

/// What a loader gave for one key.
#[derive(Debug)]
pub(crate) enum Given {
    /// A value.
    Value(Held),
    /// It says that there is none.
    Absent,
    /// It failed.
    Failed(Failure),
    /// It took too long, and was given up.
    Late(Error),
}

/// The answer for one key: a value, its absence, or why there is neither.
pub(crate) type OfKey = Result<Option<Held>, Trouble>;

/// Why a key has no answer.
#[derive(Debug, Clone)]
pub(crate) enum Trouble {
    /// The loader failed.
    Loader(Failure),
    /// The cache could not be asked, and the manager fails closed; or the key holds another type.
    Cache(Error),
}

/// One key of a batch, and its place in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Slot<'a> {
    pub(super) at: usize,
    pub(super) ask: Ask<'a>,
}

/// A key that this batch loads. Without a lead nobody waits for it, and it is not stored.
#[derive(Debug)]
pub(super) struct Led<'a> {
    pub(super) slot: Slot<'a>,
    pub(super) lead: Option<Lead<Outcome>>,
    pub(super) lease: Option<Lease>,
}

/// The answers, by place. Dropped before all are there, the others were abandoned.
#[derive(Debug)]
pub(super) struct Answers<'a>(Vec<Place<'a>>);

#[derive(Debug, Default)]
struct Place<'a> {
    answer: Option<OfKey>,
    /// The request that this key is, unless it has been counted.
    request: Option<Request<'a>>,
}

impl<'a> Answers<'a> {
    pub(super) fn none_of(batch: &Batch<'_>) -> Self {
        Self(batch.keys.iter().map(|_| Place::default()).collect())
    }

    /// A key is not answered at once.
    pub(super) fn begin(&mut self, slot: &Slot<'_>, request: Request<'a>) {
        if let Some(place) = self.0.get_mut(slot.at) {
            place.request = Some(request);
        }
    }

    /// Answers a key that was counted.
    pub(super) fn put(&mut self, slot: &Slot<'_>, answer: OfKey) {
        if let Some(place) = self.0.get_mut(slot.at) {
            place.answer = Some(answer);
        }
    }

    /// Answers a key, in this way.
    pub(super) fn set(&mut self, slot: &Slot<'_>, kind: Count, answer: OfKey) {
        if let Some(place) = self.0.get_mut(slot.at) {
            place.set(kind, answer);
        }
    }

    /// The caller waits no longer: what has no answer gets this.
    pub(super) fn late(&mut self, error: &Error) {
        let unanswered = self.0.iter_mut().filter(|place| place.answer.is_none());
        unanswered.for_each(|place| place.set(Count::Miss, Err(Trouble::Cache(error.clone()))));
    }

    pub(super) fn into_vec(self) -> Vec<OfKey> {
        self.0.into_iter().map(|place| place.answer.unwrap_or(Ok(None))).collect()
    }
}

impl Place<'_> {
    fn set(&mut self, kind: Count, answer: OfKey) {
        if let Some(mut request) = self.request.take() {
            request.is(kind);
        }
        self.answer = Some(answer);
    }
}

impl<'a> Batch<'a> {
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot<'a>> {
        let Batch { keys, tags, space, values, ttl, strict, .. } = *self;
        let ask = move |key, tags| Ask { strict, tags, ..Ask::direct(key, space, values, ttl) };
        keys.iter().enumerate().map(move |(at, key)| {
            let named = tags.get(at).map_or(&[][..], Vec::as_slice);
            Slot { at, ask: ask(key, AskedTags::of(named, false)) }
        })
    }
}

impl Batch<'_> {
    /// What another caller's outcome means to this batch.
    pub(super) fn understand(&self, slot: &Slot<'_>, outcome: &Outcome) -> Option<OfKey> {
        match outcome {
            Outcome::Value(Some(held)) => slot.ask.values.accept(held).then(|| Ok(Some(held.clone()))),
            Outcome::Value(None) => Some(Ok(None)),
            Outcome::Failed(failure) => {
                (self.understands)(failure).then(|| Err(Trouble::Loader(failure.clone())))
            }
            Outcome::Trouble(error) => Some(Err(Trouble::Cache(error.clone()))),
            // A batch serves no stale values.
            Outcome::Rescued(_) | Outcome::Unshared => None,
        }
    }
}

impl Given {
    pub(super) fn is_failure(&self) -> bool {
        matches!(self, Self::Failed(_) | Self::Late(_))
    }

    pub(super) fn as_outcome(&self) -> Outcome {
        match self {
            Self::Value(held) => Outcome::Value(Some(held.clone())),
            Self::Absent => Outcome::Value(None),
            Self::Failed(failure) => Outcome::Failed(failure.clone()),
            Self::Late(error) => Outcome::Trouble(error.clone()),
        }
    }

    pub(super) fn into_answer(self) -> OfKey {
        match self {
            Self::Value(held) => Ok(Some(held)),
            Self::Absent => Ok(None),
            Self::Failed(failure) => Err(Trouble::Loader(failure)),
            Self::Late(error) => Err(Trouble::Cache(error)),
        }
    }
}

impl<'a> Led<'a> {
    /// Nobody waits for it, and it is not stored.
    pub(super) fn alone(slot: Slot<'a>) -> Self {
        Self { slot, lead: None, lease: None }
    }

    /// Others may wait for it.
    pub(super) fn first(slot: Slot<'a>, lead: Lead<Outcome>) -> Self {
        Self { slot, lead: Some(lead), lease: None }
    }

    pub(super) fn tell(&self, outcome: Outcome) {
        if let Some(lead) = &self.lead {
            lead.tell(outcome);
        }
    }
}
