//! Where one server is: its host and port or socket, its credentials, and the text that may be shown of it.
//!
//! Invariant: nothing between `//` and `@` is ever shown, nor what might be a password in a URL that cannot be
//! read. Which URLs there are stands in `place`.

use std::fmt;

use cache_core::error::{Error, ErrorKind, Result};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion, RedisConnectionInfo};

use super::tls::Tls;

/// A server's address with its credentials; `Display` and `Debug` show neither user nor password.
#[derive(Clone)]
pub(super) struct Address {
    info: ConnectionInfo,
    tls: Option<Tls>,
    shown: String,
}

/// Options behind the `?` of a URL that are not the client library's, as they were written.
pub(super) type Options = Vec<(String, String)>;

impl Address {
    /// Reads `redis://[user:password@]host[:port][/database][?option=value&..]` or `unix:///path`. Options beyond
    /// the library's must be among the extra ones, and are handed back. The fix is for errors.
    pub(super) fn read(text: &str, extra: &[&str], wrong: &Wrong<'_>) -> Result<(Self, Options)> {
        let url = redis::parse_redis_url(text).ok_or_else(|| wrong.because("it cannot be read"))?;
        let is_socket = url.scheme().ends_with("unix");
        let behind = [Some(url.path()), url.query(), url.fragment()];
        if behind.iter().flatten().any(|part| part.contains('@')) {
            return Err(wrong.because("an @ stands behind the host"));
        }
        if url.fragment().is_some() {
            return Err(wrong.because("it has a # part"));
        }
        let known: &[&str] = if is_socket { &["protocol", "db", "user", "pass"] } else { &["protocol"] };
        let pairs = || url.query_pairs().map(|(name, value)| (name.into_owned(), value.into_owned()));
        let (own, options): (Options, Options) = pairs().partition(|(name, _)| known.contains(&&**name));
        if options.iter().any(|(name, _)| !extra.contains(&&**name)) {
            return Err(wrong.because("it has an unknown option behind the ?"));
        }
        let chosen_protocol = own.iter().any(|(name, _)| name == "protocol");
        let info = url.into_connection_info().map_err(|error| wrong.because(reason(&error)))?;
        if info.redis_settings().username().is_some() && info.redis_settings().password().is_none() {
            return Err(wrong.because("it names a user without a password"));
        }
        if info.redis_settings().db() < 0 {
            return Err(wrong.because("the database number is negative"));
        }
        let info = if chosen_protocol { info } else { speaking_resp3(info) };
        Ok((Self { shown: shown(&info, false), info, tls: None }, options))
    }

    /// The same server by TLS.
    pub(super) fn with_tls(mut self, tls: Option<Tls>) -> Self {
        self.shown = shown(&self.info, tls.is_some());
        self.tls = tls;
        self
    }

    /// Another server with the same credentials.
    #[cfg(any(feature = "redis-cluster", feature = "redis-sentinel"))]
    pub(super) fn at(&self, host: &str, port: u16) -> Self {
        let info = self.info.clone().set_addr(ConnectionAddr::Tcp(host.to_owned(), port));
        Self { shown: shown(&info, self.tls.is_some()), info, tls: self.tls.clone() }
    }

    /// The same place as that of a sentinel, which has credentials of its own.
    #[cfg(feature = "redis-sentinel")]
    pub(super) fn of_sentinel(&self, user: Option<&str>, password: Option<&str>) -> Self {
        let own = RedisConnectionInfo::default().set_protocol(self.settings().protocol());
        let own = user.map_or(own.clone(), |user| own.set_username(user));
        let own = password.map_or(own.clone(), |password| own.set_password(password));
        let info = self.info.clone().set_redis_settings(own);
        Self { shown: shown(&info, self.tls.is_some()), info, tls: self.tls.clone() }
    }

