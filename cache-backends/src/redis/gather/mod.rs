//! Single gets that come at the same time share a round trip.
//!
//! Promise: a get that finds nothing under way is sent at once; those that come while requests are under way form
//! the next batch. A caller that gives up strands nobody, and nobody waits beyond the own deadline. [`queue`] holds
//! who waits, [`lane`] sends; this file says what is sent.

mod lane;
mod queue;

use bytes::Bytes;
use redis::{Cmd, Pipeline};
use tokio::runtime::Handle;
use tokio::time::{Instant, timeout_at};

use cache_core::error::{Error, ErrorKind};
use cache_core::key::CacheKey;

use super::call::{Terms, command, no_runtime};
use super::error::{Failure, Reason, unexpected};
use super::node::Node;
use super::reply;
use lane::Lane;
pub(super) use queue::Gather;

type Found = Result<Option<Bytes>, Failure>;

/// How a batch is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Manner {
    /// As one `MGET`.
    Together,
    /// As a pipeline of `GET`s: the keys of a cluster's node lie in different slots.
    #[cfg_attr(not(feature = "redis-cluster"), allow(dead_code, reason = "only clusters need it"))]
    OneByOne,
}

impl Node {
    /// The frame under a key, by the deadline of this caller.
    pub(super) async fn gathered(&self, key: &CacheKey, until: Instant) -> Found {
        if let Some(outage) = self.known_outage() {
            return Err(Failure::other(outage));
        }
        let runtime = Handle::try_current().map_err(|_| Failure::other(no_runtime()))?;
        if self.gather().takes_one_alone() {
            let _lane = Lane::of_caller(self);
            return self.fetch_alone(key).await;
        }
        let (answer, place, new_lane) = self.gather().join(key, until);
        if new_lane {
            runtime.spawn(Lane::of_task(self).run());
        }
        match timeout_at(until, answer.take(place)).await {
            Ok(Some(found)) => found,
            Ok(None) => Err(unexpected(self.source())),
            Err(_) => Err(self.too_late()),
        }
    }

    fn too_late(&self) -> Failure {
        let waited = self.settings().read_timeout;
        let text = format!("{} gave no answer within {waited:?}", self.source());
        Failure::other(Error::new(ErrorKind::Timeout, text))
    }

    async fn fetch(&self, keys: &[CacheKey]) -> Vec<Found> {
        let found = match keys {
            [key] => return vec![self.fetch_alone(key).await],
            keys if self.gather().manner() == Manner::OneByOne => self.fetch_each(keys).await,
            keys => self.fetch_together(keys).await,
        };
        self.gather().note_sizes(&found);
        found
    }

    async fn fetch_alone(&self, key: &CacheKey) -> Found {
        let found = self.ask(&self.reading().one(&get(key)), reply::frame).await;
        self.gather().note_sizes(std::slice::from_ref(&found));
        found
    }

    async fn fetch_together(&self, keys: &[CacheKey]) -> Vec<Found> {
        let mut command = redis::cmd("MGET");
        for key in keys {
            command.arg(key.as_str());
        }
        match self.ask(&self.reading().one(&command), reply::frames).await {
            Ok(frames) if frames.len() == keys.len() => frames.into_iter().map(Ok).collect(),
            Ok(_) => vec![Err(unexpected(self.source())); keys.len()],
            // One key that this user may not read must not take the others with it.
            Err(failure) if failure.reason == Reason::Denied => self.fetch_each(keys).await,
            Err(failure) => vec![Err(failure); keys.len()],
        }
    }

    async fn fetch_each(&self, keys: &[CacheKey]) -> Vec<Found> {
        let mut pipeline = Pipeline::with_capacity(keys.len());
        for key in keys {
            pipeline.add_command(get(key));
        }
        let replies = self.ask_each(self.reading(), &pipeline).await;
        let read = |reply| reply::frame(reply).ok_or_else(|| unexpected(self.source()));
        replies.into_iter().map(|reply| reply.and_then(read)).collect()
    }

    fn reading(&self) -> Terms {
        Terms::reading("get", self.settings().read_timeout)
    }
}

fn get(key: &CacheKey) -> Cmd {
    command("GET", key)
}
