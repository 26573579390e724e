//! A password is sent to the server and to nobody else.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_backends::redis::RedisBackend;
use cache_core::error::{Error, ErrorKind};
use cache_core::port::backend::{CacheBackend, SetOptions};
use cache_core::testkit::server::RedisServer;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Metadata, Subscriber};

use crate::support::{Kind, frame, key, on_both_servers, patient, server_with, until};

on_both_servers! {
    the_right_password_opens_and_is_not_shown
    a_wrong_password_is_refused_and_not_shown
    a_missing_password_is_refused_with_the_fix
    a_user_is_refused_what_its_rules_do_not_allow
}

const CANARY: &str = "c4n4ry";

fn url(server: &RedisServer, credentials: &str) -> String {
    server.url().replace("//", &format!("//{credentials}@"))
}

/// All that an error, or a chain of them, can be made to say.
fn said(error: &Error) -> String {
    let mut said = format!("{error} {error:?} {error:#?}");
    let mut source = std::error::Error::source(error);
    while let Some(cause) = source {
        said += &format!(" {cause} {cause:?}");
        source = cause.source();
    }
    said
}

async fn the_right_password_opens_and_is_not_shown(kind: Kind) {
    let mut server = server_with(kind, &["--requirepass", CANARY]);
    let backend = patient(&url(&server, &format!(":{CANARY}")));
    let shown = |backend: &RedisBackend| format!("{backend:?} {backend:#?}");
    assert!(!shown(&backend).contains(CANARY));
    backend.set(&key("a"), frame("v"), SetOptions::default()).await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), Some(frame("v")));
    assert!(!shown(&backend).contains(CANARY));
    server.kill();
    until(Duration::from_millis(300), || !backend.is_available()).await;
    let error = backend.get(&key("a")).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Unavailable);
    assert!(error.to_string().contains(&server.url()), "{error}");
    assert!(!said(&error).contains(CANARY) && !shown(&backend).contains(CANARY));
}

async fn a_wrong_password_is_refused_and_not_shown(kind: Kind) {
    let server = server_with(kind, &["--requirepass", "right"]);
    for protocol in ["", "?protocol=resp2"] {
        for credentials in [format!(":{CANARY}"), format!("{CANARY}:{CANARY}")] {
            let backend = patient(&(url(&server, &credentials) + protocol));
            for _ in 0..2 {
                let error = backend.get(&key("a")).await.unwrap_err();
                assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
                assert!(!said(&error).contains(CANARY), "{error:?}");
            }
            let error = backend.connect().await.unwrap_err();
            let text = format!("connect: {} refuses the user or the password", server.url());
            assert!(error.to_string().starts_with(&text), "{error}");
            assert!(!said(&error).contains(CANARY) && !format!("{backend:?}").contains(CANARY));
            assert!(!backend.is_available());
        }
    }
}

async fn a_missing_password_is_refused_with_the_fix(kind: Kind) {
    let server = server_with(kind, &["--requirepass", "right"]);
    for protocol in ["", "?protocol=resp2"] {
        let backend = patient(&(server.url() + protocol));
        let error = backend.get(&key("a")).await.unwrap_err();
        assert_eq!(error.kind(), ErrorKind::Refused);
        let text = "wants a password; write redis://:password@host or redis://user:password@host";
        assert!(error.to_string().ends_with(text), "{error}");
    }
}

async fn a_user_is_refused_what_its_rules_do_not_allow(kind: Kind) {
    let rules = ["--user", "app", "on", ">c4n4ry", "~shop:*", "-@all", "+get", "+hello"];
    let server = server_with(kind, &rules);
    let backend = patient(&url(&server, &format!("app:{CANARY}")));
    backend.connect().await.unwrap();
    assert_eq!(backend.get(&key("a")).await.unwrap(), None);
    let error = backend.set(&key("a"), frame("v"), SetOptions::default()).await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused);
    assert!(error.to_string().contains("does not allow this user the command or the key"), "{error}");
    assert!(!said(&error).contains("app") && !said(&error).contains("shop:d:"), "{error}");
    assert!(backend.is_available(), "a refusal is an answer");
}

/// Keeps what is logged.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<String>>>);

impl Subscriber for Log {
    fn enabled(&self, _: &Metadata<'_>) -> bool {
        true
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        struct Line(String);
        impl Visit for Line {
            fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
                self.0 += &format!("{field}={value:?} ");
            }
        }
        let mut line = Line(format!("{} {} ", event.metadata().level(), event.metadata().target()));
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

#[test]
fn an_outage_is_two_lines_without_the_password() {
    let log = Log::default();
    let _here = tracing::subscriber::set_default(log.clone());
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
    let mut server = RedisServer::start_with(&["--requirepass", CANARY]);
    let backend = patient(&url(&server, &format!(":{CANARY}")));
    runtime.block_on(async {
        backend.get(&key("a")).await.unwrap();
        server.kill();
        until(Duration::from_millis(300), || !backend.is_available()).await;
        for _ in 0..50 {
            let _ = backend.get(&key("a")).await;
            tokio::time::sleep(Duration::from_millis(4)).await;
        }
        server.restart();
        until(Duration::from_millis(1_200), || backend.is_available()).await;
    });
    let lines = log.0.lock().unwrap();
    let own: Vec<_> = lines.iter().filter(|line| line.contains("cache_backends")).collect();
    assert_eq!(own.len(), 2, "{own:?}");
    assert!(own[0].starts_with("WARN") && own[0].contains(&server.url()), "{own:?}");
    assert!(own[1].starts_with("INFO") && own[1].contains("can be used again"), "{own:?}");
    assert!(!lines.iter().any(|line| line.contains(CANARY)), "{lines:?}");
}

/// Neither the password of the servers nor that of the sentinels, in any shape, from the builder to the last error.
#[tokio::test]
async fn no_shape_shows_a_password() {
    for url in [
        "redis+cluster://ann:c4n4ry@127.0.0.1:1,127.0.0.1:2",
        "redis+sentinel://ann:c4n4ry@127.0.0.1:1/main?sentinel_user=bob&sentinel_password=c4n4ry",
        "rediss://ann:c4n4ry@127.0.0.1:1",
        "rediss+cluster://ann:c4n4ry@127.0.0.1:1",
        "rediss+sentinel://:c4n4ry@127.0.0.1:1/main/2",
    ] {
        let builder = RedisBackend::builder(url);
        assert!(!format!("{builder:?} {builder:#?}").contains(CANARY), "{builder:?}");
        let roots = crate::servers::tls::Authority::new().read("ca.pem");
        let builder = if url.starts_with("rediss") { builder.ca_certificate(roots) } else { builder };
        let backend = builder.build().unwrap();
        let error = backend.connect().await.unwrap_err();
        assert!(error.to_string().contains("127.0.0.1:1"), "{error}");
        assert!(!said(&error).contains(CANARY) && !format!("{backend:?}").contains(CANARY), "{error}");
    }
    for url in [
        "redis+cluster://ann:c4n4ry@h:port",
        "redis+sentinel://ann:c4n4ry@h",
        "redis+sentinel://h/main?sentinel_password=c4n4ry&x=1",
        "redis+sentinel://h/main?sentinel_password=p@c4n4ry",
        "rediss://ann:c4n4ry@h?x=c4n4ry",
    ] {
        let error = RedisBackend::new(url).unwrap_err();
        assert!(!said(&error).contains(CANARY), "{error}");
    }
}
