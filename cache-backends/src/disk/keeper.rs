//! The thread that keeps house: hints of sealed segments, expired entries, space; and the orderly end.
//!
//! Promise: it sleeps until something calls for it, callers never do its work, and closing a store ends every
//! thread, leaves exact hints, and lets go of the directory.

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, PoisonError};
use std::thread::{Builder, JoinHandle};
use std::time::Duration;

use cache_core::error::{Error, Result};
use tokio::sync::oneshot;

use super::error::{io as io_error, no_thread};
use super::hint::{Hint, HintEntry};
use super::hint_file;
use super::lock::Trust;
use super::log::Sealed;
use super::segment::Segment;
use super::store::Store;

/// Expired entries of a store that nobody uses are looked for this often.
const IDLE: Duration = Duration::from_secs(30);
/// How long closing waits for a change that is under way (a write that the system holds up).
const PATIENCE: Duration = Duration::from_secs(10);
/// So many threads help to sync when a store is closed.
const SYNCING: usize = 7;

/// What calls for the keeper. Raising it costs one atomic swap while it is raised already.
#[derive(Debug, Default)]
pub(super) struct Signal {
    raised: AtomicBool,
    pressed: AtomicBool,
    closing: AtomicBool,
    waiting: Mutex<Vec<oneshot::Sender<()>>>,
    wake: Condvar,
}

impl Signal {
    /// There is something to do.
    pub(super) fn raise(&self) {
        if !self.raised.swap(true, Ordering::AcqRel) {
            self.notify();
        }
    }

    /// The file system is full: a segment has to go, whatever the bound says.
    pub(super) fn press(&self) {
        self.pressed.store(true, Ordering::Release);
        self.raise();
    }

    /// Whether a segment has to go.
    pub(super) fn is_pressed(&self) -> bool {
        self.pressed.load(Ordering::Acquire)
    }

    /// A segment goes.
    pub(super) fn relieve(&self) {
        self.pressed.store(false, Ordering::Release);
    }

    /// Whether the keeper is to end.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Acquire)
    }

    /// Resolves once everything that is due now has been done.
    pub(super) fn settle(&self) -> oneshot::Receiver<()> {
        let (done, settled) = oneshot::channel();
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner).push(done);
        self.raise();
        settled
    }

    fn close(&self) {
        self.closing.store(true, Ordering::Release);
        self.notify();
    }

    fn notify(&self) {
        // Under the lock, so that it cannot fall between the keeper's look and its sleep.
        let _waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        self.wake.notify_one();
    }

    fn wait(&self) -> Vec<oneshot::Sender<()>> {
        let mut waiting = self.waiting.lock().unwrap_or_else(PoisonError::into_inner);
        while !self.raised.swap(false, Ordering::AcqRel) && !self.is_closing() {
            let (guard, slept) =
                self.wake.wait_timeout(waiting, IDLE).unwrap_or_else(PoisonError::into_inner);
            waiting = guard;
            if slept.timed_out() {
                break;
            }
        }
        std::mem::take(&mut waiting)
    }
}

/// A store with its keeper. Dropping it closes the store, and blocks while it does.
#[derive(Debug)]
pub(super) struct Running {
    store: Arc<Store>,
    keeper: Option<JoinHandle<io::Result<()>>>,
}

impl Running {
    /// Starts the keeper.
    pub(super) fn start(store: Arc<Store>, trust: Trust) -> Result<Self> {
        let keeping = Arc::clone(&store);
        let keeper = Builder::new()
            .name("larder-disk-keep".to_owned())
            .spawn(move || keep(&keeping, trust))
            .map_err(no_thread)?;
        Ok(Self { store, keeper: Some(keeper) })
    }

    /// The store.
    pub(super) fn store(&self) -> &Arc<Store> {
        &self.store
    }

