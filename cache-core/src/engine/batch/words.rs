//! What a batch is asked, what its loader gives, and what it answers.

use super::super::load::Outcome;
use super::super::typed::Failure;
use super::super::{Ask, Keyspace, Values};
use crate::error::Error;
use crate::flight::Lead;
use crate::key::CacheKey;
use crate::port::near::Held;
use crate::time::Ttl;

/// One question about many keys.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Batch<'a> {
    /// Each of them once.
    pub(crate) keys: &'a [CacheKey],
    pub(crate) space: &'a Keyspace,
    pub(crate) values: &'static dyn Values,
    pub(crate) ttl: Ttl,
    /// How many keys one loader call gets at most; not 0.
    pub(crate) max_batch: usize,
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
}

/// The answer for one key: a value, its absence, or why there is neither.
pub(crate) type Answer = Result<Option<Held>, Trouble>;

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
}

/// The answers, by place.
#[derive(Debug)]
pub(super) struct Answers(Vec<Option<Answer>>);

impl Answers {
    pub(super) fn none_of(batch: &Batch<'_>) -> Self {
        Self(batch.keys.iter().map(|_| None).collect())
    }

    pub(super) fn set(&mut self, slot: &Slot<'_>, answer: Answer) {
        if let Some(place) = self.0.get_mut(slot.at) {
            *place = Some(answer);
        }
    }

    pub(super) fn into_vec(self) -> Vec<Answer> {
        self.0.into_iter().map(|answer| answer.unwrap_or(Ok(None))).collect()
    }
}

impl<'a> Batch<'a> {
    pub(super) fn slots(&self) -> impl Iterator<Item = Slot<'a>> {
        let Batch { keys, space, values, ttl, .. } = *self;
        keys.iter().enumerate().map(move |(at, key)| Slot { at, ask: Ask::direct(key, space, values, ttl) })
    }
}

impl Batch<'_> {
    /// What another caller's outcome means to this batch.
    pub(super) fn understand(&self, slot: &Slot<'_>, outcome: Outcome) -> Option<Answer> {
        match outcome {
            Outcome::Value(Some(held)) => slot.ask.values.accept(&held).then_some(Ok(Some(held))),
            Outcome::Value(None) => Some(Ok(None)),
            Outcome::Failed(failure) => (self.understands)(&failure).then_some(Err(Trouble::Loader(failure))),
            Outcome::Unshared => None,
        }
    }
}

impl Given {
    pub(super) fn as_outcome(&self) -> Outcome {
        match self {
            Self::Value(held) => Outcome::Value(Some(held.clone())),
            Self::Absent => Outcome::Value(None),
            Self::Failed(failure) => Outcome::Failed(failure.clone()),
        }
    }

    pub(super) fn into_answer(self) -> Answer {
        match self {
            Self::Value(held) => Ok(Some(held)),
            Self::Absent => Ok(None),
            Self::Failed(failure) => Err(Trouble::Loader(failure)),
        }
    }
}

impl Led<'_> {
    pub(super) fn tell(&self, outcome: Outcome) {
        if let Some(lead) = &self.lead {
            lead.tell(outcome);
        }
    }
}
