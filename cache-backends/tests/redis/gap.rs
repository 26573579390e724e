//! A load elsewhere, at every moment of a write that somebody else can see: one that began before the value was there
//! never replaces it.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use cache_backends::redis::RedisBackend;
use cache_core::key::CacheKey;
use cache_core::port::backend::{CacheBackend, SetCondition, SetOptions};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Mutex;

use crate::support::{Kind, backend, frame, key, on_both_servers, patient, server};

on_both_servers! {
    a_load_that_begins_while_a_value_is_being_set_does_not_replace_it
}

/// A load of another process, one step at each moment: its lease while the new value is not there, its fill once it is.
#[derive(Debug)]
struct Elsewhere {
    backend: RedisBackend,
    target: Option<(CacheKey, Bytes)>,
    lease: Option<u128>,
    tokens: u128,
    leased: u32,
    refused: u32,
    filled: u32,
}

impl Elsewhere {
    async fn step(&mut self) {
        let Some((key, new)) = self.target.clone() else { return };
        let set = self.backend.get(&key).await.unwrap() == Some(new);
        if !set {
            self.tokens += 1;
            let holder =
                self.backend.acquire_lease(&key, self.tokens, Duration::from_secs(60)).await.unwrap();
            self.leased += u32::from(holder == self.tokens);
            self.lease = Some(holder);
        } else if let Some(token) = self.lease.take() {
            let fill = SetOptions::default().when(SetCondition::IfLease(token));
            let filled = self.backend.set(&key, frame("old"), fill).await.unwrap();
            self.filled += u32::from(filled);
            self.refused += u32::from(!filled);
        }
    }
}

/// How long the first command is, once all of it is there.
fn first_command(bytes: &[u8]) -> Option<usize> {
    let line = |from: usize| -> Option<(usize, usize)> {
        let end = from + bytes.get(from..)?.windows(2).position(|pair| pair == b"\r\n")?;
        Some((std::str::from_utf8(&bytes[from + 1..end]).unwrap().parse().unwrap(), end + 2))
    };
    let (words, mut at) = line(0)?;
    for _ in 0..words {
        let (length, begin) = line(at)?;
        at = begin + length + 2;
    }
    (at <= bytes.len()).then_some(at)
}

/// Hands on one command at a time, with a step of the other before each and behind the last.
async fn relay(mut client: TcpStream, port: u16, elsewhere: Arc<Mutex<Elsewhere>>) {
    let mut server = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
    let (mut asked, mut chunk) = (Vec::new(), vec![0; 1 << 16]);
    loop {
        while let Some(length) = first_command(&asked) {
            elsewhere.lock().await.step().await;
            server.write_all(&asked[..length]).await.unwrap();
            asked.drain(..length);
            let Ok(read @ 1..) = server.read(&mut chunk).await else { return };
            elsewhere.lock().await.step().await;
            if client.write_all(&chunk[..read]).await.is_err() {
                return;
            }
        }
        match client.read(&mut chunk).await {
            Ok(read @ 1..) => asked.extend_from_slice(&chunk[..read]),
            _ => return,
        }
    }
}

async fn a_load_that_begins_while_a_value_is_being_set_does_not_replace_it(kind: Kind) {
    let server = server(kind);
    let elsewhere = Elsewhere {
        backend: backend(&server),
        target: None,
        lease: None,
        tokens: 0,
        leased: 0,
        refused: 0,
        filled: 0,
    };
    let elsewhere = Arc::new(Mutex::new(elsewhere));
    let door = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let here = patient(&format!("redis://127.0.0.1:{}", door.local_addr().unwrap().port()));
    let (port, other) = (server.port(), Arc::clone(&elsewhere));
    let doors = tokio::spawn(async move {
        while let Ok((client, _)) = door.accept().await {
            tokio::spawn(relay(client, port, Arc::clone(&other)));
        }
    });
    for verb in ["set", "set again", "set large", "add", "add large", "set_many", "set_many large"] {
        let key = key(&format!("user:{verb}"));
        let new = if verb.ends_with("large") { frame(&"new".repeat(10_000)) } else { frame("new") };
        let always = SetOptions::default();
        elsewhere.lock().await.target = Some((key.clone(), new.clone()));
        let stored = match verb {
            "add" | "add large" => {
                here.set(&key, new.clone(), always.when(SetCondition::IfAbsent)).await.unwrap()
            }
            "set_many" | "set_many large" => {
                here.set_many(vec![(key.clone(), new.clone(), always)]).await.unwrap() == [true]
            }
            _ => here.set(&key, new.clone(), always).await.unwrap(),
        };
        let mut elsewhere = elsewhere.lock().await;
        elsewhere.target = None;
        assert!(stored, "{verb}");
        assert_eq!(elsewhere.filled, 0, "{verb}: a load that began before the value was there replaced it");
        let seen = (std::mem::take(&mut elsewhere.leased) > 0, std::mem::take(&mut elsewhere.refused));
        assert_eq!(seen, (true, 1), "{verb}: no load began before the value was there");
        assert_eq!(elsewhere.backend.get(&key).await.unwrap(), Some(new), "{verb}");
    }
    doors.abort();
}
