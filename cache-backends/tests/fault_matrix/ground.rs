//! What a manager stands on.

use std::sync::Arc;

use cache_backends::redis::RedisBackend;
use cache_core::layer::{Layered, Resilience};
use cache_core::port::backend::CacheBackend;
use cache_core::testkit::RedisServer;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    Redis,
    Valkey,
    /// Redis behind a bulkhead, a breaker and a meter.
    Layered,
}

impl Ground {
    pub(crate) const ALL: [Self; 3] = [Self::Redis, Self::Valkey, Self::Layered];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Valkey => "valkey",
            Self::Layered => "redis, layered",
        }
    }

    pub(crate) fn server(self) -> RedisServer {
        if self == Self::Valkey { RedisServer::valkey() } else { RedisServer::start() }
    }

    pub(crate) fn backend(self, url: &str) -> Arc<dyn CacheBackend> {
        let backend = RedisBackend::new(url).unwrap();
        match self {
            Self::Redis | Self::Valkey => Arc::new(backend),
            Self::Layered => backend.layered(&Resilience::of_supervised().build().unwrap()),
        }
    }
}
