//! What a server answers when it cannot or will not, each from a server that really says it; and that an
//! invalidation that it refuses is not forgotten.

use std::thread;
use std::time::Duration;

use cache_core::error::ErrorKind;
use cache_core::key::CacheKey;
use cache_core::manager::{CacheManager, Written};
use cache_core::port::backend::{CacheBackend, DeleteOptions, Expiry, SetOptions};
use cache_core::testkit::server::RedisServer;
use tokio::time::{Instant, sleep};

use crate::support::{Kind, backend, frame, key, on_both_servers, outsider, server, server_with, until};

on_both_servers! {
    a_server_that_loads_is_unavailable_until_it_has
    a_server_that_is_busy_with_a_script_is_unavailable
    a_server_without_its_slots_is_unavailable
    a_server_without_room_for_a_connection_is_unavailable
    a_server_that_cannot_save_refuses_writes_and_deletes
    a_server_without_replicas_refuses_writes_and_deletes
    an_invalidation_that_is_refused_is_told_later
}

fn fill() -> SetOptions {
    SetOptions::default()
}

fn configure(server: &RedisServer, option: &str, value: &str) {
    redis::cmd("CONFIG").arg(&["SET", option, value]).exec(&mut outsider(server)).unwrap();
}

/// Saving fails from now on: the file is a directory.
fn break_saving(server: &RedisServer) {
    let mut outsider = outsider(server);
    let (_, home): (String, String) = redis::cmd("CONFIG").arg(&["GET", "dir"]).query(&mut outsider).unwrap();
    std::fs::create_dir_all(format!("{home}/dump.rdb/in-the-way")).unwrap();
    configure(server, "save", "3600 1000000");
    redis::cmd("BGSAVE").exec(&mut outsider).unwrap();
    let began = Instant::now();
    loop {
        let info: String = redis::cmd("INFO").arg("persistence").query(&mut outsider).unwrap();
        if info.contains("rdb_last_bgsave_status:err") {
            return;
        }
        assert!(began.elapsed() < Duration::from_secs(10), "saving does not fail");
        thread::sleep(Duration::from_millis(10));
    }
}

async fn a_server_that_loads_is_unavailable_until_it_has(kind: Kind) {
    let slow = ["--key-load-delay", "300", "--loading-process-events-interval-bytes", "1024"];
    let mut server = server_with(kind, &slow);
    let mut populate = redis::pipe();
    for i in 0..8_000 {
        populate.cmd("SET").arg(format!("k:{i}")).arg("v").ignore();
    }
    populate.exec(&mut outsider(&server)).unwrap();
    redis::cmd("SAVE").exec(&mut outsider(&server)).unwrap();
    server.kill();
    let backend = backend(&server);
    let loading = tokio::task::spawn_blocking(move || {
        server.restart();
        server
    });
    let began = Instant::now();
    loop {
        let error = backend.connect().await.expect_err("it was loaded before anybody saw it");
        assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
        assert!(!backend.is_available());
        if error.to_string().contains("is still loading its data") {
            break;
        }
        assert!(began.elapsed() < Duration::from_secs(5), "{error}");
        sleep(Duration::from_millis(10)).await;
    }
    let _server = loading.await.unwrap();
    until(Duration::from_millis(1_500), || backend.is_available()).await;
    assert_eq!(backend.get(&key("a")).await.unwrap(), None);
}

async fn a_server_that_is_busy_with_a_script_is_unavailable(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    backend.get(&key("a")).await.unwrap();
    configure(&server, "busy-reply-threshold", "20");
    let (mut runner, mut killer) = (outsider(&server), outsider(&server));
    let endless = thread::spawn(move || {
        let _ = redis::cmd("EVAL").arg("while true do end").arg(0).exec(&mut runner);
    });
    sleep(Duration::from_millis(100)).await;
    let error = backend.get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("is busy with a script of somebody"), "{error}");
    let error = backend.set(&key("a"), frame("w"), fill()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.is_transient() && backend.is_available(), "an answer is no lost connection");
    redis::cmd("SCRIPT").arg("KILL").exec(&mut killer).unwrap();
    endless.join().unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
}

