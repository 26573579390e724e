//! What a URL names: one server, a cluster, or the sentinels of a primary; in clear or by TLS.
//!
//! Invariant: a scheme that this build cannot honour is refused by the name of the missing feature, never read as
//! another one. What asks for TLS gets TLS or an error.

#[cfg(any(feature = "redis-cluster", feature = "redis-sentinel"))]
mod fleet;

use std::fmt;

use cache_core::error::Result;
#[cfg(not(all(feature = "redis-cluster", feature = "redis-sentinel")))]
use cache_core::error::{Error, ErrorKind};

use super::address::{Address, Options, Wrong};
#[cfg(feature = "redis-sentinel")]
use super::sentinel::Sentinels;
use super::tls::{Certificates, Tls};

/// Where the data is.
#[derive(Clone)]
pub(super) enum Place {
    /// On this server.
    One(Address),
    /// On the servers of a cluster, some of which are named.
    #[cfg(feature = "redis-cluster")]
    Cluster {
        /// What every server is spoken to like.
        template: Address,
        seeds: Vec<Address>,
    },
    /// On the server that these sentinels name.
    #[cfg(feature = "redis-sentinel")]
    Sentinel(Sentinels),
}

/// What a scheme says.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Shape {
    One,
    Cluster,
    Sentinel,
}

const FORM_ONE: &str = "redis://[user:password@]host[:port][/database], or rediss:// for TLS";
const TLS_OPTIONS: [&str; 3] = ["ca_file", "cert_file", "key_file"];

impl Place {
    /// Reads a URL. Certificates that it names are added to those that are given, and win.
    pub(super) fn parse(text: &str, certificates: &Certificates) -> Result<Self> {
        let (shape, by_tls, rest) = scheme(text)?;
        match shape {
            Shape::One => {
                let wrong = Wrong { text, form: FORM_ONE };
                let plain = plain_one(text, by_tls, rest);
                let (address, options) = Address::read(&plain, &extra(by_tls, &[]), &wrong)?;
                Ok(Self::One(address.with_tls(tls(by_tls, certificates, &options, &wrong)?)))
            }
            #[cfg(feature = "redis-cluster")]
            Shape::Cluster => fleet::cluster(text, by_tls, rest, certificates),
            #[cfg(not(feature = "redis-cluster"))]
            Shape::Cluster => Err(missing("redis-cluster", text)),
            #[cfg(feature = "redis-sentinel")]
            Shape::Sentinel => fleet::sentinel(text, by_tls, rest, certificates),
            #[cfg(not(feature = "redis-sentinel"))]
            Shape::Sentinel => Err(missing("redis-sentinel", text)),
        }
    }
}

/// Shape, whether by TLS, and what stands behind `://`.
fn scheme(text: &str) -> Result<(Shape, bool, &str)> {
    let (scheme, rest) = text.split_once("://").unwrap_or_default();
    let (shape, by_tls) = match scheme.to_ascii_lowercase().as_str() {
        "redis" | "valkey" | "unix" | "redis+unix" | "valkey+unix" => (Shape::One, false),
        "rediss" | "valkeys" => (Shape::One, true),
        "redis+cluster" => (Shape::Cluster, false),
        "rediss+cluster" => (Shape::Cluster, true),
        "redis+sentinel" => (Shape::Sentinel, false),
        "rediss+sentinel" => (Shape::Sentinel, true),
        _ => return Err(Wrong { text, form: FORM_ONE }.because("it does not begin with redis://")),
    };
    Ok((shape, by_tls, rest))
}

fn plain_one(text: &str, by_tls: bool, rest: &str) -> String {
    if by_tls { format!("redis://{rest}") } else { text.to_owned() }
}

/// The options that a URL may have beyond the client library's.
fn extra(by_tls: bool, own: &'static [&'static str]) -> Vec<&'static str> {
    let tls: &[&str] = if by_tls { &TLS_OPTIONS } else { &[] };
    [own, tls].concat()
}

fn tls(
    by_tls: bool,
    certificates: &Certificates,
    options: &Options,
    wrong: &Wrong<'_>,
) -> Result<Option<Tls>> {
    if !by_tls {
        return match certificates.are_given() {
            true => Err(wrong.because("certificates are given, but it does not ask for TLS")),
            false => Ok(None),
        };
    }
    let mut certificates = certificates.clone();
    for (name, value) in options {
        certificates.read_file(name, value)?;
    }
    Tls::new(&certificates).map(Some)
}