    /// Ends everything and lets go of the directory. Blocks.
    pub(super) fn close(&mut self) -> Result<()> {
        let Some(keeper) = self.keeper.take() else { return Ok(()) };
        self.store.signal.close();
        let closed = keeper.join().unwrap_or_else(|_| Err(io::Error::other("the keeper panicked")));
        closed
            .map_err(|error| io_error("closing the disk cache", error))
            .map_err(|error: Error| error.during("disconnect"))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if let Err(error) = self.close() {
            tracing::warn!(%error, "the disk cache was not closed cleanly");
        }
    }
}

fn keep(store: &Store, trust: Trust) -> io::Result<()> {
    if trust == Trust::Behind {
        store.verify_hints();
    }
    loop {
        let settled = store.signal.wait();
        let _ = catch_unwind(AssertUnwindSafe(|| pass(store)));
        store.log.room().settled();
        if store.signal.is_closing() {
            return close(store);
        }
        for done in settled {
            let _ = done.send(());
        }
    }
}

fn pass(store: &Store) {
    write_hints(store);
    store.sweep(false);
    store.reclaim();
    write_hints(store);
}

/// Hints of segments that were sealed.
fn write_hints(store: &Store) {
    for Sealed { segment, hint } in store.log.take_sealed() {
        write_hint(store, &segment, hint);
    }
}

/// Writes down what the index still points at. Where that fails (the disk is full) there will be no hint. Hints
/// are never synced: one that is lost, older or cut after a power loss costs a scan, never a wrong answer.
fn write_hint(store: &Store, segment: &Segment, mut hint: Hint) {
    // Before the index is asked: what is killed from here on makes this hint outdated again.
    segment.hinted();
    let is_live = |entry: &HintEntry| {
        store.index.place(entry.fingerprint).is_some_and(|place| place.is_at(segment.id(), entry.offset))
    };
    hint.entries.retain(is_live);
    if let Err(error) = hint_file::store(store.log.dir(), segment, &hint) {
        segment.outdate();
        tracing::debug!(%error, "a hint was not written; the segment will be scanned instead");
    }
}

fn close(store: &Store) -> io::Result<()> {
    store.gates.close(PATIENCE);
    store.log.room().close();
    store.workers.stop();
    let lock = store.lock.lock().unwrap_or_else(PoisonError::into_inner).take();
    write_hints(store);
    let exact = leave_exact_hints(store);
    if let (Ok(()), Some(lock)) = (&exact, &lock) {
        lock.mark_clean()?;
    }
    exact
}

fn leave_exact_hints(store: &Store) -> io::Result<()> {
    let (mut all, _) = store.log.all();
    let active = store.log.active_hint();
    for poisoned in all.extract_if(.., |segment| segment.is_poisoned()) {
        store.log.unlink(&poisoned)?;
    }
    for segment in all.iter().filter(|segment| segment.is_outdated()) {
        let known = active.as_ref().filter(|(active, _)| active.id() == segment.id());
        let hint = match known {
            Some((_, hint)) => Hint { entries: hint.entries.clone(), covered: hint.covered },
            None => hint_file::contents(store.log.dir(), segment)?.hint,
        };
        write_hint(store, segment, hint);
    }
    sync_all(&all)?;
    store.log.dir().sync()
}

/// Syncs many files at once: a journal takes them together, one after the other each would wait for its own turn.
fn sync_all(segments: &[Arc<Segment>]) -> io::Result<()> {
    let next = AtomicUsize::new(0);
    let work = || {
        while let Some(segment) = segments.get(next.fetch_add(1, Ordering::Relaxed)) {
            segment.sync()?;
        }
        Ok(())
    };
    std::thread::scope(|scope| {
        let helpers = SYNCING.min(segments.len().saturating_sub(1));
        let helpers: Vec<_> =
            (0..helpers).filter_map(|_| Builder::new().spawn_scoped(scope, work).ok()).collect();
        let own: io::Result<()> = work();
        let joined = helpers.into_iter().map(|helper| helper.join());
        joined.fold(own, |all, one| all.and(one.unwrap_or_else(|_| Err(io::Error::other("a sync panicked")))))
    })
}
