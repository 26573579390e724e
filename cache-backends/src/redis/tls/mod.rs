//! Encrypted connections: what certifies whom.
//!
//! Promise: a server is believed only when its certificate leads to a known root and names the host that was asked
//! for; there is no way to switch that off. Nothing falls back to a connection in clear. [`enabled`] is what the
//! feature `redis-tls` brings, its twin refuses.

#[cfg(not(feature = "redis-tls"))]
mod disabled;
#[cfg(feature = "redis-tls")]
mod enabled;

#[cfg(not(feature = "redis-tls"))]
pub(super) use disabled::Tls;
#[cfg(feature = "redis-tls")]
pub(super) use enabled::Tls;

use std::fmt;
use std::fs;

use cache_core::error::{Error, ErrorKind, Result};

/// Certificates and a key as PEM text.
#[derive(Clone, Default)]
pub(super) struct Certificates {
    /// The roots; the system's where there are none.
    pub(super) ca: Option<Vec<u8>>,
    /// The own certificate, leaf first, for servers that ask for one.
    pub(super) cert: Option<Vec<u8>>,
    /// The key of the own certificate.
    pub(super) key: Option<Vec<u8>>,
}

impl Certificates {
    /// Whether there is any.
    pub(super) fn are_given(&self) -> bool {
        self.ca.is_some() || self.cert.is_some() || self.key.is_some()
    }

    /// Reads what an option of a URL names: `ca_file`, `cert_file` or `key_file`.
    pub(super) fn read_file(&mut self, option: &str, path: &str) -> Result<()> {
        let field = match option {
            "ca_file" => &mut self.ca,
            "cert_file" => &mut self.cert,
            "key_file" => &mut self.key,
            _ => return Ok(()),
        };
        let unreadable = |error: std::io::Error| {
            let text = format!("{option} of the Redis URL holds {path:?}: {error}");
            Error::new(ErrorKind::Config, text).with_fix("name a PEM file that this process may read")
        };
        *field = Some(fs::read(path).map_err(unreadable)?);
        Ok(())
    }
}

/// Shows what is there, not what it holds.
impl fmt::Debug for Certificates {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Certificates")
            .field("ca", &self.ca.is_some())
            .field("cert", &self.cert.is_some())
            .field("key", &self.key.is_some())
            .finish()
    }
}
