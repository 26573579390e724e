//! What has to happen in one step on the server: small Lua scripts, sent by their digest.
//!
//! They work from Redis 6.2 on. Errors are handed back as they are (`pcall`): older servers would wrap them in a
//! text that hides their code.

use std::sync::LazyLock;

use redis::Cmd;

use cache_core::error::Result;
use cache_core::key::CacheKey;

use super::call::Terms;
use super::error::{Failure, Reason};
use super::leases::lease_of;
use super::shape::Shape;

/// Adds `ARGV[1]`; a counter that begins here gets the life `ARGV[2]` (milliseconds, or nothing).
/// The value is read back as text: Lua's numbers lose digits beyond 2^53.
pub(super) static INCREMENT: Script = Script {
    code: INCREMENT_CODE,
    digest: LazyLock::new(|| redis::Script::new(INCREMENT_CODE).get_hash().to_owned()),
    over: Over::Data,
};

/// Removes the key while it holds exactly `ARGV[1]`.
pub(super) static DELETE_UNCHANGED: Script = Script {
    code: DELETE_UNCHANGED_CODE,
    digest: LazyLock::new(|| redis::Script::new(DELETE_UNCHANGED_CODE).get_hash().to_owned()),
    over: Over::Data,
};

/// Replaces `ARGV[1]`, while the key holds exactly that, by `ARGV[2]` with the life `ARGV[3]`: milliseconds, nothing, or
/// `keep`. Ends the lease: a fill that began before is refused.
pub(super) static REPLACE_UNCHANGED: Script = Script {
    code: REPLACE_UNCHANGED_CODE,
    digest: LazyLock::new(|| redis::Script::new(REPLACE_UNCHANGED_CODE).get_hash().to_owned()),
    over: Over::Both,
};

const INCREMENT_CODE: &str = "\
local existed = redis.call('EXISTS', KEYS[1])
local sum = redis.pcall('INCRBY', KEYS[1], ARGV[1])
if type(sum) == 'table' and sum.err then return sum end
if existed == 0 and ARGV[2] ~= '' then redis.call('PEXPIRE', KEYS[1], ARGV[2]) end
return redis.call('GET', KEYS[1])";

const DELETE_UNCHANGED_CODE: &str = "\
local held = redis.pcall('GET', KEYS[1])
if type(held) == 'table' and held.err then return held end
if held == ARGV[1] then return redis.call('UNLINK', KEYS[1]) end
return 0";

const REPLACE_UNCHANGED_CODE: &str = "\
local held = redis.pcall('GET', KEYS[1])
if type(held) == 'table' and held.err then return held end
if held ~= ARGV[1] then return 0 end
local set
if ARGV[3] == '' then set = redis.pcall('SET', KEYS[1], ARGV[2])
elseif ARGV[3] == 'keep' then set = redis.pcall('SET', KEYS[1], ARGV[2], 'KEEPTTL')
else set = redis.pcall('SET', KEYS[1], ARGV[2], 'PX', ARGV[3]) end
if set.err then return set end
redis.call('UNLINK', KEYS[2])
return 1";

/// What a script looks at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Over {
    /// The key.
    Data,
    /// The lease of the key.
    Lease,
    /// The key and its lease.
    Both,
}

/// A script over a key, its lease, or both: they lie in one slot.
pub(super) struct Script {
    pub(super) code: &'static str,
    pub(super) digest: LazyLock<String>,
    pub(super) over: Over,
}

impl Script {
    pub(super) fn command(
        &self,
        by_digest: bool,
        key: &CacheKey,
        args: impl IntoIterator<Item = impl AsRef<[u8]>>,
    ) -> Cmd {
        let mut command = redis::cmd(if by_digest { "EVALSHA" } else { "EVAL" });
        command.arg(if by_digest { &*self.digest } else { self.code });
        let data = key.as_str().as_bytes();
        match self.over {
            Over::Data => command.arg(1).arg(data),
            Over::Lease => command.arg(1).arg(lease_of(data)),
            Over::Both => command.arg(2).arg(data).arg(lease_of(data)),
        };
        for arg in args {
            command.arg(arg.as_ref());
        }
        command
    }
}

/// Whether a script may be carried out twice.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Twice {
    Harmless,
    Wrong,
}

impl Shape {
    /// Runs a script within the write time-out.
    pub(super) async fn run<T>(
        &self,
        (verb, script, twice): (&'static str, &Script, Twice),
        (key, args): (&CacheKey, &[&[u8]]),
        read: fn(redis::Value) -> Option<T>,
    ) -> Result<T> {
        let terms = Terms::writing(verb, self.settings().write_timeout).repeatable(twice == Twice::Harmless);
        let answer = self.run_on(terms, script, (key, args), read).await;
        answer.map_err(|failure| terms.named(failure))
    }

    /// Runs a script on these terms. A server that does not know it yet (a new or flushed one) did nothing, and is
    /// sent the code.
    pub(super) async fn run_on<T>(
        &self,
        terms: Terms,
        script: &Script,
        (key, args): (&CacheKey, &[impl AsRef<[u8]>]),
        read: fn(redis::Value) -> Option<T>,
    ) -> Result<T, Failure> {
        match self.ask(key, &terms.one(&script.command(true, key, args)), read).await {
            Err(failure) if failure.reason == Reason::UnknownScript => {
                self.ask(key, &terms.one(&script.command(false, key, args)), read).await
            }
            answer => answer,
        }
    }
}
