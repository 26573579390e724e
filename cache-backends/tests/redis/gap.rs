//! What happens between the commands of one write.

use std::sync::Arc;
use std::time::Duration;

use cache_core::port::backend::{CacheBackend, SetCondition, SetOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt, copy};
use tokio::net::tcp::OwnedReadHalf;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Notify;

use crate::support::{Kind, frame, key, living, on_both_servers, patient, server};

const LIFE: Duration = Duration::from_secs(60);

on_both_servers! {
    a_load_that_begins_while_a_value_is_being_set_does_not_replace_it
}

/// Stands before a server, and holds up each `SET` with all that comes behind it until it is let through.
struct Gate {
    port: u16,
    reached: Arc<Notify>,
    open: Arc<Notify>,
}

impl Gate {
    async fn before(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (reached, open) = (Arc::new(Notify::new()), Arc::new(Notify::new()));
        let gate = Self { port: listener.local_addr().unwrap().port(), reached, open };
        let (reached, open) = (Arc::clone(&gate.reached), Arc::clone(&gate.open));
        tokio::spawn(async move {
            while let Ok((client, _)) = listener.accept().await {
                let server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
                let ((from_client, mut to_client), (mut from_server, to_server)) =
                    (client.into_split(), server.into_split());
                tokio::spawn(async move { copy(&mut from_server, &mut to_client).await });
                tokio::spawn(hold_up(from_client, to_server, (Arc::clone(&reached), Arc::clone(&open))));
            }
        });
        gate
    }

    fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }
}

async fn hold_up(
    mut client: OwnedReadHalf,
    mut server: impl AsyncWriteExt + Unpin,
    (reached, open): (Arc<Notify>, Arc<Notify>),
) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(read @ 1..) = client.read(&mut buffer).await {
        let sent = &buffer[..read];
        let set = sent.windows(9).position(|window| window == b"$3\r\nSET\r\n");
        let begins = set.and_then(|at| sent[..at].iter().rposition(|byte| *byte == b'*'));
        let (before, rest) = sent.split_at(begins.unwrap_or(0));
        server.write_all(before).await.unwrap();
        if begins.is_some() {
            reached.notify_one();
            open.notified().await;
        }
        server.write_all(rest).await.unwrap();
    }
}

async fn a_load_that_begins_while_a_value_is_being_set_does_not_replace_it(kind: Kind) {
    let server = server(kind);
    let gate = Gate::before(server.port()).await;
    let (held_up, elsewhere) = (Arc::new(patient(&gate.url())), patient(&server.url()));
    for (token, many) in [(7, false), (8, true)] {
        let key = key(if many { "user:8" } else { "user:7" });
        // Its lease is what the first command ends.
        assert_eq!(elsewhere.acquire_lease(&key, 1, LIFE).await.unwrap(), 1);
        let set = tokio::spawn({
            let (held_up, key) = (Arc::clone(&held_up), key.clone());
            async move {
                match many {
                    true => held_up.set_many(vec![(key, frame("set"), living(LIFE))]).await.unwrap()[0],
                    false => held_up.set(&key, frame("set"), living(LIFE)).await.unwrap(),
                }
            }
        });
        gate.reached.notified().await;
        while elsewhere.acquire_lease(&key, token, LIFE).await.unwrap() != token {
            tokio::task::yield_now().await;
        }
        assert_eq!(elsewhere.get(&key).await.unwrap(), None, "the value is not there yet");
        gate.open.notify_one();
        assert!(set.await.unwrap());
        let fill = SetOptions::default().when(SetCondition::IfLease(token));
        assert!(!elsewhere.set(&key, frame("loaded"), fill).await.unwrap(), "the fill is refused");
        assert_eq!(elsewhere.get(&key).await.unwrap(), Some(frame("set")));
    }
}
