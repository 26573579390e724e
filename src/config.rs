//! From a URL or the environment to a manager.
//!
//! Promise: a bad value is an error that names the variable, what it holds (secrets masked) and the fix, and all
//! of them are reported at once. [`environment`] reads variables, [`url`] reads addresses, [`keys`] master keys,
//! [`parts`] makes backends; this file wires them.

mod environment;
mod keys;
mod parts;
mod url;

use std::fmt;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

use cache_backends::Near;
use cache_core::error::{Error, ErrorKind, Result};
use cache_core::manager::{Builder, CacheManager};
use cache_core::port::backend::BackendKind;

pub(crate) use environment::enabled_by_environment;
use keys::Keys;
use parts::Shared;
use url::Address;

/// What a service configures, read from the environment or a URL.
#[derive(Debug, Default)]
#[cfg_attr(
    not(all(feature = "memory", feature = "disk", feature = "redis")),
    allow(dead_code, reason = "the settings of tiers that this build leaves out")
)]
pub struct Config {
    enabled: bool,
    serverless: bool,
    address: Option<Address>,
    redis: Option<Address>,
    disk: Option<PathBuf>,
    namespace: Option<String>,
    key_secret: Option<KeySecret>,
    keys: Keys,
    default_ttl: Option<Duration>,
    persistent_ttl: Option<Duration>,
    near_max_bytes: Option<u64>,
    memory_max_bytes: Option<u64>,
    memory_max_entries: Option<u64>,
    max_entry_bytes: Option<u64>,
    disk_max_bytes: Option<u64>,
    redis_timeout: Option<Duration>,
    jitter: Option<f64>,
    backend: OnceLock<Shared>,
}

/// The text of `CACHE_KEY_SECRET`, never shown.
struct KeySecret(String);

impl fmt::Debug for KeySecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("***")
    }
}

const PERSISTENT_TTL: Duration = Duration::from_secs(3_600);

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// `Config`, naming every bad variable.
    pub fn from_env() -> Result<Self> {
        Self::from_vars(|name| std::env::var(name).ok())
    }

    /// Reads variables from elsewhere.
    ///
    /// # Errors
    /// `Config`, naming every bad variable.
    pub fn from_vars(lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        environment::read(&lookup)
    }

    /// The configuration of one URL.
    ///
    /// # Errors
    /// `Config` when the URL cannot be read.
    pub fn from_url(url: &str) -> Result<Self> {
        Ok(Self { enabled: true, address: Some(url::parse(url)?), ..Self::default() })
    }

    /// The default manager: a near tier over the configured byte tier, with a memory fallback behind Redis and
    /// disk. Touches no server; opens the directory of a disk tier.
    ///
    /// # Errors
    /// `Config`, `Io` or `Locked` from the byte tier.
    pub fn manager(&self) -> Result<CacheManager> {
        self.build(self.namespace(), self.primary().as_ref(), self.default_ttl)
    }

    /// The manager of the alias `memory`: always in this process.
    fn memory_alias(&self) -> Result<CacheManager> {
        self.build(format!("{}.memory", self.namespace()), None, self.default_ttl)
    }

    /// The manager of the alias `persistent`: Redis when configured, else disk when configured, else memory.
    fn persistent_alias(&self) -> Result<CacheManager> {
        let primary = self.persistent();
        self.build(
            format!("{}.persistent", self.namespace()),
            primary.as_ref(),
            self.persistent_ttl.or(Some(PERSISTENT_TTL)),
        )
    }

    fn build(
        &self,
        namespace: String,
        primary: Option<&Address>,
        ttl: Option<Duration>,
    ) -> Result<CacheManager> {
        let mut builder =
            CacheManager::builder().namespace(&namespace).near(self.near()).enabled(self.enabled);
        if self.enabled
            && let Some(address) = primary
        {
            builder = self.with_primary(builder, address)?;
        }
        if let Some(secret) = &self.key_secret {
            builder = builder.key_secret(&secret.0);
        }
        builder = self.keys.give(builder);
        if let Some(ttl) = ttl {
            builder = builder.default_ttl(ttl);
        }
        if let Some(fraction) = self.jitter {
            builder = builder.jitter(fraction);
        }
        if let Some(bytes) = self.max_entry_bytes {
            builder = builder.max_entry_bytes(usize::try_from(bytes).unwrap_or(usize::MAX));
        }
        builder.build()
    }

    fn with_primary(&self, builder: Builder, address: &Address) -> Result<Builder> {
        if address.kind() == BackendKind::Null {
            return Ok(builder.no_near().primary(cache_core::port::backend::NullBackend));
        }
        let builder = builder.primary(self.shared(address)?);
        if address.kind() == BackendKind::Memory { Ok(builder) } else { parts::with_fallback(self, builder) }
    }

    /// The byte tier of an address. Opened once: the managers of one configuration share a disk directory.
    fn shared(&self, address: &Address) -> Result<Shared> {
        if address.kind() == BackendKind::Memory {
            return parts::open(self, address);
        }
        if let Some(backend) = self.backend.get() {
            return Ok(backend.clone());
        }
        let backend = parts::open(self, address)?;
        Ok(self.backend.get_or_init(|| backend).clone())
    }

    /// What the default manager stands on. Serverless: this process alone, whatever else is configured.
    fn primary(&self) -> Option<Address> {
        if self.serverless { None } else { self.address.clone() }
    }

    fn persistent(&self) -> Option<Address> {
        if self.serverless {
            return None;
        }
        let lasting = self.address.clone().filter(|address| address.kind() != BackendKind::Memory);
        lasting.or_else(|| self.redis.clone()).or_else(|| self.disk.clone().map(Address::Disk))
    }

    fn near(&self) -> Near {
        self.near_max_bytes.map_or_else(Near::default, Near::bytes)
    }

    fn namespace(&self) -> String {
        self.namespace.clone().unwrap_or_else(|| "larder".to_owned())
    }
}

/// A manager from the environment: `larder::initialize_cache(larder::from_env()?).await?`.
///
/// # Errors
/// As for [`Config::from_env`] and [`Config::manager`].
pub fn from_env() -> Result<CacheManager> {
    Config::from_env()?.manager()
}

/// A manager from one URL: `redis://host:6379`, `disk:///var/cache/app`, `memory://`. With a near tier, and a
/// memory fallback behind Redis and disk; around Redis the layers of [`Resilience::of_supervised`](crate::Resilience::of_supervised).
///
/// # Errors
/// As for [`Config::from_url`] and [`Config::manager`].
pub fn connect(url: &str) -> Result<CacheManager> {
    Config::from_url(url)?.manager()
}

/// Registers the aliases that a service uses by name: `memory` (always in this process, `CACHE_DEFAULT_TTL`) and
/// `persistent` (Redis when configured, else disk, else memory; `CACHE_PERSISTENT_TTL`, one hour unless said).
///
/// # Errors
/// As for [`Config::manager`].
pub fn register_default_caches(config: &Config) -> Result<()> {
    let (memory, persistent) = (config.memory_alias()?, config.persistent_alias()?);
    crate::global::register_cache("memory", memory);
    crate::global::register_cache("persistent", persistent);
    Ok(())
}

fn config_error(message: String, fix: String) -> Error {
    Error::new(ErrorKind::Config, message).with_fix(fix)
}
