//! A user who may not remove: what was invalidated is never served, the server is left in peace, somebody is told, and
//! granting the permission is enough.

use std::fmt;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use cache_core::key::CacheKey;
use cache_core::manager::{CacheManager, Written};
use cache_core::testkit::server::RedisServer;
use cache_core::time::Ttl;
use tokio::time::{Instant, sleep};
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id, Record};
use tracing::{Event, Level, Metadata, Subscriber};

use crate::support::{Kind, backend, outsider, server};

/// On one thread: what is logged on others would be missed.
#[tokio::test]
async fn a_user_who_may_not_remove_is_seen_told_of_and_healed_by_a_grant_on_redis() {
    a_user_who_may_not_remove(Kind::Redis).await;
}

#[tokio::test]
async fn a_user_who_may_not_remove_is_seen_told_of_and_healed_by_a_grant_on_valkey() {
    a_user_who_may_not_remove(Kind::Valkey).await;
}

/// Keeps the errors that are logged.
#[derive(Clone, Default)]
struct Errors(Arc<Mutex<Vec<String>>>);

struct Line(String);

impl Visit for Line {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.0 += &format!("{field}={value:?} ");
    }
}

impl Subscriber for Errors {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        *metadata.level() <= Level::ERROR
    }
    fn new_span(&self, _: &Attributes<'_>) -> Id {
        Id::from_u64(1)
    }
    fn record(&self, _: &Id, _: &Record<'_>) {}
    fn record_follows_from(&self, _: &Id, _: &Id) {}
    fn event(&self, event: &Event<'_>) {
        let mut line = Line(String::new());
        event.record(&mut line);
        self.0.lock().unwrap().push(line.0);
    }
    fn enter(&self, _: &Id) {}
    fn exit(&self, _: &Id) {}
}

/// What everybody may do on this server, from now on, on connections that are open too.
fn rule(server: &RedisServer, rule: &str) {
    redis::cmd("ACL").arg(&["SETUSER", "default", rule]).exec(&mut outsider(server)).unwrap();
}

/// How often somebody was not allowed to remove.
fn denials(server: &RedisServer) -> u64 {
    let info: String = redis::cmd("INFO").arg("commandstats").query(&mut outsider(server)).unwrap();
    let line = info.lines().find(|line| line.starts_with("cmdstat_unlink:")).unwrap_or_default();
    let denied = line.split("rejected_calls=").nth(1).and_then(|rest| rest.split(',').next());
    denied.map_or(0, |count| count.parse().unwrap())
}

async fn a_user_who_may_not_remove(kind: Kind) {
    let errors = Errors::default();
    let _here = tracing::subscriber::set_default(errors.clone());
    let server = server(kind);
    let cache =
        CacheManager::builder().namespace("shop").no_near().primary(backend(&server)).build().unwrap();
    assert_eq!(cache.set("a", 1_u64, Ttl::Default).await.unwrap(), Written::Stored);
    rule(&server, "-unlink");
    assert!(cache.delete("a").await.unwrap().journalled);
    for _ in 0..200 {
        assert_eq!(cache.get::<u64>("a").await.unwrap(), None, "what was invalidated is served");
        sleep(Duration::from_millis(1)).await;
    }
    let denied = denials(&server);
    assert!((4..=16).contains(&denied), "two removals by the delete, then after 0, 0.1, 0.3 s: {denied}");
    let said = errors.0.lock().unwrap().clone();
    assert_eq!(said.len(), 1, "{said:?}");
    for part in ["refuses to be told", "(unlink)", "extend its ACL: +@read +@write +@scripting ~ns:*"] {
        assert!(said[0].contains(part), "{said:?}");
    }
    let quarantine = cache.health_now().quarantine.unwrap();
    assert_eq!(quarantine.owed, 1);
    assert!(quarantine.refusal.unwrap().contains("(unlink)"));

    rule(&server, "+unlink");
    let began = Instant::now();
    while cache.health_now().quarantine.is_some() {
        assert_eq!(cache.get::<u64>("a").await.unwrap(), None);
        assert!(began.elapsed() < Duration::from_secs(12), "a grant does not heal it");
        sleep(Duration::from_millis(10)).await;
    }
    let physical = CacheKey::direct(&crate::support::shop(), "a").unwrap();
    let there: bool = redis::cmd("EXISTS").arg(physical.as_str()).query(&mut outsider(&server)).unwrap();
    assert!(!there && !cache.health_now().on_fallback);
    assert_eq!(cache.set("a", 2_u64, Ttl::Default).await.unwrap(), Written::Stored);
    assert_eq!(cache.get::<u64>("a").await.unwrap(), Some(2));
}
