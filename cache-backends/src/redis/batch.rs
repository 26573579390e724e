//! Many sets at once.
//!
//! Invariant: an entry that is not stored leaves no older value behind, and keeps no other entry from being
//! stored. The first failure is what the caller hears of, after all were tried.

use std::borrow::Cow;

use bytes::Bytes;
use redis::{Cmd, Value};

use cache_core::error::{Error, Result};
use cache_core::key::CacheKey;
use cache_core::port::backend::{Expiry, SetCondition, SetOptions};

use super::backend::{millis, no_such_condition, too_large};
use super::call::{Terms, command};
use super::error::{Failure, Reason, unexpected};
use super::leases::{self, FILL, FILL_ON_ITS_WAY, STORE};
use super::reply;
use super::shape::{Keyed, Shape};

/// One pipeline carries at most so many entries and bytes, so that it fits a deadline and lets others through.
const ENTRIES: usize = 128;
const BYTES: usize = 1 << 20;
/// A script copies its arguments: a larger frame goes round it.
const SCRIPTED: usize = 4 << 10;

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
        let mut stores = Vec::with_capacity(group.len());
        for (key, frame, options) in group.iter().filter(|(_, frame, _)| frame.len() <= limit) {
            stores.push(Store::new("set_many", key, frame, *options)?);
        }
        let repeatable = stores.iter().all(Store::is_repeatable);
        let terms = Terms::writing("set_many", self.settings().write_timeout).repeatable(repeatable);
        let replies = self.store_each(terms, &stores).await;
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

    /// One entry alone.
    pub(super) async fn store(&self, terms: Terms, store: &Store<'_>) -> Result<bool, Failure> {
        let reply = self.store_each(terms, std::slice::from_ref(store)).await.pop();
        let nonsense = || unexpected(&"the server");
        reply.unwrap_or_else(|| Err(nonsense())).and_then(|reply| reply::stored(reply).ok_or_else(nonsense))
    }

    /// Takes a frame away; its lease ends first.
    pub(super) async fn take(&self, terms: Terms, key: &CacheKey) -> Result<Option<Bytes>, Failure> {
        let data = key.as_str().as_bytes();
        let commands = [leases::ending(data), command("GETDEL", key)];
        let commands = commands.into_iter().map(|command| Keyed { key: data, command }).collect();
        let mut replies = self.ask_each(terms, commands).await;
        let nonsense = || unexpected(&"the server");
        let taken = replies.pop().unwrap_or_else(|| Err(nonsense()));
        let ended = replies.pop().unwrap_or_else(|| Err(nonsense()));
        ended.and(taken).and_then(|reply| reply::frame(reply).ok_or_else(nonsense))
    }

    /// Sends them; what a server could not carry out in this form once more, in another. One answer each.
    pub(super) async fn store_each(&self, terms: Terms, stores: &[Store<'_>]) -> Vec<Result<Value, Failure>> {
        let all: Vec<_> = stores.iter().collect();
        let mut replies = self.send(terms, &all, Form::Digest).await;
        for form in [Form::Code, Form::WhileItsSlotMoves] {
            let is_open = |store: &Store<'_>, reply: &Result<Value, Failure>| {
                reply.as_ref().is_err_and(|failure| store.is_answered_by(form, failure.reason))
            };
            let open = stores.iter().zip(&replies).filter(|(store, reply)| is_open(store, reply));
            let again: Vec<_> = open.map(|(store, _)| store).collect();
            if !again.is_empty() {
                let told = self.send(terms, &again, form).await;
                let open = stores.iter().zip(&mut replies).filter(|(store, reply)| is_open(store, reply));
                open.zip(told).for_each(|((_, reply), told)| *reply = told);
            }
        }
        replies
    }

    async fn send(&self, terms: Terms, stores: &[&Store<'_>], form: Form) -> Vec<Result<Value, Failure>> {
        let commands = stores.iter().flat_map(|store| store.commands(form)).collect();
        let mut sent = self.ask_each(terms, commands).await.into_iter();
        let mut next = || sent.next().unwrap_or_else(|| Err(unexpected(&"the server")));
        let reply = |store: &&Store<'_>| {
            if !store.is_fenced(form) {
                return next();
            }
            let [fenced, stored, ended] = [next(), next(), next()];
            fenced.and(stored).and_then(|stored| ended.map(|_| stored))
        };
        stores.iter().map(reply).collect()
    }
}

