//! What a server that is away, slow or confused costs, and how soon it is used again.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Poll, Waker};
use std::time::Duration;

use cache_backends::redis::RedisBackend;
use cache_core::error::{Error, ErrorKind};
use cache_core::key::KeyPattern;
use cache_core::port::backend::{CacheBackend, DeleteOptions, Expiry, SetCondition, SetOptions};
use tokio::runtime::Handle;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep};

use crate::impostor::{Impostor, impostor};
use crate::support::{
    Kind, backend, frame, key, on_both_servers, outsider, patient, server, shop, timed, until,
};

on_both_servers! {
    a_server_that_is_absent_at_the_start_is_used_when_it_comes
    a_killed_server_costs_no_call_more_than_its_deadline
    a_frozen_server_costs_no_call_more_than_its_deadline
    a_lost_server_is_noticed_and_found_again_without_traffic
    a_connection_that_broke_unnoticed_costs_a_repeatable_call_nothing
    a_cut_connection_is_replaced
    dropped_calls_do_not_mix_up_replies
    connecting_says_whether_the_server_is_there
    disconnecting_lets_go_and_the_next_call_connects_anew
    a_primary_that_was_demoted_is_left
}

const READ: Duration = Duration::from_millis(100);
const WRITE: Duration = Duration::from_millis(250);
/// The machine that runs this has other work as well.
const SLACK: Duration = Duration::from_millis(300);
/// Half a second, one attempt, and other work.
const FOUND_AGAIN: Duration = Duration::from_millis(1_200);

fn fill() -> SetOptions {
    SetOptions::default()
}

fn is_outage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Timeout | ErrorKind::Unavailable)
}

async fn a_server_that_is_absent_at_the_start_is_used_when_it_comes(kind: Kind) {
    let mut server = server(kind);
    server.kill();
    let backend = RedisBackend::new(server.url()).unwrap();
    assert!(backend.is_available(), "nobody has tried yet");
    for round in 0..20 {
        let (answer, took) = timed(backend.get(&key("a"))).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable, "{round}");
        assert!(took < READ + SLACK, "{round}: {took:?}");
        let (answer, took) = timed(backend.set(&key("a"), frame("v"), fill())).await;
        assert_eq!(answer.unwrap_err().kind(), ErrorKind::Unavailable, "{round}");
        assert!(took < WRITE + SLACK, "{round}: {took:?}");
        assert!(!backend.is_available());
    }
    let (_, took) = timed(async {
        for _ in 0..100 {
            backend.get(&key("a")).await.unwrap_err();
        }
    })
    .await;
    assert!(took < READ, "a hundred calls of a known outage cost less than one deadline: {took:?}");
    server.restart();
    until(FOUND_AGAIN, || backend.is_available()).await;
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
}

/// Four callers read for this long; the slowest call is returned, and when the last error was.
async fn traffic(backend: &Arc<RedisBackend>, length: Duration) -> (Duration, Option<Instant>) {
    let end = Instant::now() + length;
    let mut callers = JoinSet::new();
    for _ in 0..4 {
        let backend = Arc::clone(backend);
        callers.spawn(async move {
            let (mut slowest, mut last_error) = (Duration::ZERO, None);
            while Instant::now() < end {
                let (answer, took) = timed(backend.get(&key("a"))).await;
                slowest = slowest.max(took);
                if let Err(error) = answer {
                    assert!(is_outage(&error), "{error}");
                    last_error = Some(Instant::now());
                }
                sleep(Duration::from_millis(1)).await;
            }
            (slowest, last_error)
        });
    }
    let each = callers.join_all().await;
    let slowest = each.iter().map(|(slowest, _)| *slowest).max().unwrap();
    (slowest, each.iter().filter_map(|(_, last)| *last).max())
}

async fn a_killed_server_costs_no_call_more_than_its_deadline(kind: Kind) {
    let mut server = server(kind);
    let backend = Arc::new(RedisBackend::new(server.url()).unwrap());
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    let callers = tokio::spawn({
        let backend = Arc::clone(&backend);
        async move { traffic(&backend, Duration::from_millis(2_200)).await }
    });
    sleep(Duration::from_millis(100)).await;
    let restarted = tokio::task::spawn_blocking(move || {
        server.kill();
        std::thread::sleep(Duration::from_millis(300));
        server.restart();
        (Instant::now(), server)
    });
    let (back, _server) = restarted.await.unwrap();
    let (slowest, last_error) = callers.await.unwrap();
    assert!(slowest < READ + SLACK, "{slowest:?}");
    let outage = last_error.expect("nobody noticed").saturating_duration_since(back);
    assert!(outage < FOUND_AGAIN, "{outage:?}");
    backend.set(&key("a"), frame("w"), fill()).await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("w")));
}

