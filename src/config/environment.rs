//! The variables of a service.

use std::net::Ipv6Addr;
use std::path::PathBuf;
use std::time::Duration;

use cache_core::error::{Error, ErrorKind, Result};
use cache_core::port::backend::BackendKind;
use cache_core::time::parse_life;

use super::keys::Keys;
use super::url::{self, Address};
use super::{Config, KeySecret};

/// What reads the variables: a process's environment, or a test's table.
type Lookup<'a> = &'a dyn Fn(&str) -> Option<String>;

/// Reads all variables; every bad one is reported.
pub(super) fn read(lookup: Lookup<'_>) -> Result<Config> {
    let mut vars = Vars { lookup, problems: Vec::new() };
    let address = vars.address();
    let config = Config {
        enabled: vars.flag("CACHE_ENABLED").unwrap_or(true),
        serverless: vars.flag("SERVERLESS_ENABLED").unwrap_or(false),
        address,
        redis: vars.redis(),
        disk: vars.directory(),
        namespace: vars.text("CACHE_NAMESPACE"),
        key_secret: vars.secret("CACHE_KEY_SECRET"),
        keys: vars.keys(),
        default_ttl: vars.life("CACHE_DEFAULT_TTL"),
        persistent_ttl: vars.life("CACHE_PERSISTENT_TTL"),
        near_max_bytes: vars.count("CACHE_NEAR_MAX_BYTES"),
        memory_max_bytes: vars.count("CACHE_MEMORY_MAX_BYTES"),
        memory_max_entries: vars.count("CACHE_MEMORY_MAX_ENTRIES"),
        max_entry_bytes: vars.count("CACHE_MAX_ENTRY_BYTES"),
        disk_max_bytes: vars.count("CACHE_DISK_MAX_BYTES"),
        redis_timeout: vars.count("CACHE_REDIS_TIMEOUT_MS").map(Duration::from_millis),
        jitter: vars.fraction("CACHE_JITTER"),
        ..Config::default()
    };
    vars.finish(config)
}

/// Whether the environment leaves the cache on, for the manager without set-up.
pub(crate) fn enabled_by_environment() -> bool {
    let lookup = |name: &str| std::env::var(name).ok();
    Vars { lookup: &lookup, problems: Vec::new() }.flag("CACHE_ENABLED").unwrap_or(true)
}

struct Vars<'a> {
    lookup: Lookup<'a>,
    problems: Vec<String>,
}

