//! Single gets that come at the same time share a round trip.
//!
//! Promise: a get that finds nothing under way is sent at once; those that come while requests are under way form
//! the next batch. A caller that gives up strands nobody, and nobody waits beyond the own deadline. Invariant: every
//! batch is answered exactly once: by its lane, or by its own drop when the runtime of the lane ends.
//!
//! A lane is a task that sends one batch after the other while there are any. It yields while its batch still grows:
//! without that, callers split into two halves that alternate, and each batch is half as large as it could be.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use redis::{Cmd, Pipeline};
use tokio::runtime::Handle;
use tokio::sync::Notify;
use tokio::time::{Instant, timeout_at};

use cache_core::error::{Error, ErrorKind};
use cache_core::key::CacheKey;

use super::call::{Terms, command, no_runtime};
use super::error::{Failure, Reason, unexpected};
use super::node::Node;
use super::reply;

/// Batches that may be under way at once; a server and a client that are both kept busy need two.
const LANES: usize = 2;
/// Keys of one batch.
const KEYS: usize = 128;
/// Bytes that the replies of one batch are expected to have at most.
const BYTES: usize = 1 << 20;
/// How often a lane lets others add to its batch.
const YIELDS: usize = 4;

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

#[derive(Debug)]
pub(super) struct Gather {
    manner: Manner,
    queue: Mutex<Queue>,
    /// What a reply had in bytes lately.
    typical: AtomicUsize,
}

#[derive(Debug, Default)]
struct Queue {
    batches: VecDeque<Batch>,
    lanes: usize,
    /// The last batch had more than one key: callers come together at the moment.
    busy: bool,
}

#[derive(Debug)]
struct Batch {
    keys: Vec<CacheKey>,
    /// When the last caller has given up.
    until: Instant,
    answer: Arc<Answer>,
}

#[derive(Debug, Default)]
struct Answer {
    done: Notify,
    found: Mutex<Option<Vec<Option<Found>>>>,
}