async fn a_frozen_server_costs_no_call_more_than_its_deadline(kind: Kind) {
    let server = server(kind);
    let backend = Arc::new(RedisBackend::new(server.url()).unwrap());
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    backend.get(&key("a")).await.unwrap();
    server.pause();
    let frozen = Instant::now();
    let (answer, took) = timed(backend.get(&key("a"))).await;
    assert_eq!(answer.unwrap_err().kind(), ErrorKind::Timeout);
    assert!(took >= READ && took < READ + SLACK, "{took:?}");
    let error = backend.acquire_lease(&key("a"), 7, Duration::from_secs(1)).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Timeout);
    assert!(error.to_string().contains("no answer within 100ms"), "a lease has the time of a read: {error}");
    let (slowest, _) = traffic(&backend, Duration::from_secs(1).saturating_sub(frozen.elapsed())).await;
    assert!(slowest < READ + SLACK, "{slowest:?}");
    assert!(!backend.is_available(), "three rounds of silence mean a lost connection");
    server.resume();
    until(FOUND_AGAIN, || backend.is_available()).await;
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
}

async fn a_lost_server_is_noticed_and_found_again_without_traffic(kind: Kind) {
    let mut server = server(kind);
    let backend = backend(&server);
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    server.kill();
    until(SLACK, || !backend.is_available()).await;
    sleep(Duration::from_millis(300)).await;
    server.restart();
    until(FOUND_AGAIN, || backend.is_available()).await;
    assert_eq!(backend.get(&key("a")).await.unwrap(), None);
}

async fn a_connection_that_broke_unnoticed_costs_a_repeatable_call_nothing(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let mut outsider = outsider(&server);
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    for round in 0..20 {
        assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
        cut_both(&mut outsider).await;
        assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")), "{round}");
        cut_both(&mut outsider).await;
        assert!(backend.delete(&key("a"), DeleteOptions::default()).await.unwrap(), "{round}");
        cut_both(&mut outsider).await;
        backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    }
    kill_others(&mut outsider);
    match backend.increment(&key("n"), 1, Expiry::Never).await {
        Ok(value) => assert_eq!(value, 1),
        Err(error) => assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}"),
    }
    until(FOUND_AGAIN, || backend.is_available()).await;
    let counted = backend.get(&key("n")).await.unwrap();
    assert!(counted.is_none() || counted == Some(frame("1")), "counted twice: {counted:?}");
}

/// Cuts the connection for reads and that for writes when both are there: one that is cut while it is being made is
/// a failed attempt, and calls then fail at once.
async fn cut_both(outsider: &mut redis::Connection) {
    until(FOUND_AGAIN, || others(outsider).len() == 2).await;
    kill_others(outsider);
}

/// The connections of others that have been made, each by its id.
fn others(outsider: &mut redis::Connection) -> Vec<String> {
    let list: String = redis::cmd("CLIENT").arg("LIST").arg("TYPE").arg("normal").query(outsider).unwrap();
    let being_made = ["cmd=NULL", "cmd=hello", "cmd=client"];
    let made = list.lines().filter(|line| !being_made.iter().any(|cmd| line.contains(cmd)));
    made.filter_map(|line| Some(line.split_once(' ')?.0.to_owned())).collect()
}

/// Cuts every connection but the own one.
fn kill_others(connection: &mut redis::Connection) {
    redis::cmd("CLIENT").arg(&["KILL", "TYPE", "normal", "SKIPME", "yes"]).exec(connection).unwrap();
}

async fn a_cut_connection_is_replaced(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    let mut outsider = outsider(&server);
    for _ in 0..20 {
        assert_eq!(backend.get_and_delete(&key("a")).await.unwrap(), None);
        kill_others(&mut outsider);
        // What is never repeated may fail while the loss is not known yet; afterwards it must not.
        let _ = backend.get_and_delete(&key("a")).await;
        until(FOUND_AGAIN, || backend.is_available()).await;
    }
}