/// How a store is said.
#[derive(Debug, Clone, Copy)]
enum Form {
    Digest,
    Code,
    WhileItsSlotMoves,
}

/// One entry on its way.
pub(super) struct Store<'a> {
    key: &'a CacheKey,
    frame: &'a [u8],
    options: SetOptions,
}

impl<'a> Store<'a> {
    /// # Errors
    /// `Unsupported` for a condition that is not offered.
    pub(super) fn new(
        verb: &'static str,
        key: &'a CacheKey,
        frame: &'a [u8],
        options: SetOptions,
    ) -> Result<Self> {
        let offered = matches!(
            options.condition,
            SetCondition::Always | SetCondition::IfAbsent | SetCondition::IfLease(_)
        );
        if offered { Ok(Self { key, frame, options }) } else { Err(no_such_condition(verb)) }
    }

    /// Whether it may be sent twice.
    pub(super) fn is_repeatable(&self) -> bool {
        self.options.condition == SetCondition::Always
    }

    fn is_fill(&self) -> bool {
        matches!(self.options.condition, SetCondition::IfLease(_))
    }

    /// Whether it is said in this form to a server that answered so.
    fn is_answered_by(&self, form: Form, reason: Reason) -> bool {
        match form {
            Form::Digest => false,
            Form::Code => reason == Reason::UnknownScript,
            Form::WhileItsSlotMoves => {
                reason == Reason::NotThereYet || (reason == Reason::OnItsWay && !self.is_fill())
            }
        }
    }

    /// Whether it is three commands: where a script costs too much, or its two keys are on their way to another server,
    /// which carries out nothing over both then.
    fn is_fenced(&self, form: Form) -> bool {
        let large = self.frame.len() > SCRIPTED;
        !self.is_fill() && (large || matches!(form, Form::WhileItsSlotMoves))
    }

    /// The value is stored and its lease ends in one step; or a fence stands for the lease until the value is there.
    fn commands(&self, form: Form) -> Vec<Keyed<'_>> {
        let key = self.key.as_str().as_bytes();
        let commands = match self.options.condition {
            SetCondition::IfLease(holder) => vec![self.fill(form, holder)],
            _ if self.is_fenced(form) => vec![leases::fencing(key), self.set(), leases::ending(key)],
            _ => vec![STORE.command(matches!(form, Form::Digest), self.key, self.words())],
        };
        commands.into_iter().map(|command| Keyed { key, command }).collect()
    }

    fn fill(&self, form: Form, holder: u128) -> Cmd {
        let (token, life) = (leases::token(holder), self.life());
        let value = std::iter::once(self.frame).chain(life.iter().map(String::as_bytes));
        let token = std::iter::once(token.as_bytes());
        match form {
            Form::Digest => FILL.command(true, self.key, token.chain(value)),
            Form::Code => FILL.command(false, self.key, token.chain(value)),
            Form::WhileItsSlotMoves => {
                let key = std::iter::once(self.key.as_str().as_bytes());
                FILL_ON_ITS_WAY.command(false, self.key, token.chain(key).chain(value))
            }
        }
    }

    fn set(&self) -> Cmd {
        let mut command = Cmd::with_capacity(6, self.key.as_str().len() + self.frame.len() + 32);
        command.arg("SET").arg(self.key.as_str());
        for word in self.words() {
            command.arg(&*word);
        }
        command
    }

    /// What `SET` takes after the key.
    fn words(&self) -> impl Iterator<Item = Cow<'_, [u8]>> {
        let absent = (self.options.condition == SetCondition::IfAbsent).then_some(Cow::Borrowed(&b"NX"[..]));
        let life = self.life().into_iter().map(|word| Cow::Owned(word.into_bytes()));
        std::iter::once(Cow::Borrowed(self.frame)).chain(absent).chain(life)
    }

    fn life(&self) -> Vec<String> {
        match self.options.expiry {
            Expiry::Never => Vec::new(),
            Expiry::After(life) => vec!["PX".to_owned(), millis(life).to_string()],
            Expiry::Keep => vec!["KEEPTTL".to_owned()],
        }
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