impl Vars<'_> {
    /// A variable that is set and not blank.
    fn text(&self, name: &str) -> Option<String> {
        (self.lookup)(name).map(|value| value.trim().to_owned()).filter(|value| !value.is_empty())
    }

    /// Reads a variable, or notes what is wrong with it.
    fn parse<T>(&mut self, name: &str, read: impl FnOnce(&str) -> Option<T>, fix: &str) -> Option<T> {
        let text = self.text(name)?;
        let value = read(&text);
        let problem = format!("{name} holds {text:?}; write {fix}");
        if value.is_none() && !self.problems.contains(&problem) {
            self.problems.push(problem);
        }
        value
    }

    fn flag(&mut self, name: &str) -> Option<bool> {
        let read = |text: &str| match text.to_ascii_lowercase().as_str() {
            "true" | "1" | "yes" | "on" => Some(true),
            "false" | "0" | "no" | "off" => Some(false),
            _ => None,
        };
        self.parse(name, read, "true or false")
    }

    fn count(&mut self, name: &str) -> Option<u64> {
        self.parse(name, |text| text.parse().ok().filter(|count| *count > 0), "a whole number above 0")
    }

    fn fraction(&mut self, name: &str) -> Option<f64> {
        let read = |text: &str| text.parse().ok().filter(|fraction| (0.0..1.0).contains(fraction));
        self.parse(name, read, "a fraction from 0 to below 1, e.g. 0.15")
    }

    fn life(&mut self, name: &str) -> Option<Duration> {
        let read = |text: &str| parse_life(text).ok().map(|life| life.duration().unwrap_or(Duration::MAX));
        self.parse(name, read, r#"seconds, or e.g. "5m", "250ms", "never""#)
    }

    /// A secret. What is wrong with it is said without it.
    fn secret(&mut self, name: &str) -> Option<KeySecret> {
        let secret = self.text(name)?;
        if secret.len() < 16 {
            self.problems
                .push(format!("{name} holds *** of {} bytes; give at least 16 random ones", secret.len()));
            return None;
        }
        Some(KeySecret(secret))
    }

    fn directory(&self) -> Option<PathBuf> {
        self.text("CACHE_DISK_DIR").map(PathBuf::from)
    }

    /// The server of `CACHE_REDIS_HOST` and `CACHE_REDIS_PORT`.
    fn redis(&mut self) -> Option<Address> {
        let port = self.parse(
            "CACHE_REDIS_PORT",
            |text| text.parse::<u16>().ok().filter(|port| *port > 0),
            "a port, e.g. 6379",
        );
        let host = self.text("CACHE_REDIS_HOST")?;
        let host = if host.parse::<Ipv6Addr>().is_ok() { format!("[{host}]") } else { host };
        Some(Address::Redis(format!("redis://{host}:{}", port.unwrap_or(6379))))
    }

    /// What the default manager stands on: `CACHE_URL`, else `CACHE_BACKEND`, else a server or directory that is
    /// named, else nothing.
    fn address(&mut self) -> Option<Address> {
        let backend = self.backend();
        let Some(text) = self.text("CACHE_URL") else {
            return match backend {
                Some(kind) => self.of_kind(kind),
                None => self.redis().or_else(|| self.directory().map(Address::Disk)),
            };
        };
        match url::parse(&text) {
            Ok(address) => {
                self.check_agreement(&address, backend);
                Some(address)
            }
            Err(error) => {
                self.problems.push(format!("CACHE_URL: {error}"));
                None
            }
        }
    }

    fn backend(&mut self) -> Option<BackendKind> {
        let read = |text: &str| match text {
            "memory" => Some(BackendKind::Memory),
            "redis" => Some(BackendKind::Redis),
            "disk" => Some(BackendKind::Disk),
            "null" => Some(BackendKind::Null),
            _ => None,
        };
        self.parse("CACHE_BACKEND", read, "memory, redis, disk or null")
    }

    fn of_kind(&mut self, kind: BackendKind) -> Option<Address> {
        match kind {
            BackendKind::Redis => {
                self.redis().or_else(|| Some(Address::Redis("redis://127.0.0.1:6379".to_owned())))
            }
            BackendKind::Disk => {
                let directory = self.directory();
                if directory.is_none() {
                    self.problems.push(
                        "CACHE_BACKEND holds \"disk\", but CACHE_DISK_DIR is not set; name a directory"
                            .to_owned(),
                    );
                }
                directory.map(Address::Disk)
            }
            BackendKind::Memory => Some(Address::Memory),
            _ => Some(Address::Null),
        }
    }

    fn check_agreement(&mut self, address: &Address, backend: Option<BackendKind>) {
        if let Some(kind) = backend.filter(|kind| *kind != address.kind()) {
            self.problems.push(format!(
                "CACHE_BACKEND says {kind:?}, but CACHE_URL is {address:?}; leave one of them out"
            ));
        }
    }

    fn keys(&mut self) -> Keys {
        Keys::read(self.lookup).unwrap_or_else(|problem| {
            self.problems.push(problem);
            Keys::default()
        })
    }

    fn finish(self, config: Config) -> Result<Config> {
        if self.problems.is_empty() {
            return Ok(config);
        }
        Err(Error::new(ErrorKind::Config, self.problems.join("; ")).during("from_env"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read_from(vars: &[(&str, &str)]) -> Result<Config> {
        read(&|name| vars.iter().find(|(var, _)| *var == name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn nothing_set_is_the_near_tier_alone() {
        let config = read_from(&[]).unwrap();
        assert!(config.enabled && config.address.is_none() && config.persistent().is_none());
    }

    #[test]
    fn every_bad_variable_is_named_with_what_it_holds() {
        let error = read_from(&[
            ("CACHE_DEFAULT_TTL", "soon"),
            ("CACHE_JITTER", "2"),
            ("CACHE_REDIS_PORT", "99999"),
            ("CACHE_ENABLED", "perhaps"),
            ("CACHE_NEAR_MAX_BYTES", "0"),
            ("CACHE_URL", "bogus://ann:c4nary@h"),
            ("CACHE_MASTER_KEY", "c4nary"),
            ("CACHE_KEY_SECRET", "c4nary"),
        ])
        .unwrap_err()
        .to_string();
        for part in [
            "CACHE_DEFAULT_TTL holds \"soon\"",
            "CACHE_JITTER holds \"2\"",
            "\"99999\"",
            "\"perhaps\"",
            "\"0\"",
            "CACHE_URL",
            "CACHE_MASTER_KEY",
            "CACHE_KEY_SECRET holds *** of 6 bytes",
        ] {
            assert!(error.contains(part), "{part} is missing in {error}");
        }
        assert!(!error.contains("c4nary"), "{error}");
    }

    #[test]
    fn the_most_special_variable_wins() {
        let address = |vars: &[(&str, &str)]| read_from(vars).unwrap().primary();
        let redis = |url: &str| Some(Address::Redis(url.to_owned()));
        assert_eq!(address(&[("CACHE_URL", "redis://a:1"), ("CACHE_REDIS_HOST", "b")]), redis("redis://a:1"));
        assert_eq!(address(&[("CACHE_REDIS_HOST", "b"), ("CACHE_REDIS_PORT", "7")]), redis("redis://b:7"));
        assert_eq!(address(&[("CACHE_REDIS_HOST", "::1")]), redis("redis://[::1]:6379"));
        assert_eq!(address(&[("CACHE_BACKEND", "redis")]), redis("redis://127.0.0.1:6379"));
        assert_eq!(address(&[("CACHE_BACKEND", "memory"), ("CACHE_REDIS_HOST", "b")]), Some(Address::Memory));
        assert_eq!(address(&[("CACHE_DISK_DIR", "/d")]), Some(Address::Disk("/d".into())));
        assert_eq!(address(&[("CACHE_URL", "redis://a"), ("SERVERLESS_ENABLED", "true")]), None);
        assert!(read_from(&[("CACHE_URL", "redis://a"), ("CACHE_BACKEND", "disk")]).is_err());
        assert!(read_from(&[("CACHE_BACKEND", "disk")]).is_err());
    }

    #[test]
    fn the_persistent_alias_prefers_redis_then_disk_then_memory() {
        let persistent = |vars: &[(&str, &str)]| read_from(vars).unwrap().persistent();
        let both = [("CACHE_BACKEND", "memory"), ("CACHE_REDIS_HOST", "b"), ("CACHE_DISK_DIR", "/d")];
        assert_eq!(persistent(&both), Some(Address::Redis("redis://b:6379".to_owned())));
        assert_eq!(
            persistent(&[("CACHE_URL", "memory://"), ("CACHE_DISK_DIR", "/d")]),
            Some(Address::Disk("/d".into()))
        );
        assert_eq!(persistent(&[("CACHE_URL", "memory://")]), None);
    }

    #[test]
    fn off_is_explicit_and_wins_over_a_url() {
        assert!(!read_from(&[("CACHE_ENABLED", "false"), ("CACHE_URL", "memory://")]).unwrap().enabled);
        assert!(read_from(&[("CACHE_URL", "memory://")]).unwrap().enabled);
    }
}
