//! A TCP proxy that breaks connections in the ways that networks do.
//!
//! Promise: while the fault is [`Fault::None`] bytes go through unchanged; a fault holds for connections that exist as for
//! new ones. It listens on a free port of the loopback device, keeps that port while it refuses connections, and is gone
//! when it is dropped. It runs on the runtime that it was started on.

mod connection;
mod door;

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

#[cfg(test)]
mod tests {
    use std::io;

    use tokio::io::{AsyncReadExt, AsyncWriteExt};
    use tokio::net::{TcpListener, TcpStream};

    use super::*;

    /// Answers every message with itself, in capitals.
    async fn echo() -> u16 {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        tokio::spawn(async move {
            while let Ok((mut stream, _)) = listener.accept().await {
                tokio::spawn(async move {
                    let mut heard = [0; 64];
                    while let Ok(bytes @ 1..) = stream.read(&mut heard).await {
                        let _ = stream.write_all(&heard[..bytes].to_ascii_uppercase()).await;
                    }
                });
            }
        });
        port
    }

    async fn stand() -> Proxy {
        Proxy::before(echo().await).await
    }

    async fn dial(proxy: &Proxy) -> io::Result<TcpStream> {
        TcpStream::connect(("127.0.0.1", proxy.port())).await
    }

    /// What comes back, if anything does in a while: no bytes are the end of the connection.
    async fn ask(stream: &mut TcpStream) -> Option<io::Result<Vec<u8>>> {
        let mut heard = [0; 64];
        let answer = async {
            stream.write_all(b"hello").await?;
            stream.read(&mut heard).await
        };
        let answer = tokio::time::timeout(Duration::from_millis(300), answer).await.ok()?;
        Some(answer.map(|bytes| heard[..bytes].to_vec()))
    }

    #[tokio::test]
    async fn without_a_fault_bytes_go_through_unchanged() {
        let proxy = stand().await;
        let mut stream = dial(&proxy).await.unwrap();
        assert_eq!(ask(&mut stream).await.unwrap().unwrap(), b"HELLO");
        assert_eq!(proxy.accepted(), 1);
    }

    #[tokio::test]
    async fn refused_connections_are_refused_until_the_fault_ends_on_the_same_port() {
        let proxy = stand().await;
        for _ in 0..5 {
            let mut stream = dial(&proxy).await.unwrap();
            assert!(ask(&mut stream).await.unwrap().is_ok());
            proxy.set(Fault::Refuse).await;
            let cut = ask(&mut stream).await.unwrap();
            assert!(cut.is_err() || cut.unwrap().is_empty(), "what exists is cut");
            assert_eq!(dial(&proxy).await.unwrap_err().kind(), io::ErrorKind::ConnectionRefused);
            proxy.set(Fault::None).await;
        }
    }

    #[tokio::test]
    async fn silence_garbage_and_delay_hold_for_connections_that_exist() {
        let proxy = stand().await;
        let mut stream = dial(&proxy).await.unwrap();
        proxy.set(Fault::Silence).await;
        assert!(ask(&mut stream).await.is_none());
        proxy.set(Fault::Garbage).await;
        let garbage = ask(&mut stream).await.unwrap().unwrap();
        assert!(!garbage.is_empty() && garbage != b"HELLO");
        proxy.set(Fault::Delay(Duration::from_millis(80))).await;
        let began = Instant::now();
        assert_eq!(ask(&mut stream).await.unwrap().unwrap(), b"HELLO");
        assert!(began.elapsed() >= Duration::from_millis(80));
        proxy.set(Fault::None).await;
        assert_eq!(ask(&mut stream).await.unwrap().unwrap(), b"HELLO");
    }

    #[tokio::test]
    async fn a_reset_comes_after_half_the_answer() {
        let proxy = stand().await;
        let mut stream = dial(&proxy).await.unwrap();
        proxy.set(Fault::Reset).await;
        assert_eq!(ask(&mut stream).await.unwrap().unwrap(), b"HE");
        let error = stream.read(&mut [0; 8]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::ConnectionReset);
    }

    #[tokio::test]
    async fn flapping_is_shut_and_open_in_turn() {
        let proxy = stand().await;
        proxy.set(Fault::Flap(Duration::from_millis(200))).await;
        let (mut turns, mut was_open) = (0, true);
        let began = Instant::now();
        while turns < 4 {
            assert!(began.elapsed() < Duration::from_secs(5), "{turns} turns");
            let is_open = dial(&proxy).await.is_ok();
            turns += u32::from(is_open != was_open);
            was_open = is_open;
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}
