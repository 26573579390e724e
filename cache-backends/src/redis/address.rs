//! Where the server is: the URL, read once, and the text that may be shown of it.
//!
//! Invariant: nothing between `//` and `@` is ever shown, nor what might be a password in a URL that cannot be
//! read.

use std::fmt;

use cache_core::error::{Error, ErrorKind, Result};
use redis::{ConnectionAddr, ConnectionInfo, IntoConnectionInfo, ProtocolVersion};

/// A server's address with its credentials; `Display` and `Debug` show neither user nor password.
#[derive(Clone)]
pub(super) struct Address {
    info: ConnectionInfo,
    shown: String,
}

impl Address {
    /// Reads `redis://[user:password@]host[:port][/database]` or `unix:///path`.
    pub(super) fn parse(text: &str) -> Result<Self> {
        check_scheme(text)?;
        let url = redis::parse_redis_url(text).ok_or_else(|| unreadable(text, "it cannot be read"))?;
        let is_socket = url.scheme().ends_with("unix");
        let behind = [Some(url.path()), url.query(), url.fragment()];
        if behind.iter().flatten().any(|part| part.contains('@')) {
            return Err(unreadable(text, "an @ stands behind the host"));
        }
        if url.fragment().is_some() {
            return Err(unreadable(text, "it has a # part"));
        }
        let known: &[&str] = if is_socket { &["protocol", "db", "user", "pass"] } else { &["protocol"] };
        if url.query_pairs().any(|(name, _)| !known.contains(&&*name)) {
            return Err(unreadable(text, "it has an unknown option behind the ?"));
        }
        let chosen_protocol = url.query_pairs().any(|(name, _)| name == "protocol");
        let info = url.into_connection_info().map_err(|error| unreadable(text, reason(&error)))?;
        if info.redis_settings().username().is_some() && info.redis_settings().password().is_none() {
            return Err(unreadable(text, "it names a user without a password"));
        }
        if info.redis_settings().db() < 0 {
            return Err(unreadable(text, "the database number is negative"));
        }
        let info = if chosen_protocol { info } else { speaking_resp3(info) };
        Ok(Self { shown: shown(&info), info })
    }

    /// What the client library needs to connect.
    pub(super) fn info(&self) -> &ConnectionInfo {
        &self.info
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

fn shown(info: &ConnectionInfo) -> String {
    let place = match info.addr() {
        ConnectionAddr::Tcp(host, port) if host.contains(':') => format!("redis://[{host}]:{port}"),
        ConnectionAddr::Tcp(host, port) => format!("redis://{host}:{port}"),
        ConnectionAddr::Unix(path) => format!("unix://{}", path.display()),
        other => format!("redis://{other}"),
    };
    match info.redis_settings().db() {
        0 => place,
        database => format!("{place}/{database}"),
    }
}

fn check_scheme(text: &str) -> Result<()> {
    let scheme = text.split_once("://").map(|(scheme, _)| scheme.to_ascii_lowercase());
    match scheme.as_deref() {
        Some("redis" | "valkey" | "unix" | "redis+unix" | "valkey+unix") => Ok(()),
        Some("rediss" | "valkeys") => Err(unreadable(text, "TLS is not offered by this build")),
        Some("redis+cluster" | "redis+sentinel") => {
            Err(unreadable(text, "clusters and sentinels are not offered by this backend"))
        }
        _ => Err(unreadable(text, "it does not begin with redis://")),
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

fn unreadable(text: &str, why: &str) -> Error {
    Error::new(ErrorKind::Config, format!("the Redis URL holds {:?}: {why}", masked(text))).with_fix(
        "write redis://[user:password@]host[:port][/database], signs of the password percent-encoded",
    )
}

/// What may be shown of a URL that nobody could read: its scheme, and its host if it looks like one.
pub(super) fn masked(text: &str) -> String {
    let (scheme, rest) = text.split_once("://").map_or(("", text), |(scheme, rest)| (scheme, rest));
    let (secret, place) = rest.rsplit_once('@').map_or((false, rest), |(_, place)| (true, place));
    let place = place.split(['/', '?', '#']).next().unwrap_or_default();
    let place = if looks_like_a_host(place, scheme.is_empty()) { place } else { "***" };
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_shown_without_its_credentials() {
        for (url, shown) in [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379"),
            ("redis://user:canary@cache.internal:7000/3", "redis://cache.internal:7000/3"),
            ("valkey://:canary@h", "redis://h:6379"),
            ("redis://:canary@[::1]:1/?protocol=resp2", "redis://[::1]:1"),
            ("unix:///run/redis.sock?pass=canary&db=2", "unix:///run/redis.sock/2"),
        ] {
            let address = Address::parse(url).unwrap();
            assert_eq!(address.to_string(), shown);
            assert!(!format!("{address:?}").contains("canary"), "{address:?}");
        }
    }

    #[test]
    fn a_bad_url_is_refused_by_name_without_its_password() {
        for (url, shown) in [
            ("", "\"***\": it does not begin"),
            ("localhost:6379", "\"localhost:6379\": it does not begin with redis://"),
            ("canary", "\"***\": it does not begin"),
            ("http://:canary@h:1", "\"http://***@h:1\": it does not begin"),
            ("rediss://u:canary@h:1", "\"rediss://***@h:1\": TLS is not offered"),
            ("redis+cluster://u:canary@h:1,i:2", "\"redis+cluster://***@***\": clusters"),
            ("redis://:ca/nary@h:1", "\"redis://***@h:1\""),
            ("redis://u:12#canary@h:1", "\"redis://***@h:1\": an @ stands behind the host"),
            ("redis://:canary", "\"redis://***\""),
            ("redis://u:canary", "\"redis://***\""),
            ("redis://canary@h:1", "\"redis://***@h:1\": it names a user without a password"),
            ("redis://h:1/zwei", "\"redis://h:1\": the database is not a number"),
            ("redis://h:1/-1", "\"redis://h:1\": the database number is negative"),
            ("redis://h:1?password=canary", "\"redis://h:1\": it has an unknown option"),
            ("redis://h:1?protocol=canary", "\"redis://h:1\": the protocol is neither"),
            ("redis://0.0.0.0:1", "\"redis://0.0.0.0:1\": 0.0.0.0 and :: are no addresses"),
        ] {
            let error = Address::parse(url).map(|address| address.to_string()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = format!("{error} {error:?}");
            assert!(text.contains(shown), "{url}: {text}");
            assert!(!text.contains("canary") && !text.contains("nary"), "{url}: {text}");
        }
    }
}
