//! Many sets at once.
//!
//! Invariant: an entry that is not stored leaves no older value behind, and keeps no other entry from being
//! stored. The first failure is what the caller hears of, after all were tried.

use bytes::Bytes;
use redis::Value;

use cache_core::error::{Error, Result};
use cache_core::key::CacheKey;
use cache_core::port::backend::{SetCondition, SetOptions};

use super::backend::{set_command, too_large};
use super::call::Terms;
use super::error::Failure;
use super::reply;
use super::shape::{Keyed, Shape};

/// One pipeline carries at most so many entries and bytes, so that it fits a deadline and lets others through.
const ENTRIES: usize = 128;
const BYTES: usize = 1 << 20;

type Entry = (CacheKey, Bytes, SetOptions);

/// What became of the entries so far.
#[derive(Default)]
struct Outcome {
    stored: Vec<bool>,
    outdated: Vec<CacheKey>,
    failure: Option<Error>,
}

impl Outcome {
    fn failed(&mut self, (key, _, options): &Entry, error: Error) {
        self.stored.push(false);
        if options.condition == SetCondition::Always {
            self.outdated.push(key.clone());
        }
        self.failure.get_or_insert(error);
    }

    fn note(&mut self, entry: &Entry, reply: Result<Value>) {
        match reply {
            Ok(reply) => self.stored.push(reply::stored(reply).unwrap_or(false)),
            Err(error) => self.failed(entry, error),
        }
    }
}

impl Shape {
    pub(super) async fn set_many(&self, entries: &[Entry]) -> Result<Vec<bool>> {
        let mut outcome = Outcome::default();
        for group in groups(entries) {
            self.set_group(group, &mut outcome).await?;
        }
        let outdated: Vec<&str> = outcome.outdated.iter().map(CacheKey::as_str).collect();
        self.remove("set_many", &outdated).await?;
        outcome.failure.map_or(Ok(outcome.stored), Err)
    }

    async fn set_group(&self, group: &[Entry], outcome: &mut Outcome) -> Result<()> {
        let limit = self.settings().max_entry_bytes;
        let mut commands = Vec::with_capacity(group.len());
        for (key, frame, options) in group.iter().filter(|(_, frame, _)| frame.len() <= limit) {
            commands.push(Keyed {
                key: key.as_str().as_bytes(),
                command: set_command("set_many", key, frame, options)?,
            });
        }
        let repeatable = group.iter().all(|(_, _, options)| options.condition == SetCondition::Always);
        let terms = Terms::writing("set_many", self.settings().write_timeout).repeatable(repeatable);
        let replies = self.ask_each(terms, commands).await;
        if let Some(outage) = outage_of_all(&replies) {
            return Err(terms.named(outage));
        }
        let mut replies = replies.into_iter();
        for entry in group {
            if entry.1.len() > limit {
                outcome.failed(entry, too_large("set_many", entry.1.len(), limit));
            } else if let Some(reply) = replies.next() {
                outcome.note(entry, reply.map_err(|failure| terms.named(failure)));
            }
        }
        Ok(())
    }
}

/// Nothing came through, and the next group would only wait as long again.
fn outage_of_all(replies: &[Result<Value, Failure>]) -> Option<Failure> {
    let first = replies.first()?.as_ref().err()?;
    let all = replies.iter().all(|reply| reply.as_ref().is_err_and(|failure| failure.error.is_transient()));
    all.then(|| first.clone())
}

/// Cuts the entries into pipelines.
fn groups(mut entries: &[Entry]) -> impl Iterator<Item = &[Entry]> {
    std::iter::from_fn(move || {
        let mut bytes = 0;
        let fit = entries.iter().take(ENTRIES).take_while(|(_, frame, _)| {
            let first = bytes == 0;
            bytes += frame.len().max(1);
            first || bytes <= BYTES
        });
        let (group, rest) = entries.split_at(fit.count());
        entries = rest;
        (!group.is_empty()).then_some(group)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use cache_core::key::Namespace;

    fn entry(bytes: usize) -> Entry {
        let key = CacheKey::direct(&Namespace::default(), "k").unwrap();
        (key, Bytes::from(vec![0; bytes]), SetOptions::default())
    }

    #[test]
    fn pipelines_are_bounded_in_entries_and_bytes() {
        let sizes = |entries: &[Entry]| groups(entries).map(<[Entry]>::len).collect::<Vec<_>>();
        assert_eq!(sizes(&[]), [0; 0]);
        assert_eq!(sizes(&vec![entry(0); 300]), [128, 128, 44]);
        assert_eq!(sizes(&[entry(BYTES / 2), entry(BYTES / 2), entry(1)]), [2, 1]);
        assert_eq!(sizes(&[entry(9 * BYTES), entry(9 * BYTES), entry(1)]), [1, 1, 1]);
    }
}
