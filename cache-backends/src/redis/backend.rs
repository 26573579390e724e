//! The verbs, one command each.
//!
//! Which command a verb is, within which deadline, and whether it may be sent again stands here and nowhere else.

use std::fmt;
use std::time::Duration;

use async_trait::async_trait;
use bytes::Bytes;
use redis::Cmd;

use cache_core::error::{Error, ErrorKind, Result};
use cache_core::key::{CacheKey, KeyPattern, Namespace};
use cache_core::port::backend::{
    BackendHealth, BackendInfo, BackendKind, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome,
    DeleteCondition, DeleteOptions, Expiry, LiveClaim, Remaining, SetCondition, SetOptions, check_lease_life,
    fingerprint,
};

use super::batch::Store;
use super::call::{Terms, command};
use super::claims::{self, CLAIM, LIST, RELEASE, RENEW};
use super::config::{RedisBackendBuilder, Settings};
use super::leases::{self, ACQUIRE};
use super::reply;
use super::scan::Target;
use super::scripts::{DELETE_UNCHANGED, INCREMENT, REPLACE_UNCHANGED, Twice};
use super::shape::Shape;

/// The longest life that is sent: a server adds it to its own clock in signed milliseconds.
const MAX_MILLIS: u64 = 1 << 52;

/// Redis (6.2 or newer) or Valkey as a byte tier: one server, a cluster, or the primary behind sentinels.
///
/// Making one reads the URL and does nothing else: the first call connects. A call needs a tokio runtime with
/// timers. Each verb is one round trip (pattern deletes and batches: several), bounded by the configured
/// time-outs; see [`RedisBackendBuilder`]. Single gets that come at the same time share round trips. Reads and
/// writes have a connection each, so a large write does not hold up reads; `max_entry_bytes` bounds what a large
/// read holds up. A key that holds something else than a string is a refusal when it is read alone, and absent
/// when it is read together with others.
///
/// ```
/// # use cache_backends::redis::RedisBackend;
/// let backend = RedisBackend::new("redis://:secret@127.0.0.1:6379/2")?;
/// assert!(!format!("{backend:?}").contains("secret"));
/// # Ok::<(), cache_core::error::Error>(())
/// ```
pub struct RedisBackend {
    shape: Shape,
}

impl RedisBackend {
    /// A backend with the default time-outs. Never needs the server.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] naming what the URL holds (its password masked) and the fix.
    pub fn new(url: impl Into<String>) -> Result<Self> {
        Self::builder(url).build()
    }

    /// Sets time-outs, limits and certificates. The URL is `redis://[user:password@]host[:port][/database]` or
    /// `unix:///path/of/a/socket`; with their features `rediss://..` (TLS),
    /// `redis+cluster://[user:password@]host[:port][,host..]` and
    /// `redis+sentinel://[user:password@]host[:port][,host..]/master[/database]`.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> RedisBackendBuilder {
        RedisBackendBuilder::new(url)
    }

    pub(super) fn with(shape: Shape) -> Self {
        Self { shape }
    }

    fn settings(&self) -> &Settings {
        self.shape.settings()
    }

    async fn read<T>(
        &self,
        verb: &'static str,
        key: &CacheKey,
        command: &Cmd,
        read: fn(redis::Value) -> Option<T>,
    ) -> Result<T> {
        let terms = Terms::reading(verb, self.settings().read_timeout);
        self.shape.ask(key, &terms.one(command), read).await.map_err(|failure| terms.named(failure))
    }

    /// Replaces a frame while it is unchanged. The server cannot compute its fingerprint, so the frame is read first and
    /// compared there as a whole: two round trips.
    async fn replace(&self, key: &CacheKey, frame: &Bytes, expected: u128, expiry: Expiry) -> Result<bool> {
        let limit = self.settings().max_entry_bytes;
        if frame.len() > limit {
            return Err(too_large("set", frame.len(), limit));
        }
        let held = self.shape.get(key).await.map_err(|error| error.during("set"))?;
        let Some(held) = held.filter(|held| fingerprint(held) == expected) else { return Ok(false) };
        let life = match expiry {
            Expiry::After(life) => millis(life).to_string(),
            Expiry::Never => String::new(),
            Expiry::Keep => "keep".to_owned(),
        };
        let what = ("set", &REPLACE_UNCHANGED, Twice::Wrong);
        self.shape.run(what, (key, &[&held, frame, life.as_bytes()]), reply::is_one).await
    }

    /// A value that is not stored must not leave its predecessor behind.
    async fn refuse(&self, key: &CacheKey, options: &SetOptions, refusal: Error) -> Result<bool> {
        if options.condition == SetCondition::Always {
            self.shape.remove("set", &[key.as_str()]).await?;
        }
        Err(refusal)
    }
}

