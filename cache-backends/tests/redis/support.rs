//! What every test of this folder needs: a server, a backend, a second opinion.

use std::future::Future;
use std::time::Duration;

use bytes::Bytes;
use cache_backends::redis::{RedisBackend, RedisBackendBuilder};
use cache_core::key::{CacheKey, Namespace};
use cache_core::port::backend::SetOptions;
use cache_core::testkit::server::RedisServer;
use tokio::time::Instant;

pub(crate) use crate::servers::{Kind, start as server_with};

pub(crate) fn server(kind: Kind) -> RedisServer {
    server_with(kind, &[])
}

/// Makes a named test on each server of every function.
macro_rules! on_both_servers {
    ($($name:ident)*) => {
        mod on_redis {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::support::Kind::Redis).await })*
        }
        mod on_valkey {
            $(#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $name() { super::$name($crate::support::Kind::Valkey).await })*
        }
    };
}
pub(crate) use on_both_servers;

/// A backend with time to spare, for tests that are not about time-outs.
pub(crate) fn backend(server: &RedisServer) -> RedisBackend {
    patient(&server.url())
}

pub(crate) fn patient(url: &str) -> RedisBackend {
    patient_builder(url).build().unwrap()
}

pub(crate) fn patient_builder(url: &str) -> RedisBackendBuilder {
    let long = Duration::from_secs(2);
    RedisBackend::builder(url).connect_timeout(long).read_timeout(long).write_timeout(long)
}

/// The server as somebody else sees it.
pub(crate) fn outsider(server: &RedisServer) -> redis::Connection {
    redis::Client::open(server.url()).unwrap().get_connection().unwrap()
}

pub(crate) fn shop() -> Namespace {
    Namespace::new("shop").unwrap()
}

pub(crate) fn key(text: &str) -> CacheKey {
    CacheKey::direct(&shop(), text).unwrap()
}

pub(crate) fn frame(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(crate) fn living(life: Duration) -> SetOptions {
    SetOptions::default().expiring(cache_core::port::backend::Expiry::After(life))
}

/// Waits until something holds, and says how long that took.
///
/// A step counts as no more than 5 ms: what a crowded machine takes beyond that says nothing about us.
pub(crate) async fn until(limit: Duration, mut holds: impl FnMut() -> bool) -> Duration {
    let (began, mut counted) = (Instant::now(), Duration::ZERO);
    while !holds() {
        assert!(counted < limit, "did not happen within {limit:?} ({:?} by the clock)", began.elapsed());
        let step = Instant::now();
        tokio::time::sleep(Duration::from_millis(2)).await;
        counted += step.elapsed().min(Duration::from_millis(5));
    }
    began.elapsed()
}

/// Runs something and says how long it took.
pub(crate) async fn timed<T>(future: impl Future<Output = T>) -> (T, Duration) {
    let began = Instant::now();
    let answer = future.await;
    (answer, began.elapsed())
}
