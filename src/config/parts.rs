//! Making backends of a configuration. The only place that knows which features are on.

use std::sync::Arc;

use cache_core::error::Result;
#[cfg(feature = "redis")]
use cache_core::layer::{Layered, Resilience};
use cache_core::manager::Builder;
use cache_core::port::backend::CacheBackend;

use super::Config;
use super::url::Address;

/// A byte tier that several managers may stand on.
pub(super) type Shared = Arc<dyn CacheBackend>;

/// Opens the byte tier of an address.
pub(super) fn open(config: &Config, address: &Address) -> Result<Shared> {
    match address {
        Address::Memory => memory(config),
        Address::Disk(directory) => disk(config, directory),
        Address::Redis(url) => redis(config, url),
        Address::Null => Ok(Arc::new(cache_core::port::backend::NullBackend)),
    }
}

/// Adds the memory tier that serves while the primary cannot.
pub(super) fn with_fallback(config: &Config, builder: Builder) -> Result<Builder> {
    if cfg!(feature = "memory") { Ok(builder.fallback(memory(config)?)) } else { Ok(builder) }
}

#[cfg(feature = "memory")]
fn memory(config: &Config) -> Result<Shared> {
    let mut builder = cache_backends::MemoryBackend::builder();
    if let Some(bytes) = config.memory_max_bytes {
        builder = builder.max_bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
    }
    if let Some(entries) = config.memory_max_entries {
        builder = builder.max_entries(entries);
    }
    Ok(Arc::new(builder.build()))
}

#[cfg(feature = "disk")]
fn disk(config: &Config, directory: &std::path::Path) -> Result<Shared> {
    let mut builder = cache_backends::DiskBackend::builder(directory);
    if let Some(bytes) = config.disk_max_bytes {
        builder = builder.max_bytes(bytes);
    }
    Ok(Arc::new(builder.open()?))
}

/// Behind layers: see `docs/decisions/0016-layers-around-redis.md`.
#[cfg(feature = "redis")]
fn redis(config: &Config, url: &str) -> Result<Shared> {
    let mut builder = cache_backends::RedisBackend::builder(url);
    if let Some(timeout) = config.redis_timeout {
        builder = builder.read_timeout(timeout).write_timeout(timeout);
    }
    let is_cluster = url.split("://").next().is_some_and(|scheme| scheme.ends_with("+cluster"));
    let guard = if is_cluster { Resilience::of_supervised_cluster() } else { Resilience::of_supervised() };
    Ok(builder.build()?.layered(&guard.build()?))
}

#[cfg(not(feature = "memory"))]
fn memory(_: &Config) -> Result<Shared> {
    Err(missing("memory"))
}

#[cfg(not(feature = "disk"))]
fn disk(_: &Config, _: &std::path::Path) -> Result<Shared> {
    Err(missing("disk"))
}

#[cfg(not(feature = "redis"))]
fn redis(_: &Config, _: &str) -> Result<Shared> {
    Err(missing("redis"))
}

#[cfg(not(all(feature = "memory", feature = "disk", feature = "redis")))]
fn missing(feature: &str) -> cache_core::error::Error {
    super::config_error(
        format!("the configuration names a {feature} tier, which this build leaves out"),
        format!("add the feature {feature:?} of larder"),
    )
}
