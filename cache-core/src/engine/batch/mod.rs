//! Many keys in one call: one read of the byte tier, one load of what is missing, one write.
//!
//! Promise: every key is treated as a call of its own would be. Loads are shared per key with other batches and with
//! single calls, an invalidation of one key during the load keeps that key alone from being stored, and a batch that
//! is dropped hands each of its keys over.
//!
//! Invariant: a batch loads what it leads before it waits for what others lead. So of two batches that overlap
//! neither waits for a lead that the other holds idle, and there is no circle. What is said is in [`words`], what is read
//! from the tiers in [`read`], what is stored there in [`mod@write`].

mod read;
mod words;
mod write;

pub(crate) use words::{Batch, Given, OfKey, Trouble};

use std::collections::HashSet;
use std::future::Future;
use std::pin::pin;

use crate::engine::Engine;
use crate::engine::counters::Count;
use crate::engine::load::lease::{keeping, renewing};
use crate::engine::load::limits::Limit;
use crate::engine::load::outcome::Outcome;
use crate::engine::load::reentry;
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
        let shared: Vec<_> = batch.slots().filter(|slot| !self.answer_hot(slot, &mut answers)).collect();
        let Some(first) = shared.first().copied() else { return answers.into_vec() };
        shared.iter().for_each(|slot| answers.begin(slot, self.request(batch.space)));
        let open = Open { shared, alone: Vec::new() };
        let late = |limit: Limit| Some(limit.error(&first.ask));
        let all = Box::pin(self.answer_all(batch, open, &mut load, &mut answers));
        if let Err(error) = self.limits(&first.ask).hard().wait(all, late).await {
            answers.late(&error);
        }
        answers.into_vec()
    }

    /// Answers what is open, in rounds: the second one is for what others gave up.
    async fn answer_all<Fut>(
        &self,
        batch: &Batch<'_>,
        mut open: Open<'_>,
        load: &mut impl FnMut(Vec<usize>) -> Fut,
        answers: &mut Answers<'_>,
    ) where
        Fut: Future<Output = Vec<Given>>,
    {
        while !(open.shared.is_empty() && open.alone.is_empty()) {
            let places = self.places(&mut open);
            let born = self.stamps.born();
            let mut missing = self.fetch_many(places.led, born, answers).await;
            let born =
                self.prepare_many(&missing.iter().map(|led| led.slot.ask).collect::<Vec<_>>(), born).await;
            missing.append(&mut open.alone);
            self.load_chunks(batch, missing, born, load, answers).await;
            open = self.follow_many(batch, places.followed, answers).await;
        }
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
            chunk.iter().for_each(|_| self.counters.add(batch.space, Count::Bypassed));
            answers.extend(load(chunk.to_vec()).await.into_iter().map(Given::into_answer));
        }
        answers
    }

    /// Whether a fresh near entry answers at once.
    fn answer_hot(&self, slot: &Slot<'_>, answers: &mut Answers<'_>) -> bool {
        let ask = &slot.ask;
        let found = self.find_near(ask.key.near());
        let Some((held, negative)) = found.filter(|(held, negative)| *negative || ask.values.accept(held))
        else {
            return false;
        };
        self.counters.add(ask.space, if negative { Count::Negative } else { Count::NearHit });
        answers.put(slot, Ok((!negative).then_some(held)));
        true
    }

    /// Takes a seat in the flight of every key that is open. Waits for nothing.
    fn places<'a>(&self, open: &mut Open<'a>) -> Places<'a> {
        let mut places = Places::default();
        for slot in std::mem::take(&mut open.shared) {
            if reentry::is_loading(self.identity(), slot.ask.key) {
                open.alone.push(Led::alone(slot));
                continue;
            }
            match self.seat(&slot.ask) {
                Seat::Lead(lead) => places.led.push(Led::first(slot, lead)),
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
        answers: &mut Answers<'_>,
    ) where
        Fut: Future<Output = Vec<Given>>,
    {
        while !led.is_empty() {
            let rest = led.split_off(batch.max_batch.min(led.len()));
            self.lease_many(&mut led).await;
            let keys: HashSet<CacheKey> = led.iter().map(|led| led.slot.ask.key.clone()).collect();
            self.counters.add(batch.space, Count::Load);
            let body = load(led.iter().map(|led| led.slot.at).collect());
            let body = reentry::loading_many(self.identity(), keys, body);
            let leases = renewing(led.iter().filter_map(|led| led.lease.as_ref()));
            let body = keeping(leases, self.parts.lease_time, body);
            let given = self.bounded(&led, body).await;
            let landing = self.tell_many(batch, led, given, answers);
            self.land_many(landing, born).await;
            led = rest;
        }
    }

    /// Takes the leases of what is to be stored. A batch waits for no other process: it shares the leases of others.
    async fn lease_many(&self, led: &mut [Led<'_>]) {
        if !self.parts.tiers.leased() {
            return;
        }
        let stored: Vec<_> = led.iter_mut().filter(|led| led.lead.is_some()).collect();
        let asks: Vec<_> = stored.iter().map(|led| led.slot.ask).collect();
        let leases = self.lease_each(&asks).await;
        stored.into_iter().zip(leases).for_each(|(led, lease)| led.lease = lease);
    }

    /// Runs a load for at most `max_load_time`; then it is dropped, and whoever waits for it is told.
    async fn bounded(&self, led: &[Led<'_>], body: impl Future<Output = Vec<Given>>) -> Vec<Given> {
        let limit = led.first().and_then(|first| Some((first.slot.ask, self.load_limit(&first.slot.ask)?)));
        let Some((ask, limit)) = limit else { return body.await };
        let given = limit.within(pin!(body)).await;
        given.unwrap_or_else(|| led.iter().map(|_| Given::Late(limit.error(&ask))).collect())
    }

    /// Tells what a loader gave, key by key. What is to be stored comes back with its lead, which ends when it has
    /// landed.
    fn tell_many<'a>(
        &self,
        batch: &Batch<'_>,
        led: Vec<Led<'a>>,
        given: Vec<Given>,
        answers: &mut Answers<'_>,
    ) -> Vec<(Led<'a>, Option<Held>)> {
        if given.iter().any(Given::is_failure) {
            self.counters.add(batch.space, Count::LoadFailed);
        }
        let mut landing = Vec::with_capacity(led.len());
        let given = given.into_iter().chain(std::iter::repeat_with(|| Given::Absent));
        for (led, given) in led.into_iter().zip(given) {
            led.tell(given.as_outcome());
            let answer = given.into_answer();
            answers.set(&led.slot, Count::Miss, answer.clone());
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
        answers: &mut Answers<'_>,
    ) -> Open<'a> {
        let mut open = Open::default();
        for (slot, mut follow) in followed {
            let Some(outcome) = follow.outcome().await else {
                open.shared.push(slot);
                continue;
            };
            match batch.understand(&slot, outcome) {
                Some(answer) => answers.set(&slot, Count::Coalesced, answer),
                None => open.alone.push(Led::alone(slot)),
            }
        }
        open
    }
}
