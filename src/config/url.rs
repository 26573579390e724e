//! Addresses of byte tiers.

use std::path::PathBuf;

use cache_core::error::Result;
use cache_core::port::backend::BackendKind;

use super::config_error;

/// Where a byte tier is.
#[derive(Clone, PartialEq, Eq)]
pub(super) enum Address {
    /// In this process.
    Memory,
    /// In a directory.
    Disk(PathBuf),
    /// On a Redis or Valkey server; the URL as it was given.
    Redis(String),
    /// Nowhere.
    Null,
}

impl Address {
    pub(super) fn kind(&self) -> BackendKind {
        match self {
            Self::Memory => BackendKind::Memory,
            Self::Disk(_) => BackendKind::Disk,
            Self::Redis(_) => BackendKind::Redis,
            Self::Null => BackendKind::Null,
        }
    }
}

/// Shows no credentials.
impl std::fmt::Debug for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Memory => f.write_str("memory://"),
            Self::Disk(path) => write!(f, "disk://{}", path.display()),
            Self::Redis(url) => f.write_str(&masked(url)),
            Self::Null => f.write_str("null://"),
        }
    }
}

const SCHEMES: &str = "\
    use memory://, disk:///directory, redis://host:6379 (rediss://, redis+cluster://, redis+sentinel://) or null://";

/// Reads an address.
pub(super) fn parse(url: &str) -> Result<Address> {
    let Some((scheme, rest)) = url.split_once("://") else {
        return Err(config_error(
            format!("the cache URL holds {:?}, which has no scheme", masked(url)),
            SCHEMES.to_owned(),
        ));
    };
    match scheme {
        "memory" if rest.is_empty() => Ok(Address::Memory),
        "null" if rest.is_empty() => Ok(Address::Null),
        "memory" | "null" => Err(config_error(
            format!("{scheme}:// has something behind it, which would be ignored"),
            format!("write {scheme}://, and set options with variables, e.g. CACHE_MEMORY_MAX_BYTES"),
        )),
        "disk" if rest.contains('?') => Err(config_error(
            "disk:// has options behind its directory, which this version does not read".to_owned(),
            "write disk:///var/cache/app, and set options with variables, e.g. CACHE_DISK_MAX_BYTES"
                .to_owned(),
        )),
        "disk" if rest.is_empty() => Err(config_error(
            "disk:// names no directory".to_owned(),
            "write disk:///var/cache/app".to_owned(),
        )),
        "disk" => Ok(Address::Disk(PathBuf::from(rest))),
        "redis" | "rediss" | "redis+cluster" | "rediss+cluster" | "redis+sentinel" | "rediss+sentinel" => {
            Ok(Address::Redis(url.to_owned()))
        }
        other => {
            Err(config_error(format!("the cache URL has the unknown scheme {other:?}"), SCHEMES.to_owned()))
        }
    }
}

/// A URL without its credentials.
pub(super) fn masked(url: &str) -> String {
    let Some((head, rest)) = url.split_once("://") else {
        return if url.contains('@') { "***".to_owned() } else { url.to_owned() };
    };
    let (place, options) = rest.split_once('?').map_or((rest, ""), |(place, _)| (place, "?***"));
    if options.contains('*') && rest.rfind('@') > rest.find('?') {
        return format!("{head}://***");
    }
    match place.rsplit_once('@') {
        Some((_, host)) => format!("{head}://***@{host}{options}"),
        None => format!("{head}://{place}{options}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_read() {
        assert_eq!(parse("memory://").unwrap(), Address::Memory);
        assert_eq!(parse("disk:///var/cache").unwrap(), Address::Disk(PathBuf::from("/var/cache")));
        assert_eq!(parse("disk://cache").unwrap(), Address::Disk(PathBuf::from("cache")));
        assert_eq!(parse("redis://h:1").unwrap(), Address::Redis("redis://h:1".to_owned()));
        for url in ["rediss://h:1", "redis+cluster://h:1,i:2", "rediss+sentinel://h/m"] {
            assert_eq!(parse(url).unwrap(), Address::Redis(url.to_owned()));
        }
        for bad in ["", "redis", "disk://", "http://h", "memory://?max_bytes=1", "null://x", "disk:///d?a=1"]
        {
            assert!(parse(bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn credentials_are_never_shown() {
        let address = parse("redis://ann:c4nary@h:1/2").unwrap();
        assert_eq!(format!("{address:?}"), "redis://***@h:1/2");
        for (url, shown) in [
            ("redis+sentinel://h/m?sentinel_password=c4nary", "redis+sentinel://h/m?***"),
            ("redis+sentinel://u:c4nary@h/m?sentinel_password=c4nary", "redis+sentinel://***@h/m?***"),
            ("redis://u:c4n?c4nary@h", "redis://***"),
        ] {
            assert_eq!(masked(url), shown);
        }
        assert!(!parse("ann:c4nary@h").unwrap_err().to_string().contains("c4nary"));
        assert!(!parse("bogus://ann:c4nary@h").unwrap_err().to_string().contains("c4nary"));
    }
}
