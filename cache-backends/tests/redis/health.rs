//! What servers say about themselves, and how it reaches the manager.

use cache_backends::redis::RedisBackend;
use cache_core::error::ErrorKind;
use cache_core::manager::CacheManager;
use cache_core::port::backend::CacheBackend;

use crate::servers::cluster::ClusterServers;
use crate::support::{Kind, backend, on_both_servers, outsider, patient, server, server_with};

on_both_servers! {
    a_server_names_its_version_its_role_its_memory_and_its_run
    a_manager_reports_its_servers_and_why_one_is_silent
    who_may_not_ask_is_told_so
}

async fn a_server_names_its_version_its_role_its_memory_and_its_run(kind: Kind) {
    let mut server = server_with(kind, &["--maxmemory", "64mb"]);
    let backend = backend(&server);
    let health = backend.health().await.unwrap();
    let [said] = &health.servers[..] else { panic!("{health:?}") };
    let program = if kind == Kind::Redis { "redis 7." } else { "valkey 9." };
    assert!(said.version.starts_with(program), "{said:?}");
    assert_eq!((said.role.as_str(), said.max_memory), ("master", Some(64 << 20)));
    assert!(said.used_memory.is_some_and(|bytes| bytes > 100_000 && bytes < 64 << 20), "{said:?}");
    let info: String = redis::cmd("INFO").arg("server").query(&mut outsider(&server)).unwrap();
    assert!(info.contains(&format!("run_id:{}", said.run_id)) && said.run_id.len() == 8);
    assert_eq!(said.address, format!("redis://127.0.0.1:{}", server.port()));
    let before = said.run_id.clone();
    server.restart();
    backend.connect().await.unwrap();
    assert_ne!(backend.health().await.unwrap().servers[0].run_id, before, "another run");
}

async fn a_manager_reports_its_servers_and_why_one_is_silent(kind: Kind) {
    let mut server = server(kind);
    let primary = RedisBackend::new(server.url()).unwrap();
    let cache = CacheManager::builder().primary(primary).no_near().build().unwrap();
    let health = cache.health().await;
    assert_eq!((health.servers.len(), health.silent.len()), (1, 0), "{health:?}");
    assert!(cache.health_now().servers.is_empty(), "no I/O");
    server.kill();
    // The first one notices, the second one knows.
    for _ in 0..2 {
        let health = cache.health().await;
        assert_eq!((health.servers.len(), health.silent.len()), (0, 1), "{health:?}");
    }
    assert!(!cache.health().await.primary_available);
}

async fn who_may_not_ask_is_told_so(kind: Kind) {
    let server = server_with(kind, &["--user", "app", "on", ">c4n4ry", "~*", "+@all", "-info"]);
    let backend = patient(&server.url().replace("//", "//app:c4n4ry@"));
    let error = backend.health().await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::Refused, "{error}");
    assert!(!error.to_string().contains("c4n4ry") && backend.is_available(), "{error}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_cluster_reports_every_master_and_names_those_that_are_silent() {
    let mut cluster = ClusterServers::start(Kind::Valkey);
    let backend = patient(&cluster.url());
    assert_eq!(backend.health().await.unwrap().servers.len(), 3);
    cluster.servers[1].kill();
    let port = cluster.servers[1].port().to_string();
    let health = backend.health().await.unwrap();
    assert_eq!((health.servers.len(), health.silent.len()), (2, 1), "{health:?}");
    assert!(health.silent[0].contains(&port), "{health:?}");
}
