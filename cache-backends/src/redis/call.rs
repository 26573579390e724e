//! One call: a deadline of its own, and at most one repetition.
//!
//! Promise: [`Supervisor::call`] ends when its budget ends. A command is sent a second time only when the
//! connection broke under it and saying it twice changes nothing; the second time has what is left of the budget.

use std::time::Duration;

use redis::{Cmd, Pipeline, Value};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use cache_core::error::{Error, ErrorKind, Result};

use super::connection::{Connection, Request};
use super::error::{Failure, Reason, cut, of_library, of_server, unexpected};
use super::supervisor::Supervisor;

/// A replica that was met on a connection younger than this is what the URL names, not a demoted primary.
const NEW_CONNECTION: Duration = Duration::from_secs(1);

/// What to ask, for how long, and whether it may be asked twice.
pub(super) struct Call<'a> {
    verb: &'static str,
    request: Request<'a>,
    budget: Duration,
    repeatable: bool,
}

impl<'a> Call<'a> {
    /// One command that is sent once.
    pub(super) fn new(verb: &'static str, command: &'a Cmd, budget: Duration) -> Self {
        Self { verb, request: Request::One(command), budget, repeatable: false }
    }

    /// Many commands at once, sent once.
    pub(super) fn many(verb: &'static str, commands: &'a Pipeline, budget: Duration) -> Self {
        Self { verb, request: Request::Many(commands), budget, repeatable: false }
    }

    /// It may be carried out twice without harm.
    pub(super) fn repeatable(mut self, repeatable: bool) -> Self {
        self.repeatable = repeatable;
        self
    }
}

impl Supervisor {
    /// Asks, and reads the answer with `read`.
    pub(super) async fn call<T>(&self, call: Call<'_>, read: fn(Value) -> Option<T>) -> Result<T> {
        self.try_call(&call, read).await.map_err(|failure| failure.error.during(call.verb))
    }

    /// [`Supervisor::call`] for callers that need to know why it failed.
    pub(super) async fn try_call<T>(
        &self,
        call: &Call<'_>,
        read: fn(Value) -> Option<T>,
    ) -> Result<T, Failure> {
        // Without a runtime the timer below would panic.
        Handle::try_current().map_err(|_| Failure::other(no_runtime()))?;
        let until = Instant::now() + call.budget;
        match self.once(call, until, read).await {
            Err(failure) if failure.reason == Reason::Broken && call.repeatable => {
                self.once(call, until, read).await
            }
            answered => answered,
        }
    }

    async fn once<T>(
        &self,
        call: &Call<'_>,
        until: Instant,
        read: fn(Value) -> Option<T>,
    ) -> Result<T, Failure> {
        let connection = self.connection(until).await.map_err(Failure::other)?;
        let sent = Instant::now();
        let answer = match timeout_at(until, self.ask(&connection, call.request)).await {
            Err(_) => return Err(self.silent(&connection, sent, call)),
            Ok(reply) => reply.and_then(|reply| self.understood(reply, read)),
        };
        match &answer {
            Err(failure) if failure.reason == Reason::Broken => self.lost(connection.number()),
            Err(failure) if failure.reason == Reason::Demoted && connection.age() > NEW_CONNECTION => {
                self.lost(connection.number());
            }
            _ => connection.answered(),
        }
        answer
    }

    /// Ends with the reply, or with the connection.
    async fn ask(
        &self,
        connection: &Connection,
        request: Request<'_>,
    ) -> Result<redis::RedisResult<Value>, Failure> {
        tokio::select! {
            biased;
            reply = connection.send(request) => Ok(reply),
            was_shut = self.given_up(connection.number()) => Err(cut(&self.config().address, was_shut)),
        }
    }

    fn understood<T>(
        &self,
        reply: redis::RedisResult<Value>,
        read: fn(Value) -> Option<T>,
    ) -> Result<T, Failure> {
        let address = &self.config().address;
        match reply {
            Err(error) => Err(of_library(&error, address)),
            Ok(Value::ServerError(error)) => Err(of_server(&error, address)),
            Ok(reply) => read(reply).ok_or_else(|| unexpected(address)),
        }
    }

    /// Only a call that had most of its budget left for the server tells something about the server.
    fn silent(&self, connection: &Connection, sent: Instant, call: &Call<'_>) -> Failure {
        if sent.elapsed() >= call.budget / 2 && connection.timed_out(sent) {
            self.lost(connection.number());
        }
        let text = format!("{} gave no answer within {:?}", self.config().address, call.budget);
        Failure::other(Error::new(ErrorKind::Timeout, text))
    }
}

fn no_runtime() -> Error {
    Error::new(ErrorKind::Unavailable, "the Redis backend was called outside a tokio runtime")
        .with_fix("await it on a tokio runtime with timers enabled")
}
