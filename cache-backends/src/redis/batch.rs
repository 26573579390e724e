//! Many sets at once.
//!
//! Invariant: an entry that is not stored leaves no older value behind, and keeps no other entry from being
//! stored. The first failure is what the caller hears of, after all were tried.

use bytes::Bytes;
use redis::{Cmd, Value};

use cache_core::error::{Error, Result};
use cache_core::key::CacheKey;
use cache_core::port::backend::{Expiry, SetCondition, SetOptions};

use super::backend::{millis, no_such_condition, too_large};
use super::call::{Terms, command};
use super::error::{Failure, Reason, unexpected};
use super::leases::{self, FILL, FILL_ON_ITS_WAY};
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
        let commands = stores.iter().flat_map(|store| store.commands(Form::Digest)).collect();
        let mut sent = self.ask_each(terms, commands).await.into_iter();
        let mut replies = Vec::with_capacity(stores.len());
        for store in stores {
            let mut next = || sent.next().unwrap_or_else(|| Err(unexpected(&"the server")));
            let reply = match store.ends_lease() {
                true => [next(), next(), next()],
                false => [Ok(Value::Nil), next(), Ok(Value::Nil)],
            };
            let [ended, stored, ended_again] = reply;
            replies.push(ended.and(stored).and_then(|stored| ended_again.map(|_| stored)));
        }
        for (reason, form) in
            [(Reason::UnknownScript, Form::Code), (Reason::NotThereYet, Form::WhileItsSlotMoves)]
        {
            let is_open = |reply: &Result<Value, Failure>| {
                reply.as_ref().is_err_and(|failure| failure.reason == reason)
            };
            let open = stores.iter().zip(&replies).filter(|(_, reply)| is_open(reply));
            let again: Vec<_> = open.flat_map(|(store, _)| store.commands(form)).collect();
            if !again.is_empty() {
                let told = self.ask_each(terms, again).await;
                let open = replies.iter_mut().filter(|reply| is_open(reply));
                open.zip(told).for_each(|(reply, told)| *reply = told);
            }
        }
        replies
    }
}

/// How a fill is said. Everything else has one form, which no server fails to know.
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

    /// A fill ends the lease in its own step. Everything else ends it before, so that no older load may fill any more; and
    /// again behind, for a load that began in between would replace a value that is newer than it.
    fn ends_lease(&self) -> bool {
        !matches!(self.options.condition, SetCondition::IfLease(_))
    }

    fn commands(&self, form: Form) -> Vec<Keyed<'_>> {
        let key = self.key.as_str().as_bytes();
        match self.options.condition {
            SetCondition::IfLease(holder) => vec![Keyed { key, command: self.fill(form, holder) }],
            _ => [leases::ending(key), self.set(), leases::ending(key)]
                .map(|command| Keyed { key, command })
                .into(),
        }
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
        command.arg("SET").arg(self.key.as_str()).arg(self.frame);
        if self.options.condition == SetCondition::IfAbsent {
            command.arg("NX");
        }
        for word in self.life() {
            command.arg(word);
        }
        command
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
