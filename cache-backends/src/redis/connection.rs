//! One connection: how it is made, and when its silence means that it is lost.

use std::fmt;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use redis::aio::MultiplexedConnection;
use redis::{Cmd, Pipeline, RedisResult, Value};
use tokio::time::{Instant, timeout};

use cache_core::error::{Error, ErrorKind, Result};

use super::address::Address;
use super::dial::{Dialled, Driver, dial};
use super::echo::{Echo, word};
use super::error::{of_library, of_server};

/// So many time-outs in a row, and the connection is given up.
const PATIENCE: u32 = 3;

/// What is sent: one command, or many that are answered one by one.
#[derive(Clone, Copy)]
pub(super) enum Request<'a> {
    One(&'a Cmd),
    Many(&'a Pipeline),
}

/// A connection that answered a `PING` when it was made.
pub(super) struct Connection {
    number: u64,
    made: Instant,
    inner: MultiplexedConnection,
    echo: Echo,
    silent_rounds: AtomicU32,
    round_began: Mutex<Instant>,
    _driver: Option<Driver>,
}

impl Connection {
    /// Connects within the limit. `lost` is called once, when the connection ends.
    pub(super) async fn make(
        address: &Address,
        limit: Duration,
        number: u64,
        lost: impl Fn() + Send + Sync + 'static,
    ) -> Result<Self> {
        timeout(limit, Self::dial(address, number, lost)).await.unwrap_or_else(|_| {
            let text = format!("{address} accepted no connection within {limit:?}");
            Err(Error::new(ErrorKind::Unavailable, text))
        })
    }

    async fn dial(address: &Address, number: u64, lost: impl Fn() + Send + Sync + 'static) -> Result<Self> {
        let failed = |error| of_library(&error, address).error;
        let Dialled { connection: inner, driver } = dial(address, lost).await?;
        let made = Instant::now();
        let mut ping = redis::cmd("PING");
        ping.arg(word(number, 0));
        let answer = inner.clone().send_packed_command(&ping).await.map_err(failed)?;
        let echo = Echo::after(&answer, number);
        check_ping(answer, address)?;
        let (silent_rounds, round_began) = (AtomicU32::new(0), Mutex::new(made));
        Ok(Self { number, made, inner, echo, silent_rounds, round_began, _driver: driver })
    }

    /// Which connection of the backend this is.
    pub(super) fn number(&self) -> u64 {
        self.number
    }

    /// Whether its answers belong to its questions.
    pub(super) fn echo(&self) -> &Echo {
        &self.echo
    }

    /// How long it has been there.
    pub(super) fn age(&self) -> Duration {
        self.made.elapsed()
    }

    /// Sends and waits for ever: deadlines are the caller's. Dropping the future mixes up no replies.
    pub(super) async fn send(&self, request: Request<'_>) -> RedisResult<Value> {
        let mut inner = self.inner.clone();
        match request {
            Request::One(command) => inner.send_packed_command(command).await,
            Request::Many(pipeline) => {
                inner.send_packed_commands(pipeline, 0, pipeline.len()).await.map(Value::Array)
            }
        }
    }

    /// Something came back.
    pub(super) fn answered(&self) {
        if self.silent_rounds.load(Ordering::Relaxed) != 0 {
            self.silent_rounds.store(0, Ordering::Relaxed);
        }
    }

    /// Nothing came back for what was sent at `sent`; whether that makes the connection a lost one. Requests that
    /// waited side by side count as one: a hundred callers of one slow moment are no hundred time-outs in a row.
    pub(super) fn timed_out(&self, sent: Instant) -> bool {
        let mut began = self.round_began.lock().unwrap_or_else(PoisonError::into_inner);
        if sent < *began {
            return false;
        }
        *began = Instant::now();
        self.silent_rounds.fetch_add(1, Ordering::Relaxed) + 1 >= PATIENCE
    }
}

impl fmt::Debug for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Connection({})", self.number)
    }
}

/// A server that loads its data accepts connections but refuses `PING`; a user who may not `PING` may still read, and
/// a server that cannot save still answers reads.
fn check_ping(reply: Value, address: &Address) -> Result<()> {
    match reply {
        Value::ServerError(error) => match of_server(&error, address) {
            failure if failure.reason.is_alive() => Ok(()),
            failure => Err(failure.error),
        },
        _ => Ok(()),
    }
}
