//! Many keys in one call: one read of the byte tier, one load of what is missing, one write.
//!
//! Promise: every key is treated as a call of its own would be. Loads are shared per key with other batches and with
//! single calls, an invalidation of one key during the load keeps that key alone from being stored, and a batch that
//! is dropped hands each of its keys over.
//!
//! Invariant: a batch loads what it leads before it waits for what others lead. So of two batches that overlap
//! neither waits for a lead that the other holds idle, and there is no circle. What is said is in [`words`], what is read
//! from the tiers in [`read`], what is stored there in [`write`].

mod read;
mod words;
mod write;

pub(crate) use words::{Batch, Given, OfKey, Trouble};

use std::collections::HashSet;
use std::future::Future;

use super::counters::Count;
use super::outcome::Outcome;
use super::{Ask, Engine, reentry};
use crate::flight::{Follow, Seat};
use crate::key::CacheKey;
use crate::port::near::Held;
use words::{Answers, Led, Slot};

/// The seats of a batch.
#[derive(Debug, Default)]
struct Places<'a> {
    led: Vec<Led<'a>>,
    followed: Vec<(Slot<'a>, Follow<Outcome>)>,
}

/// What is still to be answered: by whoever loads it, or by this batch alone.
#[derive(Debug, Default)]
struct Open<'a> {
    shared: Vec<Slot<'a>>,
    alone: Vec<Led<'a>>,
}

impl Engine {
    /// Answers every key of a batch, in its order: from the tiers, from loads that are under way, and by `load`, which
    /// gets the places of the keys that it is to load and gives for each in their order.
    pub(crate) async fn load_many<Fut>(
        &self,
        batch: &Batch<'_>,
        mut load: impl FnMut(Vec<usize>) -> Fut,
    ) -> Vec<OfKey>
    where
        Fut: Future<Output = Vec<Given>>,
    {
        let mut answers = Answers::none_of(batch);
        let asks = batch.asks().filter(|(at, ask)| !self.answer_hot(*at, ask, &mut answers));
        let shared = asks.map(|(at, ask)| Slot { at, ask, request: self.request() }).collect();
        let mut open = Open { shared, alone: Vec::new() };
        while !(open.shared.is_empty() && open.alone.is_empty()) {
            let places = self.places(&mut open);
            let born = self.stamps.born();
            let mut missing = self.fetch_many(places.led, born, &mut answers).await;
            missing.append(&mut open.alone);
            self.load_chunks(batch, missing, born, &mut load, &mut answers).await;
            open = self.follow_many(batch, places.followed, &mut answers).await;
        }
        answers.into_vec()
    }

    /// Runs the loader for every key while the cache is switched off.
    pub(crate) async fn bypass_many<Fut>(
        &self,
        batch: &Batch<'_>,
        mut load: impl FnMut(Vec<usize>) -> Fut,
    ) -> Vec<OfKey>
    where
        Fut: Future<Output = Vec<Given>>,
    {
        let mut answers = Vec::with_capacity(batch.keys.len());
        let places: Vec<usize> = (0..batch.keys.len()).collect();
        for chunk in places.chunks(batch.max_batch) {
            chunk.iter().for_each(|_| self.counters.add(Count::Bypassed));
            answers.extend(load(chunk.to_vec()).await.into_iter().map(Given::into_answer));
        }
        answers
    }

    /// Whether a fresh near entry answers at once.
    fn answer_hot(&self, at: usize, ask: &Ask<'_>, answers: &mut Answers) -> bool {
        let give = |held: Held| ask.values.accept(&held).then_some(Some(held));
        let hit = self.hot(ask.key.near(), give, || Some(None));
        hit.map(|value| answers.put(at, Ok(value))).is_some()
    }

    /// Takes a seat in the flight of every key that is open. Waits for nothing.
    fn places<'a>(&self, open: &mut Open<'a>) -> Places<'a> {
        let mut places = Places::default();
        for slot in std::mem::take(&mut open.shared) {
            if reentry::is_loading(self.identity(), slot.ask.key) {
                open.alone.push(Led { slot, lead: None });
                continue;
            }
            match self.flights.seat(slot.ask.key) {
                Seat::Lead(lead) => places.led.push(Led { slot, lead: Some(lead) }),
                Seat::Follow(follow) => places.followed.push((slot, follow)),
            }
        }
        places
    }

    /// Loads in chunks, one after the other: what has been loaded is handed out and stored before the next begins.
    async fn load_chunks<Fut>(
        &self,
        batch: &Batch<'_>,
        mut led: Vec<Led<'_>>,
        born: u64,
        load: &mut impl FnMut(Vec<usize>) -> Fut,
        answers: &mut Answers,
    ) where
        Fut: Future<Output = Vec<Given>>,
    {
        while !led.is_empty() {
            let rest = led.split_off(batch.max_batch.min(led.len()));
            let keys: HashSet<CacheKey> = led.iter().map(|led| led.slot.ask.key.clone()).collect();
            self.counters.add(Count::Load);
            let body = load(led.iter().map(|led| led.slot.at).collect());
            let given = reentry::loading_many(self.identity(), keys, body).await;
            let landing = self.tell_many(led, given, answers);
            self.land_many(landing, born).await;
            led = rest;
        }
    }

    /// Tells what a loader gave, key by key. What is to be stored comes back with its lead, which ends when it has
    /// landed.
    fn tell_many<'a>(
        &self,
        led: Vec<Led<'a>>,
        given: Vec<Given>,
        answers: &mut Answers,
    ) -> Vec<(Led<'a>, Option<Held>)> {
        if given.iter().any(|given| matches!(given, Given::Failed(_))) {
            self.counters.add(Count::LoadFailed);
        }
        let mut landing = Vec::with_capacity(led.len());
        let given = given.into_iter().chain(std::iter::repeat_with(|| Given::Absent));
        for (mut led, given) in led.into_iter().zip(given) {
            led.tell(given.as_outcome());
            let answer = given.into_answer();
            answers.set(&mut led.slot, Count::Miss, answer.clone());
            if let (Ok(value), Some(_)) = (answer, &led.lead)
                && (value.is_some() || led.slot.ask.space.policy.negative_ttl.is_some())
            {
                landing.push((led, value));
            }
        }
        landing
    }

    /// Waits for the loads of others. What they left unanswered is open again: a vacated flight for whoever takes it,
    /// an outcome that means nothing here for this batch alone.
    async fn follow_many<'a>(
        &self,
        batch: &Batch<'_>,
        followed: Vec<(Slot<'a>, Follow<Outcome>)>,
        answers: &mut Answers,
    ) -> Open<'a> {
        let mut open = Open::default();
        for (mut slot, follow) in followed {
            let Some(outcome) = follow.outcome().await else {
                open.shared.push(slot);
                continue;
            };
            match batch.understand(&slot, outcome) {
                Some(answer) => answers.set(&mut slot, Count::Coalesced, answer),
                None => open.alone.push(Led { slot, lead: None }),
            }
        }
        open
    }
}
