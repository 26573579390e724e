//! What a backend talks to, behind one face: a server, or the servers of a cluster.
//!
//! The verbs know keys and commands; which server a key belongs to is known here.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use redis::{Cmd, Pipeline, Value};

use cache_core::error::Result;
use cache_core::key::CacheKey;

use super::call::{Call, Terms};
#[cfg(feature = "redis-cluster")]
use super::cluster::Cluster;
use super::config::Settings;
#[cfg(feature = "redis-cluster")]
use super::error::Reason;
use super::error::{Failure, unexpected};
use super::gather::Manner;
use super::node::Node;
use super::place::Place;
use super::reply;
use super::source::Source;

/// Keys of one `MGET`.
const KEYS: usize = 256;

/// The server or servers.
#[derive(Debug)]
pub(super) enum Shape {
    One(Node),
    #[cfg(feature = "redis-cluster")]
    Cluster(Cluster),
}

/// A command about one key.
pub(super) struct Keyed<'a> {
    #[cfg_attr(not(feature = "redis-cluster"), allow(dead_code, reason = "one server holds every key"))]
    pub(super) key: &'a [u8],
    pub(super) command: Cmd,
}

impl Shape {
    pub(super) fn new(settings: Arc<Settings>, place: Place) -> Self {
        match place {
            Place::One(address) => Self::One(Node::new(settings, Source::Fixed(address), Manner::Together)),
            #[cfg(feature = "redis-sentinel")]
            Place::Sentinel(sentinels) => {
                Self::One(Node::new(settings, Source::Sentinel(sentinels), Manner::Together))
            }
            #[cfg(feature = "redis-cluster")]
            Place::Cluster { template, seeds } => Self::Cluster(Cluster::new(settings, template, seeds)),
        }
    }

    pub(super) fn settings(&self) -> &Settings {
        match self {
            Self::One(node) => node.settings(),
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.settings(),
        }
    }

    pub(super) fn is_available(&self) -> bool {
        match self {
            Self::One(node) => node.is_available(),
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.is_available(),
        }
    }

    /// Connects, or says why not.
    pub(super) async fn open(&self) -> Result<()> {
        match self {
            Self::One(node) => {
                node.open().await?;
                let ping = Terms::reading("connect", self.settings().connect_timeout);
                match node.ask(&ping.one(&redis::cmd("PING")), |_| Some(())).await {
                    Err(failure) if !failure.reason.is_alive() => Err(failure.error),
                    _ => Ok(()),
                }
            }
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.open().await,
        }
    }

    /// Lets go of all connections. The next call connects anew.
    pub(super) fn shut(&self) {
        match self {
            Self::One(node) => node.shut(),
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.shut(),
        }
    }

    /// The servers that hold keys.
    pub(super) async fn nodes(&self) -> Result<Vec<Node>> {
        match self {
            Self::One(node) => Ok(vec![node.clone()]),
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.nodes().await,
        }
    }

    /// The frame under a key, read together with what others read now.
    pub(super) async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        let found = match self {
            Self::One(node) => node.gathered(key, node.read_deadline()).await,
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.get(key).await,
        };
        found.map_err(|failure| failure.error.during("get"))
    }

    /// Asks the server that holds the key.
    pub(super) async fn ask<T>(
        &self,
        key: &CacheKey,
        call: &Call<'_>,
        read: fn(Value) -> Option<T>,
    ) -> Result<T, Failure> {
        let _ = key;
        match self {
            Self::One(node) => node.ask(call, read).await,
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.ask(key.as_str().as_bytes(), call, read).await,
        }
    }

    /// Asks many things about a key each, and gives the answer of each.
    pub(super) async fn ask_each(
        &self,
        terms: Terms,
        commands: Vec<Keyed<'_>>,
    ) -> Vec<Result<Value, Failure>> {
        match self {
            Self::One(node) => {
                let mut pipeline = Pipeline::with_capacity(commands.len());
                for keyed in commands {
                    pipeline.add_command(keyed.command);
                }
                node.ask_each(terms, &pipeline).await
            }
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.ask_each(terms, commands).await,
        }
    }

    /// Many frames, in the order of the keys.
    pub(super) async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        let mut frames = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS) {
            let terms = Terms::reading("get_many", self.settings().read_timeout);
            let found = match self {
                Self::One(node) => get_together(node, terms, keys).await,
                #[cfg(feature = "redis-cluster")]
                Self::Cluster(cluster) => get_each(cluster, terms, keys).await,
            };
            frames.extend(found.map_err(|failure| terms.named(failure))?);
        }
        Ok(frames)
    }
}

async fn get_together(node: &Node, terms: Terms, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>, Failure> {
    let mut command = redis::cmd("MGET");
    for key in keys {
        command.arg(key.as_str());
    }
    let found = node.ask(&terms.one(&command), reply::frames).await?;
    if found.len() == keys.len() { Ok(found) } else { Err(unexpected(node.source())) }
}

#[cfg(feature = "redis-cluster")]
async fn get_each(cluster: &Cluster, terms: Terms, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>, Failure> {
    let commands = keys
        .iter()
        .map(|key| Keyed { key: key.as_str().as_bytes(), command: super::call::command("GET", key) });
    let answers = cluster.ask_each(terms, commands.collect()).await;
    let read = |answer| match answer {
        // As `MGET` has it.
        Err(Failure { reason: Reason::Foreign, .. }) => Ok(None),
        Err(failure) => Err(failure),
        Ok(reply) => reply::frame(reply).ok_or_else(super::cluster::nonsense),
    };
    answers.into_iter().map(read).collect()
}

impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(node) => node.source().fmt(f),
            #[cfg(feature = "redis-cluster")]
            Self::Cluster(cluster) => cluster.fmt(f),
        }
    }
}
