//! A manager over every kind of tier, each on real ground: a directory, a server that the test starts.

#![allow(
    dead_code,
    unreachable_pub,
    clippy::unwrap_used,
    reason = "every test file uses a part, and a broken stand is a failed test"
)]

use std::sync::Arc;
use std::time::Duration;

use larder::testkit::server::RedisServer;
use larder::{CacheBackend, CacheManager, DiskBackend, MemoryBackend, Near, RedisBackend};

/// A manager, the byte tier that it stands on, and what keeps that alive.
pub struct Stand {
    pub name: &'static str,
    pub cache: CacheManager,
    pub backend: Option<Arc<dyn CacheBackend>>,
    _ground: Ground,
}

enum Ground {
    Nothing,
    Directory(#[allow(dead_code, reason = "removed when dropped")] tempfile::TempDir),
    Server(#[allow(dead_code, reason = "killed when dropped")] Box<RedisServer>),
}

/// The near tier alone, and the near tier over memory, disk, Redis and Valkey.
pub fn all() -> Vec<Stand> {
    vec![
        near_only(),
        memory(),
        disk(),
        server("redis", RedisServer::start()),
        server("valkey", RedisServer::valkey()),
    ]
}

/// Those that have a byte tier.
pub fn with_byte_tiers() -> Vec<Stand> {
    all().into_iter().filter(|stand| stand.backend.is_some()).collect()
}

pub fn near_only() -> Stand {
    let cache = CacheManager::builder().near(Near::mib(8)).jitter(0.0).build().unwrap();
    Stand { name: "near", cache, backend: None, _ground: Ground::Nothing }
}

pub fn memory() -> Stand {
    stand("memory", Arc::new(MemoryBackend::new()), Ground::Nothing)
}

pub fn disk() -> Stand {
    let directory = tempfile::tempdir().unwrap();
    let backend = DiskBackend::open(directory.path().join("cache")).unwrap();
    stand("disk", Arc::new(backend), Ground::Directory(directory))
}

fn server(name: &'static str, server: RedisServer) -> Stand {
    let backend = patient_redis(&server.url());
    stand(name, Arc::new(backend), Ground::Server(Box::new(server)))
}

/// Redis with deadlines that a busy test machine does not miss.
pub fn patient_redis(url: &str) -> RedisBackend {
    let patience = Duration::from_secs(10);
    RedisBackend::builder(url)
        .read_timeout(patience)
        .write_timeout(patience)
        .connect_timeout(patience)
        .build()
        .unwrap()
}

fn stand(name: &'static str, backend: Arc<dyn CacheBackend>, ground: Ground) -> Stand {
    let builder = CacheManager::builder().namespace("test").near(Near::mib(8)).jitter(0.0);
    let cache = builder.primary(Arc::clone(&backend)).near_ttl(Duration::from_secs(60)).build().unwrap();
    Stand { name, cache, backend: Some(backend), _ground: ground }
}
