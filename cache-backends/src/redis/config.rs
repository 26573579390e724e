//! How the backend is set up. Only [`RedisBackendBuilder::build`] checks, and it names what is wrong.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use cache_core::error::{Error, ErrorKind, Result};

use super::RedisBackend;
use super::address::masked;
use super::place::Place;
use super::shape::Shape;
use super::tls::Certificates;

/// What holds for every call of one backend, whatever server it goes to.
#[derive(Debug)]
pub(super) struct Settings {
    pub(super) connect_timeout: Duration,
    pub(super) read_timeout: Duration,
    pub(super) write_timeout: Duration,
    pub(super) scan_timeout: Duration,
    pub(super) max_entry_bytes: usize,
}

/// Builds a [`RedisBackend`]. Every time-out counts from the call of a verb to its answer, connecting included.
#[derive(Clone)]
pub struct RedisBackendBuilder {
    url: String,
    certificates: Certificates,
    connect_timeout: Duration,
    read_timeout: Duration,
    write_timeout: Duration,
    scan_timeout: Duration,
    max_entry_bytes: usize,
}

const MAX_TIMEOUT: Duration = Duration::from_secs(60);
const MAX_ENTRY_BYTES: usize = 64 << 20;

impl RedisBackendBuilder {
    pub(super) fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            certificates: Certificates::default(),
            connect_timeout: Duration::from_millis(250),
            read_timeout: Duration::from_millis(100),
            write_timeout: Duration::from_millis(250),
            scan_timeout: Duration::from_secs(2),
            max_entry_bytes: 1 << 20,
        }
    }

    /// The roots that the server's certificate must lead to, as PEM text; the system's unless said. Needs a
    /// `rediss://` URL, which can also name a file: `?ca_file=/etc/tls/ca.pem`.
    #[must_use]
    pub fn ca_certificate(mut self, pem: impl Into<Vec<u8>>) -> Self {
        self.certificates.ca = Some(pem.into());
        self
    }

    /// The own certificate (leaf first) and its key as PEM text, for servers that ask for one. Needs a `rediss://`
    /// URL, which can also name files: `?cert_file=/etc/tls/app.pem&key_file=/etc/tls/app.key`.
    #[must_use]
    pub fn client_certificate(mut self, pem: impl Into<Vec<u8>>, key: impl Into<Vec<u8>>) -> Self {
        self.certificates.cert = Some(pem.into());
        self.certificates.key = Some(key.into());
        self
    }

    /// How long one attempt to connect may take, handshake and name look-up included (250 ms).
    #[must_use]
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.connect_timeout = timeout;
        self
    }

    /// How long a read may take (100 ms); of many keys, each round trip.
    #[must_use]
    pub fn read_timeout(mut self, timeout: Duration) -> Self {
        self.read_timeout = timeout;
        self
    }

    /// How long a write or a delete may take (250 ms); of many keys, each round trip.
    #[must_use]
    pub fn write_timeout(mut self, timeout: Duration) -> Self {
        self.write_timeout = timeout;
        self
    }

    /// How long each round trip of a pattern delete or a clear may take (2 s). They have no deadline in total.
    #[must_use]
    pub fn scan_timeout(mut self, timeout: Duration) -> Self {
        self.scan_timeout = timeout;
        self
    }

    /// The largest frame that is stored (1 MiB, at most 64 MiB). One that is larger is refused, and removes what
    /// it would have replaced.
    #[must_use]
    pub fn max_entry_bytes(mut self, bytes: usize) -> Self {
        self.max_entry_bytes = bytes;
        self
    }

    /// Makes the backend. Does not connect, needs neither the server nor a runtime. With TLS, reads certificates.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] naming the option, what it holds (a password masked) and the fix.
    pub fn build(self) -> Result<RedisBackend> {
        let timeouts = [
            ("connect_timeout", self.connect_timeout),
            ("read_timeout", self.read_timeout),
            ("write_timeout", self.write_timeout),
            ("scan_timeout", self.scan_timeout),
        ];
        for (name, timeout) in timeouts {
            check_timeout(name, timeout)?;
        }
        check_entry(self.max_entry_bytes)?;
        let place = Place::parse(&self.url, &self.certificates)?;
        let settings = Arc::new(Settings {
            connect_timeout: self.connect_timeout,
            read_timeout: self.read_timeout,
            write_timeout: self.write_timeout,
            scan_timeout: self.scan_timeout,
            max_entry_bytes: self.max_entry_bytes,
        });
        Ok(RedisBackend::with(Shape::new(settings, place)))
    }
}

impl fmt::Debug for RedisBackendBuilder {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackendBuilder")
            .field("url", &masked(&self.url))
            .field("certificates", &self.certificates)
            .field("connect_timeout", &self.connect_timeout)
            .field("read_timeout", &self.read_timeout)
            .field("write_timeout", &self.write_timeout)
            .field("scan_timeout", &self.scan_timeout)
            .field("max_entry_bytes", &self.max_entry_bytes)
            .finish()
    }
}

fn check_timeout(name: &str, timeout: Duration) -> Result<()> {
    if timeout.is_zero() || timeout > MAX_TIMEOUT {
        return Err(Error::new(ErrorKind::Config, format!("{name} holds {timeout:?}"))
            .with_fix("give a time above zero and up to 60 s; 100 ms suit a local network"));
    }
    Ok(())
}

fn check_entry(bytes: usize) -> Result<()> {
    if bytes == 0 || bytes > MAX_ENTRY_BYTES {
        return Err(Error::new(ErrorKind::Config, format!("max_entry_bytes holds {bytes}"))
            .with_fix(format!("give 1 to {MAX_ENTRY_BYTES} bytes; larger values stall all others")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_option_is_named_with_what_it_holds() {
        let builder = || RedisBackend::builder("redis://u:canary@h");
        for (builder, text) in [
            (builder().read_timeout(Duration::ZERO), "read_timeout holds 0ns"),
            (builder().write_timeout(Duration::MAX), "write_timeout holds 18446744073709551615.999999999s"),
            (builder().connect_timeout(Duration::ZERO), "connect_timeout holds 0ns"),
            (builder().scan_timeout(Duration::ZERO), "scan_timeout holds 0ns"),
            (builder().max_entry_bytes(0), "max_entry_bytes holds 0"),
            (builder().max_entry_bytes(usize::MAX), "max_entry_bytes holds 18446744073709551615"),
        ] {
            assert!(!format!("{builder:?}").contains("canary"));
            let error = builder.build().map(|_| ()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().starts_with(text), "{error}");
        }
    }
}