impl Node {
    /// The frame under a key, by the deadline of this caller.
    pub(super) async fn gathered(&self, key: &CacheKey, until: Instant) -> Found {
        if let Some(outage) = self.known_outage() {
            return Err(Failure::other(outage));
        }
        let runtime = Handle::try_current().map_err(|_| Failure::other(no_runtime()))?;
        if self.gather().is_idle() {
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
            keys if self.gather().manner == Manner::OneByOne => self.fetch_each(keys).await,
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

/// A lane that counts as open until it leaves: a task, or a caller that found nothing under way.
struct Lane {
    node: Node,
    is_task: bool,
    left: bool,
}

impl Lane {
    fn of_caller(node: &Node) -> Self {
        Self { node: node.clone(), is_task: false, left: false }
    }

    fn of_task(node: &Node) -> Self {
        Self { node: node.clone(), is_task: true, left: false }
    }

    async fn run(mut self) {
        while self.is_wanted() {
            self.let_others_in().await;
            let Some(mut batch) = self.node.gather().next() else { continue };
            let found = match batch.until > Instant::now() {
                true => self.node.fetch(&batch.keys).await,
                false => vec![Err(self.node.too_late()); batch.keys.len()],
            };
            batch.settle(found);
        }
    }

    /// Whether anything waits; if not, the lane has left, in the same step.
    fn is_wanted(&mut self) -> bool {
        let mut queue = self.node.gather().queue();
        self.left = queue.batches.is_empty();
        queue.lanes -= usize::from(self.left);
        !self.left
    }

    async fn let_others_in(&self) {
        let mut waiting = self.node.gather().waiting();
        for _ in 0..YIELDS {
            tokio::task::yield_now().await;
            let now = self.node.gather().waiting();
            if now == waiting {
                return;
            }
            waiting = now;
        }
    }
}

impl Drop for Lane {
    /// Leaves. With the last lane, those who came meanwhile get a task; but if this was one its runtime has ended,
    /// and they are let go.
    fn drop(&mut self) {
        if self.left {
            return;
        }
        let mut queue = self.node.gather().queue();
        queue.lanes -= 1;
        if queue.lanes > 0 || queue.batches.is_empty() {
            return;
        }
        match Handle::try_current() {
            Ok(runtime) if !self.is_task => {
                queue.lanes += 1;
                drop(queue);
                runtime.spawn(Self::of_task(&self.node).run());
            }
            _ => {
                let stranded = std::mem::take(&mut queue.batches);
                drop(queue);
                drop(stranded);
            }
        }
    }
}

impl Gather {
    pub(super) fn new(manner: Manner) -> Self {
        Self { manner, queue: Mutex::default(), typical: AtomicUsize::new(0) }
    }

    /// Whether a caller may send its own get without a batch; it then is the only lane.
    fn is_idle(&self) -> bool {
        let mut queue = self.queue();
        let idle = queue.lanes == 0 && !queue.busy;
        queue.lanes += usize::from(idle);
        idle
    }

    /// Takes a place in the open batch; whether a lane has to be started for it.
    fn join(&self, key: &CacheKey, until: Instant) -> (Arc<Answer>, usize, bool) {
        let room = self.room();
        let mut queue = self.queue();
        let place = match queue.batches.back_mut() {
            Some(batch) if batch.keys.len() < room => batch.add(key, until),
            _ => {
                queue.batches.push_back(Batch::of(key, until));
                0
            }
        };
        let answer = queue.batches.back().map(|batch| Arc::clone(&batch.answer)).unwrap_or_default();
        let new_lane = queue.lanes < LANES;
        queue.lanes += usize::from(new_lane);
        (answer, place, new_lane)
    }

    /// How many keys a batch may have, by what their frames had lately.
    fn room(&self) -> usize {
        (BYTES / self.typical.load(Ordering::Relaxed).max(1)).clamp(1, KEYS)
    }

    fn note_sizes(&self, found: &[Found]) {
        let bytes: usize = found.iter().flatten().flatten().map(Bytes::len).sum();
        let before = self.typical.load(Ordering::Relaxed);
        let lately = (before * 7).saturating_add(bytes / found.len().max(1)) / 8;
        self.typical.store(lately, Ordering::Relaxed);
    }

    fn waiting(&self) -> usize {
        self.queue().batches.front().map_or(0, |batch| batch.keys.len())
    }

    fn next(&self) -> Option<Batch> {
        let mut queue = self.queue();
        let batch = queue.batches.pop_front()?;
        queue.busy = batch.keys.len() > 1;
        Some(batch)
    }

    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Batch {
    fn of(key: &CacheKey, until: Instant) -> Self {
        Self { keys: vec![key.clone()], until, answer: Arc::default() }
    }

    fn add(&mut self, key: &CacheKey, until: Instant) -> usize {
        self.keys.push(key.clone());
        self.until = self.until.max(until);
        self.keys.len() - 1
    }

    fn settle(&mut self, found: Vec<Found>) {
        *self.answer.found() = Some(found.into_iter().map(Some).collect());
        self.answer.done.notify_waiters();
    }
}

impl Drop for Batch {
    fn drop(&mut self) {
        if self.answer.found().is_none() {
            let error = Error::new(ErrorKind::Unavailable, "the runtime of a gathered read ended before it");
            self.settle(vec![Err(Failure::other(error)); self.keys.len()]);
        }
    }
}

impl Answer {
    /// The reply at this place, when it has come.
    async fn take(&self, place: usize) -> Option<Found> {
        let mut done = pin!(self.done.notified());
        done.as_mut().enable();
        if self.found().is_none() {
            done.await;
        }
        self.found().as_mut().and_then(|found| found.get_mut(place)).and_then(Option::take)
    }

    fn found(&self) -> MutexGuard<'_, Option<Vec<Option<Found>>>> {
        self.found.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn get(key: &CacheKey) -> Cmd {
    command("GET", key)
}
