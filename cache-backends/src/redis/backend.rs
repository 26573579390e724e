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
    BackendInfo, BackendKind, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome, DeleteCondition,
    DeleteOptions, Expiry, LiveClaim, Remaining, SetCondition, SetOptions,
};

use super::call::Call;
use super::claims::{self, CLAIM, LIST, RELEASE, RENEW};
use super::config::{Config, RedisBackendBuilder};
use super::error::{Reason, unexpected};
use super::reply;
use super::scan::Target;
use super::scripts::{DELETE_UNCHANGED, INCREMENT, Twice};
use super::supervisor::Supervisor;

/// Keys of one `MGET`.
const KEYS: usize = 256;
/// The longest life that is sent: a server adds it to its own clock in signed milliseconds.
const MAX_MILLIS: u64 = 1 << 52;

/// A Redis (6.2 or newer) or Valkey server as a byte tier.
///
/// Making one reads the URL and does nothing else: the first call connects. A call needs a tokio runtime with
/// timers. Each verb is one round trip (pattern deletes and batches: several), bounded by the configured
/// time-outs; see [`RedisBackendBuilder`]. Values larger than 64 KiB slow down their neighbours on the one
/// connection; `max_entry_bytes` bounds them.
///
/// ```
/// # use cache_backends::redis::RedisBackend;
/// let backend = RedisBackend::new("redis://:secret@127.0.0.1:6379/2")?;
/// assert!(!format!("{backend:?}").contains("secret"));
/// # Ok::<(), cache_core::error::Error>(())
/// ```
pub struct RedisBackend {
    link: Supervisor,
}

impl RedisBackend {
    /// A backend with the default time-outs. Never needs the server.
    ///
    /// # Errors
    /// [`ErrorKind::Config`] naming what the URL holds (its password masked) and the fix.
    pub fn new(url: impl Into<String>) -> Result<Self> {
        Self::builder(url).build()
    }

    /// Sets time-outs and limits. The URL is `redis://[user:password@]host[:port][/database]` or
    /// `unix:///path/of/a/socket`.
    #[must_use]
    pub fn builder(url: impl Into<String>) -> RedisBackendBuilder {
        RedisBackendBuilder::new(url)
    }

    pub(super) fn with(config: Config) -> Self {
        Self { link: Supervisor::new(config) }
    }

    fn config(&self) -> &Config {
        self.link.config()
    }

    async fn read<T>(
        &self,
        verb: &'static str,
        command: &Cmd,
        read: fn(redis::Value) -> Option<T>,
    ) -> Result<T> {
        self.link.call(Call::new(verb, command, self.config().read_timeout).repeatable(true), read).await
    }

    /// A value that is not stored must not leave its predecessor behind.
    async fn refuse(&self, key: &CacheKey, options: &SetOptions, refusal: Error) -> Result<bool> {
        if options.condition == SetCondition::Always {
            self.link.remove("set", &[key.as_str()]).await?;
        }
        Err(refusal)
    }
}

#[async_trait]
impl CacheBackend for RedisBackend {
    fn info(&self) -> BackendInfo {
        BackendInfo::new("redis", BackendKind::Redis).persistent().shared().claiming()
    }

    fn is_available(&self) -> bool {
        self.link.is_available()
    }

    async fn connect(&self) -> Result<()> {
        self.link.open().await.map_err(|error| error.during("connect"))?;
        let ping = redis::cmd("PING");
        let call = Call::new("connect", &ping, self.config().connect_timeout).repeatable(true);
        match self.link.try_call(&call, |_| Some(())).await {
            Err(failure) if failure.reason != Reason::Denied => Err(failure.error.during("connect")),
            _ => Ok(()),
        }
    }

    async fn disconnect(&self) -> Result<()> {
        self.link.shut();
        Ok(())
    }

    async fn get(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        self.read("get", &command("GET", key), reply::frame).await
    }

    async fn set(&self, key: &CacheKey, frame: Bytes, options: SetOptions) -> Result<bool> {
        let limit = self.config().max_entry_bytes;
        let command = set_command("set", key, &frame, &options)?;
        if frame.len() > limit {
            return self.refuse(key, &options, too_large("set", frame.len(), limit)).await;
        }
        let repeatable = options.condition == SetCondition::Always;
        let call = Call::new("set", &command, self.config().write_timeout).repeatable(repeatable);
        match self.link.call(call, reply::stored).await {
            Err(error) if error.kind() == ErrorKind::Refused => self.refuse(key, &options, error).await,
            answered => answered,
        }
    }

    async fn get_and_delete(&self, key: &CacheKey) -> Result<Option<Bytes>> {
        let command = command("GETDEL", key);
        let call = Call::new("get_and_delete", &command, self.config().write_timeout);
        self.link.call(call, reply::frame).await
    }

    async fn delete(&self, key: &CacheKey, options: DeleteOptions) -> Result<bool> {
        match options.condition {
            DeleteCondition::Always => Ok(self.link.remove("delete", &[key.as_str()]).await? > 0),
            DeleteCondition::IfUnchanged(frame) => {
                let what = ("delete", &DELETE_UNCHANGED, Twice::Harmless);
                self.link.run(what, (key, &[&frame]), reply::is_one).await
            }
            _ => Err(Error::unsupported("delete under this condition", "redis")),
        }
    }

