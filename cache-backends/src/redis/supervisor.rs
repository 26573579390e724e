//! Who makes the connection, and makes it again.
//!
//! Promise: callers wait for a connection only while its first attempt is under way, and only to their own
//! deadline; after a failed attempt they fail at once, while one task goes on trying with a `PING` (20 ms to
//! 500 ms apart, jittered) until the server is back. Invariant: at most one task connects, and it ends with the connection
//! it made (behind sentinels it watches it till its end), with [`Supervisor::shut`], with the value, or with its runtime (then the next caller starts another).

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::runtime::Handle;
use tokio::sync::{Notify, watch};
use tokio::task::AbortHandle;
use tokio::time::{Instant, timeout, timeout_at};

use cache_core::error::{Error, ErrorKind, Result};

use super::config::Settings;
use super::connection::Connection;
use super::pause::pause;
use super::phase::Phase;
use super::source::{Named, Source};

/// A replica that was met on a connection younger than this is what the URL names, not a demoted primary.
const NEW_CONNECTION: Duration = Duration::from_secs(1);

#[derive(Debug)]
pub(super) struct Supervisor(Arc<Shared>);

#[derive(Debug)]
struct Shared {
    settings: Arc<Settings>,
    source: Source,
    phase: watch::Sender<Phase>,
    tasks: AtomicU64,
    task: Mutex<Option<AbortHandle>>,
    now: Notify,
}

impl Supervisor {
    pub(super) fn new(settings: Arc<Settings>, source: Source) -> Self {
        Self(Arc::new(Shared {
            settings,
            source,
            phase: watch::Sender::new(Phase::Idle),
            tasks: AtomicU64::new(0),
            task: Mutex::new(None),
            now: Notify::new(),
        }))
    }

    /// What messages name.
    pub(super) fn source(&self) -> &Source {
        &self.0.source
    }

    pub(super) fn is_available(&self) -> bool {
        self.0.phase.borrow().is_available()
    }

    /// Why calls fail at once, if they do.
    pub(super) fn known_outage(&self) -> Option<Error> {
        match &*self.0.phase.borrow() {
            Phase::Down { error, .. } => Some(error.clone()),
            _ => None,
        }
    }

    /// The connection, or why there is none.
    pub(super) async fn connection(&self, until: Instant) -> Result<Arc<Connection>> {
        if let Phase::Up(connection) = &*self.0.phase.borrow() {
            return Ok(Arc::clone(connection));
        }
        // Who fails at once, again and again, must let others run.
        tokio::task::consume_budget().await;
        let phases = self.0.phase.subscribe();
        timeout_at(until, self.settled(phases)).await.unwrap_or_else(|_| Err(self.still_connecting()))
    }

    /// Tries at once, whatever failed before, and says how that ended.
    pub(super) async fn open(&self) -> Result<Arc<Connection>> {
        let mut phases = self.0.phase.subscribe();
        let limit = self.0.settings.connect_timeout * 2 * self.0.source.steps();
        let is_down = matches!(&*phases.borrow_and_update(), Phase::Down { .. });
        let opened = async {
            if is_down {
                self.0.now.notify_one();
                let _ = phases.changed().await;
            }
            self.settled(phases).await
        };
        timeout(limit, opened).await.unwrap_or_else(|_| Err(self.still_connecting()))
    }

    /// A caller found that this connection is of no use any more.
    pub(super) fn lost(&self, connection: u64) {
        self.0.lost(connection);
    }

    /// Now and then, gives up a connection whose answers belong to other questions. Ends with the connection.
    pub(super) fn check(&self, connection: &Arc<Connection>) {
        let (true, Ok(runtime)) = (connection.echo().is_due(), Handle::try_current()) else { return };
        let (shared, asked) = (Arc::downgrade(&self.0), Arc::clone(connection));
        let (limit, mut phases) = (self.0.settings.read_timeout, self.0.phase.subscribe());
        runtime.spawn(async move {
            let number = asked.number();
            let is_shifted = tokio::select! {
                is_shifted = asked.is_shifted(limit) => is_shifted,
                _ = phases.wait_for(|phase| !phase.is_connection(number)) => false,
            };
            if let (true, Some(shared)) = (is_shifted, shared.upgrade()) {
                let server = &shared.source;
                tracing::warn!(%server, "answers of the cache server belong to other questions; connecting anew");
                shared.lost(number);
            }
        });
    }

    /// Something was heard about the server that only a new connection can find out: it is made, unless the
    /// present one is new itself.
    pub(super) fn doubt(&self) {
        let doubted = match &*self.0.phase.borrow() {
            Phase::Up(connection) if connection.age() > NEW_CONNECTION => Some(connection.number()),
            _ => None,
        };
        if let Some(connection) = doubted {
            self.0.lost(connection);
        }
    }

