//! URLs that name several hosts: those of clusters and of sentinels.

use cache_core::error::Result;

use super::{Place, extra, tls};
use crate::redis::address::{Address, Wrong};
#[cfg(feature = "redis-sentinel")]
use crate::redis::sentinel::Sentinels;
use crate::redis::tls::Certificates;

/// `[user:password@]host[:port][,host[:port]..][/][?option=value]`.
#[cfg(feature = "redis-cluster")]
pub(super) fn cluster(text: &str, by_tls: bool, rest: &str, certificates: &Certificates) -> Result<Place> {
    const FORM: &str =
        "redis+cluster://[user:password@]host[:port][,host[:port]..], or rediss+cluster:// for TLS";
    let wrong = Wrong { text, form: FORM };
    let parts = Parts::of(rest);
    if !matches!(parts.path, "" | "/") {
        return Err(wrong.because("it names a database, and a cluster has only one"));
    }
    let mut seeds = Vec::new();
    for host in parts.hosts.split(',') {
        let plain = format!("redis://{}{host}{}", parts.user, parts.options);
        let (address, options) = Address::read(&plain, &extra(by_tls, &[]), &wrong)?;
        seeds.push((address, options));
    }
    let Some((first, options)) = seeds.first() else { return Err(wrong.because("it names no host")) };
    let tls = tls(by_tls, certificates, options, &wrong)?;
    let template = first.clone().with_tls(tls.clone());
    let seeds = seeds.into_iter().map(|(address, _)| address.with_tls(tls.clone())).collect();
    Ok(Place::Cluster { template, seeds })
}

/// `[user:password@]host[:port][,host[:port]..]/master[/database][?option=value]`.
#[cfg(feature = "redis-sentinel")]
pub(super) fn sentinel(text: &str, by_tls: bool, rest: &str, certificates: &Certificates) -> Result<Place> {
    const FORM: &str = "redis+sentinel://[user:password@]host[:port][,host[:port]..]/master[/database], or rediss+sentinel:// for TLS";
    let wrong = Wrong { text, form: FORM };
    let parts = Parts::of(rest);
    let (master, database) =
        parts.path.strip_prefix('/').unwrap_or_default().split_once('/').map_or_else(
            || (parts.path.trim_start_matches('/'), ""),
            |(master, database)| (master, database),
        );
    if master.is_empty() {
        return Err(wrong.because("it does not name the master behind the hosts"));
    }
    let mut sentinels = Vec::new();
    let mut template = None;
    for host in parts.hosts.split(',') {
        let plain = format!("redis://{}{}/{database}{}", parts.user, with_port(host), parts.options);
        let known = extra(by_tls, &["sentinel_user", "sentinel_password"]);
        let (address, options) = Address::read(&plain, &known, &wrong)?;
        let tls = tls(by_tls, certificates, &options, &wrong)?;
        let of =
            |name: &str| options.iter().find(|(option, _)| option == name).map(|(_, value)| value.as_str());
        sentinels
            .push(address.of_sentinel(of("sentinel_user"), of("sentinel_password")).with_tls(tls.clone()));
        template = Some(address.with_tls(tls));
    }
    let template = template.ok_or_else(|| wrong.because("it names no host"))?;
    Ok(Place::Sentinel(Sentinels::new(sentinels, master.to_owned(), template)))
}

/// Sentinels listen on 26379 unless said.
#[cfg(feature = "redis-sentinel")]
fn with_port(host: &str) -> String {
    let has_port = host.rsplit_once(':').is_some_and(|(_, port)| !port.ends_with(']'));
    if has_port || host.is_empty() { host.to_owned() } else { format!("{host}:26379") }
}

/// The pieces of what stands behind `://` when it may name several hosts.
struct Parts<'a> {
    /// With its `@`, or empty.
    user: &'a str,
    hosts: &'a str,
    /// With its `/`, or empty.
    path: &'a str,
    /// With their `?`, or empty.
    options: &'a str,
}

impl<'a> Parts<'a> {
    fn of(rest: &'a str) -> Self {
        let (before, options) = rest.split_at(rest.find('?').unwrap_or(rest.len()));
        let host_at = before.rfind('@').map_or(0, |at| at + 1);
        let (user, before) = before.split_at(host_at);
        let (hosts, path) = before.split_at(before.find('/').unwrap_or(before.len()));
        Self { user, hosts, path, options }
    }
}