    async fn exists(&self, key: &CacheKey) -> Result<bool> {
        self.read("exists", &command("EXISTS", key), reply::is_one).await
    }

    async fn delete_pattern(&self, pattern: &KeyPattern) -> Result<u64> {
        self.link.sweep("delete_pattern", &Target::Pattern(pattern)).await
    }

    async fn clear(&self, namespace: &Namespace) -> Result<u64> {
        self.link.sweep("clear", &Target::all_of(namespace)).await
    }

    async fn get_many(&self, keys: &[CacheKey]) -> Result<Vec<Option<Bytes>>> {
        let mut frames = Vec::with_capacity(keys.len());
        for keys in keys.chunks(KEYS) {
            let mut command = redis::cmd("MGET");
            for key in keys {
                command.arg(key.as_str());
            }
            let found = self.read("get_many", &command, reply::frames).await?;
            if found.len() != keys.len() {
                return Err(unexpected(&self.config().address).error.during("get_many"));
            }
            frames.extend(found);
        }
        Ok(frames)
    }

    async fn set_many(&self, entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Result<Vec<bool>> {
        self.link.set_many(&entries).await
    }

    async fn delete_many(&self, keys: &[CacheKey]) -> Result<u64> {
        let keys: Vec<&str> = keys.iter().map(CacheKey::as_str).collect();
        self.link.remove("delete_many", &keys).await
    }

    async fn increment(&self, key: &CacheKey, by: i64, expiry: Expiry) -> Result<i64> {
        let by = by.to_string();
        let life = match expiry {
            Expiry::After(life) => millis(life).to_string(),
            Expiry::Never | Expiry::Keep => String::new(),
        };
        let what = ("increment", &INCREMENT, Twice::Wrong);
        self.link.run(what, (key, &[by.as_bytes(), life.as_bytes()]), reply::counter).await
    }

    async fn ttl(&self, key: &CacheKey) -> Result<Remaining> {
        self.read("ttl", &command("PTTL", key), reply::remaining).await
    }

    async fn claim(&self, group: &CacheKey, id: ClaimId, options: ClaimOptions) -> Result<ClaimOutcome> {
        options.check(&id)?;
        let (token, limit) = (claims::token(&id), options.limit.to_string());
        let life = millis(options.life).to_string();
        let args =
            [id.member.as_bytes(), token.as_bytes(), life.as_bytes(), limit.as_bytes(), &options.payload];
        self.link.run(("claim", &CLAIM, Twice::Wrong), (group, &args), claims::outcome).await
    }

    async fn renew_claim(&self, group: &CacheKey, id: ClaimId, life: Duration) -> Result<bool> {
        ClaimOptions::new(life).check(&id).map_err(|error| error.during("renew_claim"))?;
        let (token, life) = (claims::token(&id), millis(life).to_string());
        let args = [id.member.as_bytes(), token.as_bytes(), life.as_bytes()];
        self.link.run(("renew_claim", &RENEW, Twice::Harmless), (group, &args), reply::is_one).await
    }

    async fn release_claim(&self, group: &CacheKey, id: ClaimId) -> Result<bool> {
        let token = claims::token(&id);
        let args = [id.member.as_bytes(), token.as_bytes()];
        self.link.run(("release_claim", &RELEASE, Twice::Wrong), (group, &args), reply::is_one).await
    }

    async fn claims(&self, group: &CacheKey) -> Result<Vec<LiveClaim>> {
        self.link.run(("claims", &LIST, Twice::Harmless), (group, &[]), claims::listed).await
    }
}

impl fmt::Debug for RedisBackend {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisBackend")
            .field("address", &self.config().address)
            .field("available", &self.is_available())
            .finish_non_exhaustive()
    }
}

fn command(name: &str, key: &CacheKey) -> Cmd {
    let mut command = redis::cmd(name);
    command.arg(key.as_str());
    command
}

pub(super) fn set_command(
    verb: &'static str,
    key: &CacheKey,
    frame: &[u8],
    options: &SetOptions,
) -> Result<Cmd> {
    let mut command = Cmd::with_capacity(6, key.as_str().len() + frame.len() + 32);
    command.arg("SET").arg(key.as_str()).arg(frame);
    match options.condition {
        SetCondition::Always => {}
        SetCondition::IfAbsent => {
            command.arg("NX");
        }
        _ => return Err(Error::unsupported(verb, "redis").with_fix("set without a lease")),
    }
    match options.expiry {
        Expiry::Never => {}
        Expiry::After(life) => {
            command.arg("PX").arg(millis(life));
        }
        Expiry::Keep => {
            command.arg("KEEPTTL");
        }
    }
    Ok(command)
}

pub(super) fn too_large(verb: &'static str, bytes: usize, limit: usize) -> Error {
    Error::new(ErrorKind::TooLarge, format!("the entry has {bytes} bytes, the redis tier takes {limit}"))
        .during(verb)
        .with_fix("store less, or raise max_entry_bytes")
}

/// Rounded up, so that a life below a millisecond is not none.
fn millis(life: Duration) -> u64 {
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
