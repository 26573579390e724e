//! What a manager stands on.

use std::sync::Arc;

use cache_backends::redis::RedisBackend;
use cache_core::layer::{Layered, Resilience};
use cache_core::port::backend::CacheBackend;

use crate::servers::Kind;
use crate::trouble::Trouble;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ground {
    Redis,
    Valkey,
    /// Redis behind a bulkhead, a breaker and a meter.
    Layered,
    /// A primary with two replicas behind three sentinels.
    Sentinels(Kind),
    /// Three masters with a replica each.
    Cluster(Kind),
}

impl Ground {
    pub(crate) const ALL: [Self; 7] = [
        Self::Redis,
        Self::Valkey,
        Self::Layered,
        Self::Sentinels(Kind::Redis),
        Self::Sentinels(Kind::Valkey),
        Self::Cluster(Kind::Redis),
        Self::Cluster(Kind::Valkey),
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::Valkey => "valkey",
            Self::Layered => "redis, layered",
            Self::Sentinels(Kind::Redis) => "redis, sentinels",
            Self::Sentinels(Kind::Valkey) => "valkey, sentinels",
            Self::Cluster(Kind::Redis) => "redis, cluster",
            Self::Cluster(Kind::Valkey) => "valkey, cluster",
        }
    }

    /// What is tried on it. One server has nobody to take its place.
    pub(crate) fn troubles(self) -> &'static [Trouble] {
        match self {
            Self::Redis | Self::Valkey | Self::Layered => &Trouble::OF_ONE_SERVER,
            Self::Sentinels(_) | Self::Cluster(_) => &[Trouble::Replaced],
        }
    }

    pub(crate) fn backend(self, url: &str) -> Arc<dyn CacheBackend> {
        let backend = RedisBackend::new(url).unwrap();
        match self {
            Self::Layered => backend.layered(&Resilience::of_supervised().build().unwrap()),
            _ => Arc::new(backend),
        }
    }
}