    /// Waits until this connection is not used any more; whether that is because of [`Supervisor::shut`].
    ///
    /// A request that reaches the client library while its connection ends may get lost there without an answer:
    /// the queue in front of the socket is emptied once, and what a sender puts in behind that stays.
    pub(super) async fn given_up(&self, connection: u64) -> bool {
        let mut phases = self.0.phase.subscribe();
        let phase = phases.wait_for(|phase| !phase.is_connection(connection)).await;
        phase.is_ok_and(|phase| matches!(*phase, Phase::Idle))
    }

    /// Lets go of the connection and the task. The next call connects anew.
    pub(super) fn shut(&self) {
        self.0.shut();
    }

    async fn settled(&self, mut phases: watch::Receiver<Phase>) -> Result<Arc<Connection>> {
        loop {
            let is_idle = match &*phases.borrow_and_update() {
                Phase::Up(connection) => return Ok(Arc::clone(connection)),
                Phase::Down { error, .. } => return Err(error.clone()),
                Phase::Dialing { .. } => false,
                Phase::Idle => true,
            };
            if is_idle {
                self.0.begin(false, |phase| matches!(phase, Phase::Idle));
            }
            let _ = phases.changed().await;
        }
    }

    fn still_connecting(&self) -> Error {
        let text = format!("{} could not be connected to in time", self.0.source);
        Error::new(ErrorKind::Unavailable, text)
    }
}

impl Drop for Supervisor {
    fn drop(&mut self) {
        self.0.shut();
    }
}

impl Shared {
    fn lost(self: &Arc<Self>, connection: u64) {
        self.begin(true, |phase| phase.is_connection(connection));
    }

    /// Starts a task if the phase is the one that asks for it.
    fn begin(self: &Arc<Self>, lost: bool, asks_for_it: impl Fn(&Phase) -> bool) {
        let task = self.tasks.fetch_add(1, Ordering::Relaxed);
        let Ok(runtime) = Handle::try_current() else {
            self.change(asks_for_it, Phase::Idle);
            return;
        };
        if self.change(asks_for_it, Phase::Dialing { task, lost }) {
            let running = runtime.spawn(supervise(Arc::clone(self), task)).abort_handle();
            *self.task.lock().unwrap_or_else(PoisonError::into_inner) = Some(running);
        }
    }

    fn shut(&self) {
        self.change(|_| true, Phase::Idle);
        if let Some(task) = self.task.lock().unwrap_or_else(PoisonError::into_inner).take() {
            task.abort();
        }
    }

    /// Changes the phase if it is the expected one. What it held is dropped outside the lock.
    fn change(&self, expected: impl Fn(&Phase) -> bool, next: Phase) -> bool {
        let mut held = Some(next);
        self.phase.send_if_modified(|phase| {
            let change = expected(phase);
            if change && let Some(next) = held.take() {
                held = Some(std::mem::replace(phase, next));
            }
            change
        })
    }

    async fn attempt(self: &Arc<Self>, task: u64) -> Result<(Connection, Named)> {
        let shared = Arc::downgrade(self);
        let lost = move || {
            if let Some(shared) = shared.upgrade() {
                shared.lost(task);
            }
        };
        self.source.connect(self.settings.connect_timeout, task, lost).await
    }
}

/// One outage, from the first attempt to the connection.
async fn supervise(shared: Arc<Shared>, task: u64) {
    let _abandoned = Abandoned { shared: &shared, task };
    let mut failures = 0;
    while shared.phase.borrow().is_work_of(task) {
        match shared.attempt(task).await {
            Ok((connection, named)) => {
                report_up(&shared.source, failures);
                shared.change(|phase| phase.is_work_of(task), Phase::Up(Arc::new(connection)));
                watch(&shared, task, &named).await;
            }
            Err(error) => {
                report_down(&error, failures);
                let pause = pause(failures, error.kind());
                failures += 1;
                shared.change(|phase| phase.is_work_of(task), Phase::Down { task, error });
                let _ = timeout(pause, shared.now.notified()).await;
            }
        }
    }
}

/// Gives a connection up when its source names another server; ends with the connection.
async fn watch(shared: &Arc<Shared>, task: u64, named: &Named) {
    if !shared.source.is_moving() {
        return;
    }
    let mut phases = shared.phase.subscribe();
    tokio::select! {
        _ = phases.wait_for(|phase| !phase.is_connection(task)) => {}
        () = shared.source.moved_from(named, shared.settings.connect_timeout) => shared.lost(task),
    }
}

/// A task that ends without a connection (its runtime did, or it panicked) leaves the field to the next caller.
struct Abandoned<'a> {
    shared: &'a Arc<Shared>,
    task: u64,
}

impl Drop for Abandoned<'_> {
    fn drop(&mut self) {
        self.shared.change(|phase| phase.is_work_of(self.task), Phase::Idle);
    }
}

/// An outage is two lines, however many calls it cost.
fn report_down(error: &Error, failures: u32) {
    if failures == 0 {
        tracing::warn!(%error, "the cache server cannot be used; trying again in the background");
    }
}

fn report_up(source: &Source, failures: u32) {
    if failures > 0 {
        tracing::info!(server = %source, "the cache server can be used again");
    }
}
