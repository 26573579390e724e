//! Every promise of the port, on every shape of Redis and Valkey, each as a test of its own.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::panic)]

mod servers;

use std::time::Duration;

use cache_backends::redis::RedisBackend;
use cache_core::testkit::RedisServer;
use cache_core::testkit::conformance::Subject;

use servers::Kind;
use servers::cluster::ClusterServers;
use servers::sentinel::SentinelServers;
use servers::tls::TlsServer;

const LIMIT: usize = 4 << 20;

fn subject(server: RedisServer) -> Subject {
    subject_at(server.url(), server)
}

fn subject_at(url: String, server: impl Send + Sync + 'static) -> Subject {
    let long = Duration::from_secs(2);
    let builder = RedisBackend::builder(url).connect_timeout(long).read_timeout(long);
    let backend = builder.write_timeout(long).max_entry_bytes(LIMIT).build().unwrap();
    Subject::new(backend).refusing(LIMIT + 1).keeping(server)
}

fn subject_by_tls(server: TlsServer) -> Subject {
    subject_at(server.url(), server)
}

mod on_redis {
    cache_core::larder_conformance!(super::subject(super::RedisServer::start()));
}

mod on_valkey {
    cache_core::larder_conformance!(super::subject(super::RedisServer::valkey()));
}

mod on_redis_by_tls {
    cache_core::larder_conformance!(super::subject_by_tls(super::TlsServer::start("no")));
}

mod on_valkey_by_tls {
    cache_core::larder_conformance!(super::subject_by_tls(super::TlsServer::valkey()));
}

/// All in one: a cluster takes seconds to form.
async fn check_on_a_cluster(kind: Kind) {
    let cluster = ClusterServers::start(kind);
    cache_core::testkit::conformance::run(&subject_at(cluster.url_of(1), cluster)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_of_redis_keeps_every_promise() {
    check_on_a_cluster(Kind::Redis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_of_valkey_keeps_every_promise() {
    check_on_a_cluster(Kind::Valkey).await;
}

async fn check_behind_sentinels(kind: Kind) {
    let servers = SentinelServers::start(kind);
    cache_core::testkit::conformance::run(&subject_at(servers.url(), servers)).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_of_redis_behind_sentinels_keeps_every_promise() {
    check_behind_sentinels(Kind::Redis).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_primary_of_valkey_behind_sentinels_keeps_every_promise() {
    check_behind_sentinels(Kind::Valkey).await;
}
