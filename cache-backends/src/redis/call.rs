//! One call: a deadline of its own, and at most one repetition.
//!
//! Promise: [`Supervisor::ask`] ends when its budget ends. A command is sent a second time only when the
//! connection broke under it and saying it twice changes nothing; the second time has what is left of the budget.

use std::time::Duration;

use redis::{Cmd, Pipeline, Value};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use cache_core::error::{Error, ErrorKind, Result};
use cache_core::key::CacheKey;

use super::connection::{Connection, Request};
use super::error::{Failure, Reason, cut, of_library, of_server, unexpected};
use super::node::Purpose;
use super::supervisor::Supervisor;

/// For which verb something is asked, over which connection, until when, and whether it may be asked twice.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    verb: &'static str,
    purpose: Purpose,
    budget: Duration,
    until: Instant,
    repeatable: bool,
}

/// What is asked, and on which terms.
#[derive(Clone, Copy)]
pub(super) struct Call<'a> {
    terms: Terms,
    request: Request<'a>,
}

impl Terms {
    /// What changes nothing and may be sent twice, within a budget that counts from now.
    pub(super) fn reading(verb: &'static str, budget: Duration) -> Self {
        let until = Instant::now() + budget;
        Self { verb, purpose: Purpose::Read, budget, until, repeatable: true }
    }

    /// What changes something and is sent once.
    pub(super) fn writing(verb: &'static str, budget: Duration) -> Self {
        Self { purpose: Purpose::Write, repeatable: false, ..Self::reading(verb, budget) }
    }

    /// Whether it may be carried out twice without harm.
    pub(super) fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }

    /// By then, whatever the budget is.
    #[cfg(feature = "redis-cluster")]
    pub(super) fn by(mut self, until: Instant) -> Self {
        self.until = until;
        self
    }

    #[cfg(feature = "redis-cluster")]
    pub(super) fn until(&self) -> Instant {
        self.until
    }

    /// Asks one command.
    pub(super) fn one(self, command: &Cmd) -> Call<'_> {
        Call { terms: self, request: Request::One(command) }
    }

    /// Asks many commands that are answered one by one.
    pub(super) fn many(self, commands: &Pipeline) -> Call<'_> {
        Call { terms: self, request: Request::Many(commands) }
    }

    /// The error as the caller of the verb sees it.
    pub(super) fn named(&self, failure: Failure) -> Error {
        failure.error.during(self.verb)
    }
}

impl Call<'_> {
    pub(super) fn purpose(&self) -> Purpose {
        self.terms.purpose
    }
}

#[cfg(feature = "redis-cluster")]
impl<'a> Call<'a> {
    pub(super) fn until(&self) -> Instant {
        self.terms.until
    }

    pub(super) fn terms(&self) -> Terms {
        self.terms
    }

    /// The command, if it is one.
    pub(super) fn command(&self) -> Option<&'a Cmd> {
        match self.request {
            Request::One(command) => Some(command),
            Request::Many(_) => None,
        }
    }
}

/// A command that has only a key.
pub(super) fn command(name: &str, key: &CacheKey) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(key.as_str());
    command
}

impl Supervisor {
    /// Asks, and reads the answer with `read`.
    pub(super) async fn ask<T>(&self, call: &Call<'_>, read: fn(Value) -> Option<T>) -> Result<T, Failure> {
        // Without a runtime the timer below would panic.
        Handle::try_current().map_err(|_| Failure::other(no_runtime()))?;
        match self.once(call, read).await {
            Err(failure) if failure.reason == Reason::Broken && call.terms.repeatable => {
                self.once(call, read).await
            }
            answered => answered,
        }
    }

    async fn once<T>(&self, call: &Call<'_>, read: fn(Value) -> Option<T>) -> Result<T, Failure> {
        let until = call.terms.until;
        let connection = self.connection(until).await.map_err(Failure::other)?;
        let sent = Instant::now();
        let answer = match timeout_at(until, self.hear(&connection, call.request)).await {
            Err(_) => return Err(self.silent(&connection, sent, call)),
            Ok(reply) => reply.and_then(|reply| self.understood(reply, read)),
        };
        match &answer {
            Err(failure) if failure.reason == Reason::Broken => self.lost(connection.number()),
            _ => {
                connection.answered();
                self.check(&connection);
            }
        }
        answer
    }

    /// Ends with the reply, or with the connection.
    async fn hear(
        &self,
        connection: &Connection,
        request: Request<'_>,
    ) -> Result<redis::RedisResult<Value>, Failure> {
        tokio::select! {
            biased;
            reply = connection.send(request) => Ok(reply),
            was_shut = self.given_up(connection.number()) => Err(cut(self.source(), was_shut)),
        }
    }

    fn understood<T>(
        &self,
        reply: redis::RedisResult<Value>,
        read: fn(Value) -> Option<T>,
    ) -> Result<T, Failure> {
        let address = self.source();
        match reply {
            Err(error) => Err(of_library(&error, address)),
            Ok(Value::ServerError(error)) => Err(of_server(&error, address)),
            Ok(reply) => read(reply).ok_or_else(|| unexpected(address)),
        }
    }

    /// Only a call that had most of its budget left for the server tells something about the server.
    fn silent(&self, connection: &Connection, sent: Instant, call: &Call<'_>) -> Failure {
        if sent.elapsed() >= call.terms.budget / 2 && connection.timed_out(sent) {
            self.lost(connection.number());
        }
        let text = format!("{} gave no answer within {:?}", self.source(), call.terms.budget);
        Failure::other(Error::new(ErrorKind::Timeout, text))
    }
}

pub(super) fn no_runtime() -> Error {
    Error::new(ErrorKind::Unavailable, "the Redis backend was called outside a tokio runtime")
        .with_fix("await it on a tokio runtime with timers enabled")
}