#[cfg(not(all(feature = "redis-cluster", feature = "redis-sentinel")))]
fn missing(feature: &str, text: &str) -> Error {
    let shown = super::address::masked(text);
    Error::new(ErrorKind::Config, format!("the Redis URL holds {shown:?}, which this build leaves out"))
        .with_fix(format!("add the feature {feature:?} of larder"))
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::One(address) => address.fmt(f),
            #[cfg(feature = "redis-cluster")]
            Self::Cluster { seeds, .. } => {
                let seeds: Vec<String> = seeds.iter().map(ToString::to_string).collect();
                write!(f, "cluster of {}", seeds.join(", "))
            }
            #[cfg(feature = "redis-sentinel")]
            Self::Sentinel(sentinels) => sentinels.fmt(f),
        }
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?}", self.to_string())
    }
}
#[cfg(test)]
mod tests {
    use cache_core::error::ErrorKind;

    use super::*;

    fn place(url: &str) -> Result<Place> {
        Place::parse(url, &Certificates::default())
    }

    #[test]
    fn a_url_is_shown_without_its_credentials() {
        for (url, shown) in [
            ("redis://127.0.0.1", "redis://127.0.0.1:6379"),
            ("redis://user:canary@cache.internal:7000/3", "redis://cache.internal:7000/3"),
            ("valkey://:canary@h", "redis://h:6379"),
            ("redis://:canary@[::1]:1/?protocol=resp2", "redis://[::1]:1"),
            #[cfg(feature = "redis-cluster")]
            (
                "redis+cluster://u:canary@h:1,[::1],i",
                "cluster of redis://h:1, redis://[::1]:6379, redis://i:6379",
            ),
            #[cfg(feature = "redis-sentinel")]
            (
                "redis+sentinel://u:canary@h,[::1]:7/main/2?sentinel_user=s&sentinel_password=canary",
                "sentinels of main at redis://h:26379, redis://[::1]:7",
            ),
            ("unix:///run/redis.sock?pass=canary&db=2", "unix:///run/redis.sock/2"),
        ] {
            let place = place(url).unwrap();
            assert_eq!(place.to_string(), shown);
            assert!(!format!("{place:?}").contains("canary"), "{place:?}");
        }
    }

    #[test]
    fn a_bad_url_is_refused_by_name_without_its_password() {
        for (url, shown) in [
            ("", "\"***\": it does not begin"),
            ("localhost:6379", "\"localhost:6379\": it does not begin with redis://"),
            ("canary", "\"***\": it does not begin"),
            ("http://:canary@h:1", "\"http://***@h:1\": it does not begin"),
            ("rediss://u:canary@h:1?insecure=1", "\"rediss://***@h:1\": it has an unknown option"),
            #[cfg(feature = "redis-cluster")]
            ("redis+cluster://u:canary@h:1,i:2/3", "\"redis+cluster://***@h:1,i:2\": it names a database"),
            #[cfg(feature = "redis-cluster")]
            ("redis+cluster://u:canary@", "\"redis+cluster://***@\": it cannot be read"),
            #[cfg(feature = "redis-cluster")]
            ("redis+cluster://u:canary@h:1,", "\"redis+cluster://***@h:1,\": it cannot be read"),
            #[cfg(not(feature = "redis-cluster"))]
            ("redis+cluster://u:canary@h:1,i:2", "leaves out; add the feature \"redis-cluster\""),
            #[cfg(feature = "redis-sentinel")]
            ("redis+sentinel://u:canary@h:1", "\"redis+sentinel://***@h:1\": it does not name the master"),
            #[cfg(feature = "redis-sentinel")]
            ("redis+sentinel://h:1/m?sentinel_password=ca@nary", "\"redis+sentinel://***@***\": an @ stands"),
            #[cfg(feature = "redis-sentinel")]
            ("redis+sentinel://h:1/m?password=canary", "it has an unknown option behind the ?"),
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
            let error = place(url).map(|place| place.to_string()).unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            let text = format!("{error} {error:?}");
            assert!(text.contains(shown), "{url}: {text}");
            assert!(!text.contains("canary") && !text.contains("nary"), "{url}: {text}");
        }
    }
}
