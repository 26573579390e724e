//! Leases on the server: a key of their own beside each data key, `ns:l:{ns:d:..}`, that holds a token.
//!
//! The braces put it into the slot of its data key (in which there are none: keys escape them), so that one script can
//! look at both. A fill stores under the lease and ends it; whatever else changes the data key ends it too.
//!
//! Invariant: a lease is ended before its data is removed or replaced, or in the same step. Then a fill that began before
//! either comes before that or is refused. The other way round it could come between the two. Stores, fills and
//! the replacement of what is unchanged are scripts over both keys, which a cluster does not carry out while it moves their
//! slot; stores (by a fence in the place of the lease) and fills have another form for that, and everything else goes on.

use std::sync::LazyLock;

use redis::{Cmd, Value};

use super::scripts::{Over, Script};

macro_rules! script {
    ($over:expr, $($line:literal)*) => {{
        const CODE: &str = concat!($($line, "\n",)*);
        Script { code: CODE, digest: LazyLock::new(|| redis::Script::new(CODE).get_hash().to_owned()), over: $over }
    }};
}

/// `ARGV`: token, life in milliseconds. Answers with the token that holds the lease now.
pub(super) static ACQUIRE: Script = script! { Over::Lease,
    "local held = redis.pcall('GET', KEYS[1])"
    "if held then return held end"
    "local taken = redis.pcall('SET', KEYS[1], ARGV[1], 'PX', ARGV[2])"
    "if taken.err then return taken end"
    "return ARGV[1]"
};

/// `ARGV`: token, life in milliseconds.
pub(super) static RENEW: Script = script! { Over::Lease,
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end"
    "return redis.call('PEXPIRE', KEYS[1], ARGV[2])"
};

/// `ARGV`: token.
pub(super) static RELEASE: Script = script! { Over::Lease,
    "if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end"
    "return redis.call('UNLINK', KEYS[1])"
};

/// `ARGV`: what `SET` takes after the key. Ends the lease, whatever comes of it: a load that took it before is refused.
pub(super) static STORE: Script = script! { Over::Both,
    "local stored = redis.pcall('SET', KEYS[1], unpack(ARGV))"
    "local ended = redis.pcall('UNLINK', KEYS[2])"
    "if stored and stored.err then return stored end"
    "if type(ended) == 'table' then return ended end"
    "return stored"
};

/// `ARGV`: token, what `SET` takes after the key. The `SET` comes first: a server that is out of memory judges a script
/// by its first write.
pub(super) static FILL: Script = script! { Over::Both,
    "if redis.pcall('GET', KEYS[2]) ~= ARGV[1] then return false end"
    "local stored = redis.pcall('SET', KEYS[1], unpack(ARGV, 2))"
    "if stored and not stored.err then redis.call('UNLINK', KEYS[2]) end"
    "return stored"
};

/// [`FILL`] for a slot that is on its way to another server of a cluster, which carries out nothing over two keys before it has
/// both. It names only the lease. The data key follows the token: so a server looks for it where the lease is, and refuses when it may not
/// be written there.
pub(super) static FILL_ON_ITS_WAY: Script = script! { Over::Lease,
    "if redis.pcall('GET', KEYS[1]) ~= ARGV[1] then return false end"
    "local stored = redis.pcall('SET', unpack(ARGV, 2))"
    "if stored and not stored.err then redis.call('UNLINK', KEYS[1]) end"
    "return stored"
};

/// The lease of a data key.
pub(super) fn lease_of(data: &[u8]) -> Vec<u8> {
    let namespace = data.split(|byte| *byte == b':').next().unwrap_or_default();
    [namespace, b":l:{", data, b"}"].concat()
}

/// The glob for the leases of what a glob over data keys means.
pub(super) fn glob_of_leases(data: &str) -> String {
    let (namespace, _) = data.split_once(':').unwrap_or((data, ""));
    format!("{namespace}:l:{{{data}}}")
}

/// The data key of a lease.
pub(super) fn data_of(lease: &[u8]) -> Option<&[u8]> {
    let open = lease.iter().position(|byte| *byte == b'{')?;
    lease.get(open + 1..)?.strip_suffix(b"}")
}

/// What stands for the lease while a value is on its way. It looks to a load like the lease of somebody, and no fill is
/// under it: a lease that a load was told of is compared without the mark.
const FENCE: &str = "!00000000000000000000000000000000";
/// Longer than a write may take; a fence that nobody takes away costs fills as long.
const FENCE_LIFE: u64 = 2_000;

/// Ends the lease of a data key, and lets none be taken until the next [`ending`].
pub(super) fn fencing(data: &[u8]) -> Cmd {
    let mut command = redis::cmd("SET");
    command.arg(lease_of(data)).arg(FENCE).arg("PX").arg(FENCE_LIFE);
    command
}

/// Ends the lease of a data key.
pub(super) fn ending(data: &[u8]) -> Cmd {
    let mut command = redis::cmd("UNLINK");
    command.arg(lease_of(data));
    command
}

/// A token as the scripts compare it.
pub(super) fn token(token: u128) -> String {
    format!("{token:032x}")
}

pub(super) fn holder(reply: Value) -> Option<u128> {
    match reply {
        Value::BulkString(held) => {
            let held = std::str::from_utf8(&held).ok()?;
            u128::from_str_radix(held.strip_prefix('!').unwrap_or(held), 16).ok()
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lease_is_named_after_its_key() {
        let lease = lease_of(b"shop:d:user:7");
        assert_eq!(lease, b"shop:l:{shop:d:user:7}");
        assert_eq!(data_of(&lease), Some(&b"shop:d:user:7"[..]));
        assert_eq!(data_of(b"shop:l:user:7"), None);
        assert_eq!(data_of(b"shop:l:{user:7"), None);
        assert_eq!(glob_of_leases("my\\-shop:d:user:*"), "my\\-shop:l:{my\\-shop:d:user:*}");
    }

    #[test]
    fn a_token_survives_the_way_to_the_server_and_back() {
        for number in [0, 7, u128::MAX] {
            assert_eq!(holder(Value::BulkString(token(number).into_bytes())), Some(number));
        }
        assert_eq!(holder(Value::BulkString(FENCE.into())), Some(0));
        assert_ne!(FENCE, token(0), "a fill under the fence is refused");
        for strange in [Value::Nil, Value::Okay, Value::BulkString(b"x".to_vec())] {
            assert_eq!(holder(strange), None);
        }
    }
}