    /// Host and port, unless it is a socket.
    #[cfg(feature = "redis-cluster")]
    pub(super) fn spot(&self) -> Option<(&str, u16)> {
        match self.info.addr() {
            ConnectionAddr::Tcp(host, port) => Some((host, *port)),
            _ => None,
        }
    }

    /// What the client library needs to connect.
    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
    }

    pub(super) fn tls(&self) -> Option<&Tls> {
        self.tls.as_ref()
    }

    /// User, password, database and protocol.
    pub(super) fn settings(&self) -> &RedisConnectionInfo {
        self.info.redis_settings()
    }
}

impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.shown)
    }
}

impl fmt::Debug for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.shown)
    }
}

/// Only the third protocol tells a client that its connection was lost before it sends something.
fn speaking_resp3(info: ConnectionInfo) -> ConnectionInfo {
    let settings = info.redis_settings().clone().set_protocol(ProtocolVersion::RESP3);
    info.set_redis_settings(settings)
}

fn shown(info: &ConnectionInfo, tls: bool) -> String {
    let scheme = if tls { "rediss" } else { "redis" };
    let place = match info.addr() {
        ConnectionAddr::Tcp(host, port) if host.contains(':') => format!("{scheme}://[{host}]:{port}"),
        ConnectionAddr::Tcp(host, port) => format!("{scheme}://{host}:{port}"),
        ConnectionAddr::Unix(path) => format!("unix://{}", path.display()),
        other => format!("{scheme}://{other}"),
    };
    match info.redis_settings().db() {
        0 => place,
        database => format!("{place}/{database}"),
    }
}

fn reason(error: &redis::RedisError) -> &'static str {
    let text = error.to_string();
    let known = [
        ("database number", "the database is not a number"),
        ("wildcard", "0.0.0.0 and :: are no addresses to connect to"),
        ("protocol version", "the protocol is neither resp2 nor resp3"),
        ("hostname", "it names no host"),
    ];
    known.iter().find(|(sign, _)| text.contains(sign)).map_or("it cannot be read", |(_, reason)| reason)
}

/// How to say that a URL is wrong: what it holds, and the form it should have.
pub(super) struct Wrong<'a> {
    pub(super) text: &'a str,
    pub(super) form: &'static str,
}

impl Wrong<'_> {
    pub(super) fn because(&self, why: impl fmt::Display) -> Error {
        Error::new(ErrorKind::Config, format!("the Redis URL holds {:?}: {why}", masked(self.text)))
            .with_fix(format!("write {}, signs of the password percent-encoded", self.form))
    }
}

/// What may be shown of a URL that nobody could read: its scheme, and its host if it looks like one.
pub(super) fn masked(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let (secret, place) = rest.rsplit_once('@').map_or(("", rest), |(secret, place)| (secret, place));
    // Behind a ? stand options, and an @ among them may be part of a password.
    let place = if secret.contains('?') { "***" } else { place };
    let secret = rest.contains('@');
    let place = place.split(['/', '?', '#']).next().unwrap_or_default();
    let are_hosts = place.split(',').all(|host| looks_like_a_host(host, scheme.is_empty()));
    let place = if are_hosts { place } else { "***" };
    let scheme = if looks_like_a_scheme(scheme) { format!("{scheme}://") } else { String::new() };
    format!("{scheme}{}{place}", if secret { "***@" } else { "" })
}

fn looks_like_a_host(place: &str, needs_port: bool) -> bool {
    let (host, port) = place.rsplit_once(':').map_or((place, None), |(host, port)| (host, Some(port)));
    let is_name = host.bytes().all(|byte| byte.is_ascii_alphanumeric() || b".-_".contains(&byte));
    let is_port = port.map_or(!needs_port, |port| port.parse::<u16>().is_ok());
    place.len() <= 128 && is_name && is_port
}

fn looks_like_a_scheme(scheme: &str) -> bool {
    !scheme.is_empty()
        && scheme.len() <= 16
        && scheme.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'+')
}