async fn a_server_without_its_slots_is_unavailable(kind: Kind) {
    let bus = crate::servers::free_port().to_string();
    let server = server_with(kind, &["--cluster-enabled", "yes", "--cluster-port", &bus]);
    let backend = backend(&server);
    let error = backend.get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains("has lost its primary or its cluster"), "{error}");
}

async fn a_server_without_room_for_a_connection_is_unavailable(kind: Kind) {
    let server = server(kind);
    configure(&server, "maxclients", "1");
    let _only = outsider(&server);
    let backend = backend(&server);
    let error = backend.get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable, "{error}");
}

async fn a_server_that_cannot_save_refuses_writes_and_deletes(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    break_saving(&server);
    refuses_writes_and_deletes(&backend, "because it cannot save to its disk; free its disk").await;
}

async fn a_server_without_replicas_refuses_writes_and_deletes(kind: Kind) {
    let server = server(kind);
    let backend = backend(&server);
    backend.set(&key("a"), frame("v"), fill()).await.unwrap();
    configure(&server, "min-replicas-to-write", "5");
    refuses_writes_and_deletes(&backend, "because too few replicas are connected; see its min-replicas")
        .await;
}

async fn refuses_writes_and_deletes(backend: &impl CacheBackend, text: &str) {
    let a = key("a");
    for error in [
        backend.set(&a, frame("w"), fill()).await.unwrap_err(),
        backend.delete(&a, DeleteOptions::default()).await.unwrap_err(),
        backend.delete(&a, DeleteOptions::if_unchanged(frame("v"))).await.unwrap_err(),
        backend.get_and_delete(&a).await.unwrap_err(),
        backend.increment(&key("n"), 1, Expiry::Never).await.unwrap_err(),
        backend.set_many(vec![(a.clone(), frame("w"), fill())]).await.unwrap_err(),
    ] {
        assert_eq!(error.kind(), ErrorKind::Refused);
        assert!(error.to_string().contains(text), "{error}");
    }
    assert_eq!(backend.get(&a).await.unwrap(), Some(frame("v")), "reads go on");
    backend.connect().await.unwrap();
    assert!(backend.is_available(), "a refusal is an answer");
}

/// Deletes are refused too: what was invalidated meanwhile is not served when the server takes writes again.
async fn an_invalidation_that_is_refused_is_told_later(kind: Kind) {
    let server = server(kind);
    let manager =
        CacheManager::builder().namespace("shop").no_near().primary(backend(&server)).build().unwrap();
    let written = manager.set("a", "old".to_owned(), cache_core::time::Ttl::Default).await.unwrap();
    assert!(matches!(written, Written::Stored), "{written:?}");
    assert_eq!(manager.get::<String>("a").await.unwrap().as_deref(), Some("old"));
    break_saving(&server);
    let invalidated = manager.delete("a").await.unwrap();
    assert!(invalidated.journalled);
    assert_eq!(manager.get::<String>("a").await.unwrap(), None, "it is quarantined");
    let physical = CacheKey::direct(&crate::support::shop(), "a").unwrap();
    let there = |server: &RedisServer| -> bool {
        redis::cmd("EXISTS").arg(physical.as_str()).query(&mut outsider(server)).unwrap()
    };
    assert!(there(&server), "the server was told nothing: this shows nothing");
    configure(&server, "stop-writes-on-bgsave-error", "no");
    let began = Instant::now();
    while there(&server) {
        assert_eq!(manager.get::<String>("a").await.unwrap(), None);
        assert!(began.elapsed() < Duration::from_secs(5), "it is not told again");
        sleep(Duration::from_millis(5)).await;
    }
    assert_eq!(manager.get::<String>("a").await.unwrap(), None);
}
