//! Sentinels: who is the primary now.
//!
//! Promise: a sentinel that is away, frozen or behind delays nothing for longer than a connection may take: all are
//! asked at once, more than half of them are enough, and the one that knows of the latest failover is believed.
//! Invariant: what they name is used only when it says of itself that it is a primary ([`check_role`]).

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use redis::{Cmd, Value};
use tokio::time::timeout;

use cache_core::error::{Error, ErrorKind, Result};

use super::address::Address;
use super::connection::{Connection, Request};
use super::error::{Reason, of_library, of_server};
use super::source::Named;
use super::together::{Boxed, together};

/// How often a connection that works is compared with what the sentinels say.
pub(super) const WATCH: Duration = Duration::from_secs(2);

/// The sentinels of one primary.
#[derive(Clone)]
pub(super) struct Sentinels(Arc<Inner>);

struct Inner {
    sentinels: Vec<Address>,
    master: String,
    /// What the primary is spoken to like: credentials, database, TLS, protocol.
    template: Address,
}

/// What one sentinel says.
struct Vote {
    epoch: u64,
    host: String,
    port: u16,
}

impl Sentinels {
    pub(super) fn new(sentinels: Vec<Address>, master: String, template: Address) -> Self {
        Self(Arc::new(Inner { sentinels, master, template }))
    }

    /// The primary, as the best informed of those that answer in time names it.
    pub(super) async fn primary(&self, limit: Duration) -> Result<Named> {
        let Inner { sentinels, template, .. } = &*self.0;
        let asking = sentinels
            .iter()
            .map(|sentinel| -> Boxed<'_, Result<Vote>> { Box::pin(self.ask(sentinel, limit)) });
        let majority =
            |votes: &[Option<Result<Vote>>]| votes.iter().flatten().flatten().count() * 2 > sentinels.len();
        let mut answers: Vec<_> = together(asking.collect(), majority).await.into_iter().flatten().collect();
        let best = answers.iter().flatten().max_by_key(|vote| vote.epoch);
        match best {
            Some(vote) => Ok(Named { address: template.at(&vote.host, vote.port), epoch: vote.epoch }),
            None => Err(self.nobody_knows(answers.pop())),
        }
    }

    async fn ask(&self, sentinel: &Address, limit: Duration) -> Result<Vote> {
        let connection = Connection::make(sentinel, limit, 0, || {}).await?;
        let mut command = redis::cmd("SENTINEL");
        command.arg("MASTER").arg(&self.0.master);
        let reply = one(&connection, &command, sentinel, limit).await?;
        read_vote(reply).ok_or_else(|| {
            let text = format!("{sentinel} gave an answer that names no primary");
            Error::new(ErrorKind::Unavailable, text)
        })
    }

    fn nobody_knows(&self, last: Option<Result<Vote>>) -> Error {
        match last {
            Some(Err(error)) if error.kind() == ErrorKind::Refused => error,
            Some(Err(error)) => {
                let text = format!("none of the {self} can be asked: {error}");
                Error::new(ErrorKind::Unavailable, text)
            }
            _ => Error::new(ErrorKind::Unavailable, format!("none of the {self} can be asked")),
        }
    }
}

/// Refuses a server that does not take writes: a sentinel may not have heard yet.
pub(super) async fn check_role(connection: &Connection, address: &Address, limit: Duration) -> Result<()> {
    let role = match timeout(limit, connection.send(Request::One(&redis::cmd("ROLE")))).await {
        Ok(Ok(Value::Array(role))) => role.into_iter().next(),
        // Who may not ask believes the sentinels.
        Ok(Ok(Value::ServerError(error))) if of_server(&error, address).reason == Reason::Denied => {
            return Ok(());
        }
        Ok(Ok(_)) => None,
        Ok(Err(error)) => return Err(of_library(&error, address).error),
        Err(_) => None,
    };
    match role.and_then(text).as_deref() {
        Some("master") => Ok(()),
        _ => {
            let text = format!("{address} is named by the sentinels, but is no primary");
            Err(Error::new(ErrorKind::Unavailable, text))
        }
    }
}

async fn one(connection: &Connection, command: &Cmd, address: &Address, limit: Duration) -> Result<Value> {
    match timeout(limit, connection.send(Request::One(command))).await {
        Ok(Ok(Value::ServerError(error))) => Err(of_server(&error, address).error),
        Ok(reply) => reply.map_err(|error| of_library(&error, address).error),
        Err(_) => Err(Error::new(ErrorKind::Timeout, format!("{address} gave no answer within {limit:?}"))),
    }
}

/// Names and values, one after the other or as a map.
fn read_vote(reply: Value) -> Option<Vote> {
    let fields: Vec<(Value, Value)> = match reply {
        Value::Map(fields) => fields,
        Value::Array(flat) => {
            let mut flat = flat.into_iter();
            std::iter::from_fn(|| Some((flat.next()?, flat.next()?))).collect()
        }
        _ => return None,
    };
    let field = |name: &str| {
        let named = |(key, _): &&(Value, Value)| text(key.clone()).as_deref() == Some(name);
        fields.iter().find(named).and_then(|(_, value)| text(value.clone()))
    };
    let (host, port) = (field("ip")?, field("port")?.parse().ok().filter(|port| *port > 0)?);
    let epoch = field("config-epoch").and_then(|epoch| epoch.parse().ok()).unwrap_or(0);
    (!host.is_empty()).then_some(Vote { epoch, host, port })
}

fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => String::from_utf8(bytes).ok(),
        Value::SimpleString(text) => Some(text),
        _ => None,
    }
}

impl fmt::Display for Sentinels {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sentinels: Vec<String> = self.0.sentinels.iter().map(ToString::to_string).collect();
        write!(f, "sentinels of {} at {}", self.0.master, sentinels.join(", "))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_vote_is_read_from_a_list_and_from_a_map() {
        let bulk = |text: &str| Value::BulkString(text.into());
        let fields = ["name", "m", "ip", "::1", "port", "7", "config-epoch", "3"].map(bulk);
        let pairs = fields.chunks(2).map(|pair| (pair[0].clone(), pair[1].clone())).collect();
        for reply in [Value::Array(fields.to_vec()), Value::Map(pairs)] {
            let vote = read_vote(reply).unwrap();
            assert_eq!((vote.host.as_str(), vote.port, vote.epoch), ("::1", 7, 3));
        }
        for bad in [Value::Nil, Value::Array(vec![bulk("ip"), bulk("h"), bulk("port"), bulk("0")])] {
            assert!(read_vote(bad).is_none());
        }
    }
}