async fn dropped_calls_do_not_mix_up_replies(kind: Kind) {
    let server = server(kind);
    let backend = Arc::new(backend(&server));
    let keys: Vec<_> = (0..100).map(|i| key(&format!("k:{i}"))).collect();
    let value = |i: usize| frame(&format!("value {i}"));
    for (i, key) in keys.iter().enumerate() {
        backend.set(key, value(i), fill()).await.unwrap();
    }
    for polls in 1..5 {
        let mut dropped = 0;
        for key in &keys {
            dropped += usize::from(start_and_drop(backend.get(key), polls).await);
        }
        assert!(dropped >= 50 || polls > 1, "only {dropped} calls were dropped in their midst");
        let mut callers = JoinSet::new();
        for (i, key) in keys.iter().cloned().enumerate() {
            let backend = Arc::clone(&backend);
            callers.spawn(async move { (i, backend.get(&key).await.unwrap()) });
        }
        for (i, held) in callers.join_all().await {
            assert_eq!(held, Some(value(i)));
        }
    }
}

/// Polls a call so many times and drops it; whether that was in its midst.
async fn start_and_drop<F: Future>(call: F, polls: usize) -> bool {
    let mut call = pin!(call);
    for _ in 0..polls {
        if poll_once(call.as_mut()).is_ready() {
            return false;
        }
        tokio::task::yield_now().await;
    }
    true
}

fn poll_once<F: Future>(future: std::pin::Pin<&mut F>) -> Poll<F::Output> {
    future.poll(&mut Context::from_waker(Waker::noop()))
}

async fn connecting_says_whether_the_server_is_there(kind: Kind) {
    let mut server = server(kind);
    let backend = backend(&server);
    backend.connect().await.unwrap();
    backend.connect().await.unwrap();
    server.kill();
    assert_eq!(backend.connect().await.unwrap_err().kind(), ErrorKind::Unavailable);
    assert_eq!(backend.connect().await.unwrap_err().kind(), ErrorKind::Unavailable);
    server.restart();
    backend.connect().await.unwrap();
    assert!(backend.is_available());
}

async fn disconnecting_lets_go_and_the_next_call_connects_anew(kind: Kind) {
    let mut server = server(kind);
    let tasks = || Handle::current().metrics().num_alive_tasks();
    let before = tasks();
    let backend = backend(&server);
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    assert!(tasks() > before);
    backend.disconnect().await.unwrap();
    until(SLACK, || tasks() == before).await;
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
    server.kill();
    until(SLACK, || !backend.is_available()).await;
    backend.disconnect().await.unwrap();
    until(SLACK, || tasks() == before).await;
    assert!(backend.is_available(), "nobody has tried yet");
    assert!(backend.get(&key("a")).await.is_err());
    drop(backend);
    until(SLACK, || tasks() == before).await;
}

/// The name may lead to the new primary by then: only a new connection finds out.
async fn a_primary_that_was_demoted_is_left(kind: Kind) {
    let (server, successor) = (server(kind), server(kind));
    let backend = backend(&server);
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    let mut outsider = outsider(&server);
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
    let before = others(&mut outsider);
    assert_eq!(before.len(), 2, "{before:?}");
    let port = successor.port().to_string();
    redis::cmd("REPLICAOF").arg("127.0.0.1").arg(port).exec(&mut crate::support::outsider(&server)).unwrap();
    sleep(Duration::from_millis(1_050)).await;
    let error = backend.set(&key("a"), frame("w"), fill()).await.unwrap_err();
    assert!(error.to_string().contains("is a replica that takes no writes"), "{error}");
    until(FOUND_AGAIN, || backend.is_available()).await;
    let after = others(&mut outsider);
    assert!(before.iter().all(|connection| !after.contains(connection)), "a connection was kept");
}

#[test]
fn a_backend_survives_the_runtime_that_it_was_used_on() {
    let mut server = server(Kind::Redis);
    let backend = backend(&server);
    let on_a_new_runtime = |expected: Result<&str, ErrorKind>| {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        let answer = runtime.block_on(backend.get(&key("a"))).map(|held| held.unwrap());
        assert_eq!(answer.map_err(|error| error.kind()), expected.map(frame));
    };
    let mut outsider = outsider(&server);
    redis::cmd("SET").arg(key("a").as_str()).arg("v").exec(&mut outsider).unwrap();
    on_a_new_runtime(Ok("v"));
    on_a_new_runtime(Ok("v"));
    server.kill();
    on_a_new_runtime(Err(ErrorKind::Unavailable));
    on_a_new_runtime(Err(ErrorKind::Unavailable));
    server.restart();
    redis::cmd("SET").arg(key("a").as_str()).arg("w").exec(&mut crate::support::outsider(&server)).unwrap();
    on_a_new_runtime(Ok("w"));
}

