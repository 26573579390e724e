//! Who waits for which key, and the answers.
//!
//! Invariant: every batch is answered exactly once: by its lane, or by its own drop when the runtime of the lane ends.

use std::collections::VecDeque;
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use tokio::sync::Notify;
use tokio::time::Instant;

use cache_core::error::{Error, ErrorKind};
use cache_core::key::CacheKey;

use super::{Found, Manner};
use crate::redis::error::Failure;

/// Batches that may be under way at once; a server and a client that are both kept busy need two.
const LANES: usize = 2;
/// Keys of one batch.
const KEYS: usize = 128;
/// Bytes that the replies of one batch are expected to have at most.
const BYTES: usize = 1 << 20;

#[derive(Debug)]
pub(in crate::redis) struct Gather {
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
pub(super) struct Batch {
    pub(super) keys: Vec<CacheKey>,
    /// When the last caller has given up.
    pub(super) until: Instant,
    answer: Arc<Answer>,
}

#[derive(Debug, Default)]
pub(super) struct Answer {
    done: Notify,
    found: Mutex<Option<Vec<Option<Found>>>>,
}

impl Gather {
    pub(in crate::redis) fn new(manner: Manner) -> Self {
        Self { manner, queue: Mutex::default(), typical: AtomicUsize::new(0) }
    }

    /// Whether a caller may send its own get without a batch; it then is the only lane.
    pub(super) fn takes_one_alone(&self) -> bool {
        let mut queue = self.queue();
        let idle = queue.lanes == 0 && !queue.busy;
        queue.lanes += usize::from(idle);
        idle
    }

    /// Takes a place in the open batch; whether a lane has to be started for it.
    pub(super) fn join(&self, key: &CacheKey, until: Instant) -> (Arc<Answer>, usize, bool) {
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

    pub(super) fn manner(&self) -> Manner {
        self.manner
    }

    /// A lane leaves if nobody waits; whether it did.
    pub(super) fn leave_if_nobody_waits(&self) -> bool {
        let mut queue = self.queue();
        let leaves = queue.batches.is_empty();
        queue.lanes -= usize::from(leaves);
        leaves
    }

    /// A lane leaves; whether somebody waits who has none now.
    pub(super) fn leave(&self) -> bool {
        let mut queue = self.queue();
        queue.lanes -= 1;
        queue.lanes == 0 && !queue.batches.is_empty()
    }

    pub(super) fn open_lane(&self) {
        self.queue().lanes += 1;
    }

    /// Answers those who wait that nobody will read for them.
    pub(super) fn let_go(&self) {
        // Their answers are given by the drop, outside the lock.
        let stranded = std::mem::take(&mut self.queue().batches);
        drop(stranded);
    }

    /// How many keys a batch may have, by what their frames had lately.
    fn room(&self) -> usize {
        (BYTES / self.typical.load(Ordering::Relaxed).max(1)).clamp(1, KEYS)
    }

    pub(super) fn note_sizes(&self, found: &[Found]) {
        let bytes: usize = found.iter().flatten().flatten().map(Bytes::len).sum();
        let before = self.typical.load(Ordering::Relaxed);
        let lately = (before * 7).saturating_add(bytes / found.len().max(1)) / 8;
        self.typical.store(lately, Ordering::Relaxed);
    }

    pub(super) fn waiting(&self) -> usize {
        self.queue().batches.front().map_or(0, |batch| batch.keys.len())
    }

    pub(super) fn next(&self) -> Option<Batch> {
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

    pub(super) fn settle(&mut self, found: Vec<Found>) {
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
    pub(super) async fn take(&self, place: usize) -> Option<Found> {
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
