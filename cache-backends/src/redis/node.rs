//! One server: a connection for what reads, a connection for what writes.
//!
//! Promise: a small read never waits behind the bytes of a large write, and everything that changes a key goes over
//! one connection, in the order in which it was sent: a delete cannot overtake the set that timed out before it.
//! Invariant: what is learnt on one connection (this server is no primary any more) is told to the other.

use std::sync::Arc;

use redis::{Pipeline, Value};
use tokio::time::Instant;

use cache_core::error::{Error, Result};

use super::call::{Call, Terms};
use super::config::Settings;
use super::error::{Failure, Reason, of_server, unexpected};
use super::gather::{Gather, Manner};
use super::reply;
use super::source::Source;
use super::supervisor::Supervisor;

/// Which of the two connections a call uses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Read,
    Write,
}

/// A handle: clones share the connections.
#[derive(Debug, Clone)]
pub(super) struct Node(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    settings: Arc<Settings>,
    source: Source,
    reads: Supervisor,
    writes: Supervisor,
    gather: Gather,
}

impl Node {
    pub(super) fn new(settings: Arc<Settings>, source: Source, manner: Manner) -> Self {
        let supervisor = || Supervisor::new(Arc::clone(&settings), source.clone());
        let (reads, writes) = (supervisor(), supervisor());
        Self(Arc::new(Inner { reads, writes, gather: Gather::new(manner), settings, source }))
    }

    pub(super) fn settings(&self) -> &Settings {
        &self.0.settings
    }

    /// What messages name.
    pub(super) fn source(&self) -> &Source {
        &self.0.source
    }

    pub(super) fn gather(&self) -> &Gather {
        &self.0.gather
    }

    pub(super) fn is_available(&self) -> bool {
        self.0.reads.is_available() && self.0.writes.is_available()
    }

    /// Why reads fail at once, if they do.
    pub(super) fn known_outage(&self) -> Option<Error> {
        self.0.reads.known_outage()
    }

    /// Connects both, or says why not.
    pub(super) async fn open(&self) -> Result<()> {
        let (reads, writes) = tokio::join!(self.0.reads.open(), self.0.writes.open());
        reads.and(writes).map(|_| ())
    }

    pub(super) fn shut(&self) {
        self.0.reads.shut();
        self.0.writes.shut();
    }

    /// Asks, and reads the answer with `read`.
    pub(super) async fn ask<T>(&self, call: &Call<'_>, read: fn(Value) -> Option<T>) -> Result<T, Failure> {
        let supervisor = match call.purpose() {
            Purpose::Read => &self.0.reads,
            Purpose::Write => &self.0.writes,
        };
        let answer = supervisor.ask(call, read).await;
        answer.inspect_err(|failure| self.look_again_if_demoted(failure))
    }

    fn look_again_if_demoted(&self, failure: &Failure) {
        if failure.reason == Reason::Demoted {
            self.0.reads.doubt();
            self.0.writes.doubt();
        }
    }

    /// Many commands at once, and the answer of each.
    pub(super) async fn ask_each(&self, terms: Terms, commands: &Pipeline) -> Vec<Result<Value, Failure>> {
        if commands.is_empty() {
            return Vec::new();
        }
        match self.ask(&terms.many(commands), reply::many).await {
            Err(failure) => vec![Err(failure); commands.len()],
            Ok(replies) if replies.len() != commands.len() => {
                vec![Err(unexpected(self.source())); commands.len()]
            }
            Ok(replies) => replies.into_iter().map(|reply| self.judged(reply)).collect(),
        }
    }

    /// Asks a server that is taking over the slot, and serves it to those who say that they know.
    #[cfg(feature = "redis-cluster")]
    pub(super) async fn ask_importing<T>(
        &self,
        call: &Call<'_>,
        read: fn(Value) -> Option<T>,
    ) -> Result<T, Failure> {
        let Some(command) = call.command() else { return Err(unexpected(self.source())) };
        let mut commands = Pipeline::new();
        commands.add_command(redis::cmd("ASKING")).add_command(command.clone());
        let answer = self.ask_each(call.terms(), &commands).await.pop();
        let reply = answer.unwrap_or_else(|| Err(unexpected(self.source())))?;
        read(reply).ok_or_else(|| unexpected(self.source()))
    }

    fn judged(&self, reply: Value) -> Result<Value, Failure> {
        match reply {
            Value::ServerError(error) => {
                let failure = of_server(&error, self.source());
                self.look_again_if_demoted(&failure);
                Err(failure)
            }
            reply => Ok(reply),
        }
    }

    /// When a read that begins now has taken too long.
    pub(super) fn read_deadline(&self) -> Instant {
        Instant::now() + self.settings().read_timeout
    }
}