#[test]
fn a_call_outside_a_runtime_is_an_error() {
    let backend = RedisBackend::new("redis://127.0.0.1:1").unwrap();
    let key = key("a");
    let Poll::Ready(Err(error)) = poll_once(pin!(backend.get(&key))) else { panic!("it answered") };
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("await it on a tokio runtime"), "{error}");
}

#[tokio::test]
async fn a_server_that_talks_nonsense_is_unavailable() {
    for answer in [
        b"HTTP/1.1 400 Bad Request\r\n\r\n".as_slice(),
        b"$536870912\r\n",
        b"*2147483647\r\n",
        b"+OK\r\n+OK\r\n+OK\r\n+OK\r\n",
        b"",
        b"-ERR max number of clients reached\r\n",
        b"-LOADING the data set\r\n",
    ] {
        let backend = RedisBackend::new(impostor(answer)).unwrap();
        for _ in 0..3 {
            let (answered, took) = timed(backend.get(&key("a"))).await;
            let error = answered.unwrap_err();
            assert!(is_outage(&error), "{answer:?}: {error}");
            assert!(took < READ + SLACK, "{answer:?}: {took:?}");
        }
    }
}

#[tokio::test]
async fn only_what_may_happen_twice_is_sent_twice() {
    let server = Impostor::that_hangs_up();
    let backend = patient(server.url());
    let (a, b) = (key("a"), key("b"));
    // A call that ends a lease by a command of its own is heard by that.
    let if_absent = fill().when(SetCondition::IfAbsent);
    let pattern = KeyPattern::parse("*").unwrap().within(&shop());
    assert!(is_outage(&backend.get(&a).await.unwrap_err()));
    assert_eq!(server.heard(), ["GET", "GET"]);
    assert!(is_outage(&backend.get_many(&[a.clone(), b.clone()]).await.unwrap_err()));
    assert_eq!(server.heard(), ["MGET", "MGET"]);
    assert!(is_outage(&backend.set(&a, frame("v"), fill()).await.unwrap_err()));
    assert_eq!(server.heard(), ["EVALSHA", "EVALSHA"]);
    assert!(is_outage(&backend.delete(&a, DeleteOptions::default()).await.unwrap_err()));
    assert_eq!(server.heard(), ["UNLINK", "UNLINK"]);
    let damaged = DeleteOptions::if_unchanged(frame("v"));
    assert!(is_outage(&backend.delete(&a, damaged).await.unwrap_err()));
    assert_eq!(server.heard(), ["EVALSHA", "EVALSHA"]);
    assert!(is_outage(&backend.set(&a, frame("v"), if_absent).await.unwrap_err()));
    assert_eq!(server.heard(), ["EVALSHA"]);
    assert!(is_outage(&backend.set_many(vec![(a.clone(), frame("v"), if_absent)]).await.unwrap_err()));
    assert_eq!(server.heard(), ["EVALSHA"]);
    assert!(is_outage(&backend.get_and_delete(&a).await.unwrap_err()));
    assert_eq!(server.heard(), ["UNLINK"]);
    let leased = fill().when(SetCondition::IfLease(7));
    assert!(is_outage(&backend.set(&a, frame("v"), leased).await.unwrap_err()));
    assert_eq!(server.heard(), ["EVALSHA"]);
    assert!(is_outage(&backend.acquire_lease(&a, 7, Duration::from_secs(1)).await.unwrap_err()));
    assert_eq!(server.heard(), ["EVALSHA"]);
    assert!(is_outage(&backend.release_lease(&a, 7).await.unwrap_err()));
    assert_eq!(server.heard(), ["EVALSHA", "EVALSHA"]);
    assert!(is_outage(&backend.increment(&a, 1, Expiry::Never).await.unwrap_err()));
    assert_eq!(server.heard(), ["EVALSHA"]);
    assert!(is_outage(&backend.delete_pattern(&pattern).await.unwrap_err()));
    assert_eq!(server.heard(), ["SCAN"]);
}
