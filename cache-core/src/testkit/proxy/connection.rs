//! One connection through the proxy: both directions, and what the fault of the moment does to them.

use std::collections::VecDeque;
use std::io;
use std::net::Ipv4Addr;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::watch;
use tokio::time::{Instant, sleep, sleep_until};

use super::Fault;

const GARBAGE: &[u8] = b"\x00\xffHTTP/1.1 418 this is no cache\r\n\r\n";
const CHUNK: usize = 16 << 10;

pub(super) struct Connection {
    client: TcpStream,
    faults: watch::Receiver<Fault>,
    /// Answers on their way, and when they are due: a delay keeps their order and holds up nobody else.
    answers: VecDeque<(Instant, Vec<u8>)>,
    omitted: bool,
}

impl Connection {
    pub(super) fn new(client: TcpStream, faults: watch::Receiver<Fault>) -> Self {
        Self { client, faults, answers: VecDeque::new(), omitted: false }
    }

    /// Until one side ends it. An error of either side is its end.
    pub(super) async fn run(mut self, server: u16) -> io::Result<()> {
        let mut server = TcpStream::connect((Ipv4Addr::LOCALHOST, server)).await?;
        server.set_nodelay(true)?;
        self.client.set_nodelay(true)?;
        let (mut question, mut answer) = (vec![0; CHUNK], vec![0; CHUNK]);
        loop {
            let due = self.answers.front().map(|(due, _)| *due);
            tokio::select! {
                bytes = self.client.read(&mut question) => match bytes? {
                    0 => return Ok(()),
                    bytes => self.ask(&mut server, &question[..bytes]).await?,
                },
                bytes = server.read(&mut answer) => match bytes? {
                    0 => return self.client.shutdown().await,
                    bytes => self.take(&answer[..bytes]),
                },
                () = sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => {
                    if self.give().await? {
                        return Ok(());
                    }
                }
            }
        }
    }

    fn fault(&self) -> Fault {
        *self.faults.borrow()
    }

    async fn ask(&mut self, server: &mut TcpStream, question: &[u8]) -> io::Result<()> {
        match self.fault() {
            Fault::Silence => Ok(()),
            Fault::Garbage => self.client.write_all(GARBAGE).await,
            _ => server.write_all(question).await,
        }
    }

    fn take(&mut self, answer: &[u8]) {
        let delay = if let Fault::Delay(delay) = self.fault() { delay } else { Duration::ZERO };
        self.answers.push_back((Instant::now() + delay, answer.to_vec()));
    }

    /// Hands the oldest answer on; whether that was the end of the connection.
    async fn give(&mut self) -> io::Result<bool> {
        let Some((_, answer)) = self.answers.pop_front() else { return Ok(false) };
        match self.fault() {
            Fault::Silence => {}
            Fault::Omit if !self.omitted => self.omitted = true,
            // An answer that is only left out would shift all later ones by one, as no network does.
            Fault::Garbage => self.client.write_all(GARBAGE).await?,
            Fault::Reset => {
                self.client.write_all(&answer[..answer.len() / 2]).await?;
                // The half has to be there before the reset, which overtakes what is still on its way.
                sleep(Duration::from_millis(5)).await;
                self.client.set_zero_linger()?;
                return Ok(true);
            }
            _ => self.client.write_all(&answer).await?,
        }
        Ok(false)
    }
}
