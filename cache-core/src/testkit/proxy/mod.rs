//! A TCP proxy that breaks connections in the ways that networks do.
//!
//! Promise: while the fault is [`Fault::None`] bytes go through unchanged; a fault holds for connections that exist as for
//! new ones. It listens on a free port of the loopback device, keeps that port while it refuses connections, and is gone
//! when it is dropped. It runs on the runtime that it was started on.

mod connection;
mod door;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tokio::time::{Instant, sleep_until};

use connection::Connection;
use door::Door;

/// What goes wrong between client and server.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Fault {
    /// Nothing.
    #[default]
    None,
    /// Connections are refused, those that exist are cut.
    Refuse,
    /// Connections are accepted, and nothing is ever answered.
    Silence,
    /// Whatever is asked, the answer is of no protocol.
    Garbage,
    /// The connection is reset in the middle of the next answer.
    Reset,
    /// The next answer of each connection is left out; then all others come one too late, for as long as it lives.
    /// An answer is what the server sends at once.
    Omit,
    /// Answers take this much longer; they still come in order.
    Delay(Duration),
    /// Refuses connections for this long, lets them through as long, and so on.
    Flap(Duration),
}

/// A TCP proxy before a server on the loopback device.
///
/// ```no_run
/// # use cache_core::testkit::{proxy::{Fault, Proxy}, RedisServer};
/// # async fn example() {
/// let server = RedisServer::start();
/// let proxy = Proxy::before(server.port()).await;
/// println!("{}", proxy.url());
/// proxy.set(Fault::Silence).await;
/// # }
/// ```
#[derive(Debug)]
pub struct Proxy {
    port: u16,
    fault: watch::Sender<Fault>,
    in_force: watch::Receiver<Option<Fault>>,
    accepted: Arc<AtomicU64>,
    task: AbortHandle,
}

impl Proxy {
    /// Starts without a fault, before the server on this port of the loopback device (which need not be there yet).
    ///
    /// # Panics
    /// Outside a tokio runtime, or when no port is free.
    pub async fn before(server: u16) -> Self {
        let door = Door::new().expect("a free port of the loopback device");
        let (fault, accepted) = (watch::Sender::new(Fault::None), Arc::new(AtomicU64::new(0)));
        let port = door.port();
        let (told, in_force) = watch::channel(None);
        let faults = fault.subscribe();
        let keeper = Keeper { door, server, faults, told, accepted: Arc::clone(&accepted) };
        let task = tokio::spawn(keeper.run()).abort_handle();
        let proxy = Self { port, fault, in_force, accepted, task };
        proxy.set(Fault::None).await;
        proxy
    }

    /// The port to connect to.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `redis://127.0.0.1:<port>`.
    #[must_use]
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Begins a fault, or with [`Fault::None`] ends it; returns when it is so.
    pub async fn set(&self, fault: Fault) {
        self.fault.send_replace(fault);
        let mut in_force = self.in_force.clone();
        let _ = in_force.wait_for(|in_force| *in_force == Some(fault)).await;
    }

    /// How many connections were accepted so far.
    #[must_use]
    pub fn accepted(&self) -> u64 {
        self.accepted.load(Ordering::SeqCst)
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        self.task.abort();
    }
}

/// Opens and shuts the door, and keeps the connections.
struct Keeper {
    door: Door,
    server: u16,
    faults: watch::Receiver<Fault>,
    told: watch::Sender<Option<Fault>>,
    accepted: Arc<AtomicU64>,
}

impl Keeper {
    /// Until the proxy is dropped: its task is aborted, and with the set every connection.
    async fn run(mut self) {
        loop {
            let fault = *self.faults.borrow_and_update();
            match fault {
                Fault::Refuse => {
                    self.told.send_replace(Some(fault));
                    let _ = self.faults.changed().await;
                }
                Fault::Flap(period) => self.flap(period).await,
                _ => self.open(None).await,
            }
        }
    }

    /// First shut, then open, until there is another fault.
    async fn flap(&mut self, period: Duration) {
        self.told.send_replace(Some(Fault::Flap(period)));
        tokio::select! {
            _ = self.faults.changed() => return,
            () = sleep_until(Instant::now() + period) => {}
        }
        self.open(Some(Instant::now() + period)).await;
    }

    /// Lets connections in until then, or until there is a fault that shuts the door; they are cut when this ends.
    async fn open(&mut self, mut until: Option<Instant>) {
        let listener = self.door.open().expect("the port that is kept");
        let mut connections = JoinSet::new();
        if until.is_none() {
            self.told.send_replace(Some(*self.faults.borrow()));
        }
        loop {
            tokio::select! {
                accepted = listener.accept() => {
                    let Ok((client, _)) = accepted else { continue };
                    self.accepted.fetch_add(1, Ordering::SeqCst);
                    let connection = Connection::new(client, self.faults.clone());
                    connections.spawn(connection.run(self.server));
                }
                _ = self.faults.changed() => {
                    let fault = *self.faults.borrow();
                    if matches!(fault, Fault::Refuse | Fault::Flap(_)) {
                        break;
                    }
                    until = None;
                    self.told.send_replace(Some(fault));
                }
                () = sleep_until(until.unwrap_or_else(Instant::now)), if until.is_some() => break,
                Some(_) = connections.join_next() => {}
            }
        }
        drop(listener);
        connections.shutdown().await;
    }
}