#[async_trait]
impl CacheBackend for RedisBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("redis", BackendKind::Redis).persistent().shared().leasing().claiming().reporting()
    }

    fn is_available(&self) -> bool {
        self.shape.is_available()
    }

    async fn connect(&self) -> Result<()> {
        self.shape.open().await.map_err(|error| error.during("connect"))
    }

    async fn disconnect(&self) -> Result<()> {
        self.shape.shut();
        Ok(())
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        self.shape.get(key).await
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        let limit = self.settings().max_entry_bytes;
        if let SetCondition::IfUnchanged(expected) = options.condition {
            return self.replace(key, &frame, expected, options.expiry).await;
        }
        let store = Store::new("set", key, &frame, options)?;
        if frame.len() > limit {
            return self.refuse(key, &options, too_large("set", frame.len(), limit)).await;
        }
        let terms = Terms::writing("set", self.settings().write_timeout).repeatable(store.is_repeatable());
        match self.shape.store(terms, &store).await {
            Err(failure) if failure.error.kind() == ErrorKind::Refused => {
                self.refuse(key, &options, terms.named(failure)).await
            }
            answered => answered.map_err(|failure| terms.named(failure)),
        }
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        let terms = Terms::writing("get_and_delete", self.settings().write_timeout);
        self.shape.take(terms, key).await.map_err(|failure| terms.named(failure))
    }

    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        match options.condition {
            DeleteCondition::Always => Ok(self.shape.remove("delete", &[key.as_str()]).await? > 0),
            DeleteCondition::IfUnchanged(frame) => {
                let what = ("delete", &DELETE_UNCHANGED, Twice::Harmless);
                self.shape.run(what, (key, &[&frame]), reply::is_one).await
            }
            _ => Err(Error::unsupported("delete under this condition", "redis")),
        }
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        self.read("exists", key, &command("EXISTS", key), reply::is_one).await
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        self.shape.sweep("delete_pattern", &Target::Pattern(pattern)).await
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        self.shape.sweep("clear", &Target::all_of(namespace)).await
    }

    async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        self.shape.get_many(keys).await
    }

    async fn set_many(&self, entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Result<Vec<bool>> {
        self.shape.set_many(&entries).await
    }

    async fn delete_many(&self, keys: &[CacheKey]) -> Result<u64> {
        let keys: Vec<&str> = keys.iter().map(CacheKey::as_str).collect();
        self.shape.remove("delete_many", &keys).await
    }

    async fn increment(&self, key: &CacheKey, by: i64, expiry: Expiry) -> Result<i64> {
        let by = by.to_string();
        let life = match expiry {
            Expiry::After(life) => millis(life).to_string(),
            Expiry::Never | Expiry::Keep => String::new(),
        };
        let what = ("increment", &INCREMENT, Twice::Wrong);
        self.shape.run(what, (key, &[by.as_bytes(), life.as_bytes()]), reply::counter).await
    }

    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        self.read("ttl", key, &command("PTTL", key), reply::remaining).await
    }

    async fn acquire_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<u128> {
        check_lease_life(life)?;
        let (token, life) = (leases::token(token), millis(life).to_string());
        let args = [token.as_bytes(), life.as_bytes()];
        // A load waits for it, as for the look before it.
        let terms = Terms::writing("acquire_lease", self.shape.settings().read_timeout);
        let answer = self.shape.run_on(terms, &ACQUIRE, (key, &args), leases::holder).await;
        answer.map_err(|failure| terms.named(failure))
    }

    async fn renew_lease(&self, key: &CacheKey, token: u128, life: Duration) -> Result<bool> {
        check_lease_life(life).map_err(|error| error.during("renew_lease"))?;
        let (token, life) = (leases::token(token), millis(life).to_string());
        let args = [token.as_bytes(), life.as_bytes()];
        self.shape.run(("renew_lease", &leases::RENEW, Twice::Harmless), (key, &args), reply::is_one).await
    }

    async fn release_lease(&self, key: &CacheKey, token: u128) -> Result<bool> {
        let token = leases::token(token);
        let what = ("release_lease", &leases::RELEASE, Twice::Harmless);
        self.shape.run(what, (key, &[token.as_bytes()]), reply::is_one).await
    }

    async fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        options.check(&id)?;
        let (token, limit) = (claims::token(&id), options.limit.to_string());
        let life = millis(options.life).to_string();
        let args =
            [id.member.as_bytes(), token.as_bytes(), life.as_bytes(), limit.as_bytes(), &options.payload];
        self.shape.run(("claim", &CLAIM, Twice::Wrong), (group, &args), claims::outcome).await
    }

    async fn renew_claim(&self, group: &CacheKey, id: ClaimId, life: Duration) -> Result<bool> {
        ClaimOptions::new(life).check(&id).map_err(|error| error.during("renew_claim"))?;
        let (token, life) = (claims::token(&id), millis(life).to_string());
        let args = [id.member.as_bytes(), token.as_bytes(), life.as_bytes()];
        self.shape.run(("renew_claim", &RENEW, Twice::Harmless), (group, &args), reply::is_one).await
    }

    async fn release_claim(&self, group: &CacheKey, id: ClaimId) -> Result<bool> {
        let token = claims::token(&id);
        let args = [id.member.as_bytes(), token.as_bytes()];
        self.shape.run(("release_claim", &RELEASE, Twice::Wrong), (group, &args), reply::is_one).await
    }

    async fn claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        self.shape.run(("claims", &LIST, Twice::Harmless), (group, &[]), claims::listed).await
    }

    async fn health(&self) -> Result<BackendHealth> {
        self.shape.health().await
    }
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend")
            .field("address", &self.shape.to_string())
            .field("available", &self.is_available())
            .finish_non_exhaustive()
    }
}

/// A condition that is not offered.
pub(super) fn no_such_condition(verb: &'static str) -> Error {
    Error::unsupported(verb, "redis").with_fix("set always, if absent, or under a lease")
}

pub(super) fn too_large(verb: &'static str, bytes: usize, limit: usize) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the entry has {bytes} bytes, the redis tier takes {limit}"))
        .during(verb)
        .with_fix("store less, or raise max_entry_bytes")
}

/// Rounded up, so that a life below a millisecond is not none.
pub(super) fn millis(life: Duration) -> u64 {
    let millis = life.as_nanos().div_ceil(1_000_000).max(1);
    u64::try_from(millis).unwrap_or(MAX_MILLIS).min(MAX_MILLIS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lives_are_sent_in_milliseconds_rounded_up() {
        for (life, sent) in [
            (Duration::ZERO, 1),
            (Duration::from_nanos(1), 1),
            (Duration::from_millis(250), 250),
            (Duration::from_micros(1_500), 2),
            (Duration::MAX, MAX_MILLIS),
        ] {
            assert_eq!(millis(life), sent);
        }
    }
}
