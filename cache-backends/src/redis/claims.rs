//! Claims on the server: a hash per group, changed by small scripts that read the server's own clock.
//!
//! Promise: a verb is one atomic step over one key, so it needs no second key in the same slot. The hash holds a field
//! per member (`m<member>`: when it ends, its fencing number, its token, what it carries) and the last number given
//! (`fence`).
//!
//! Invariant: a number is larger than the last one and not below the server's microseconds. So it grows though the
//! hash was evicted, or the server began anew without its data; the hash outlives its last member by a minute, in
//! which the server's clock may be set back without a number coming twice.

use std::sync::LazyLock;

use bytes::Bytes;
use redis::Value;

use cache_core::port::backend::{ClaimId, ClaimOutcome, LiveClaim};

use super::reply::many;
use super::scripts::{Over, Script};

/// What every script begins with: the time, and the member's field, unless something else is under the key.
/// Times and numbers have 16 digits, tokens 32: the payload begins at 65.
macro_rules! script {
    ($($line:literal)*) => {{
        const CODE: &str = concat!(
            "local time = redis.call('TIME')\n",
            "local micros = time[1] * 1000000 + time[2]\n",
            "local now = math.floor(micros / 1000)\n",
            "local key, mine = KEYS[1], 'm' .. (ARGV[1] or '')\n",
            "local held = redis.pcall('HGET', key, mine)\n",
            "if type(held) == 'table' and held.err then return held end\n",
            "local function lives(text) return tonumber(string.sub(text, 1, 16)) > now end\n",
            "local function keep(millis)\n",
            "  if redis.call('PTTL', key) < millis then redis.call('PEXPIRE', key, string.format('%.0f', millis)) end\n",
            "end\n",
            $($line, "\n",)*
        );
        Script {
            code: CODE,
            digest: LazyLock::new(|| redis::Script::new(CODE).get_hash().to_owned()),
            over: Over::Data,
        }
    }};
}

/// `ARGV`: member, token, life in milliseconds, limit, payload.
pub(super) static CLAIM: Script = script! {
    "if held and lives(held) then return {1, ''} end"
    "if held then redis.call('HDEL', key, mine) end"
    "local limit = tonumber(ARGV[4])"
    "local function full() return redis.call('HLEN', key) - redis.call('HEXISTS', key, 'fence') >= limit end"
    "if full() then"
    "  local all = redis.call('HGETALL', key)"
    "  for i = 1, #all, 2 do"
    "    if all[i] ~= 'fence' and not lives(all[i + 1]) then redis.call('HDEL', key, all[i]) end"
    "  end"
    "  if full() then return {2, ''} end"
    "end"
    "local fence = math.max(tonumber(redis.call('HGET', key, 'fence') or '0') + 1, micros)"
    "local text = string.format('%.0f', fence)"
    "local head = string.format('%016.0f%016.0f', now + ARGV[3], fence)"
    "redis.call('HSET', key, mine, head .. ARGV[2] .. ARGV[5], 'fence', text)"
    "keep(ARGV[3] + 60000)"
    "return {0, text}"
};

/// `ARGV`: member, token, life in milliseconds.
pub(super) static RENEW: Script = script! {
    "if not held or string.sub(held, 33, 64) ~= ARGV[2] or not lives(held) then return 0 end"
    "redis.call('HSET', key, mine, string.format('%016.0f', now + ARGV[3]) .. string.sub(held, 17))"
    "keep(ARGV[3] + 60000)"
    "return 1"
};

/// `ARGV`: member, token.
pub(super) static RELEASE: Script = script! {
    "if not held or string.sub(held, 33, 64) ~= ARGV[2] then return 0 end"
    "redis.call('HDEL', key, mine)"
    "if redis.call('HLEN', key) == 1 then redis.call('PEXPIRE', key, 60000) end"
    "return lives(held) and 1 or 0"
};

/// Four strings per live member: its name, how long it lives, its number, what it carries.
pub(super) static LIST: Script = script! {
    "local all, live = redis.call('HGETALL', key), {}"
    "for i = 1, #all, 2 do"
    "  local text = all[i + 1]"
    "  if all[i] ~= 'fence' and lives(text) then"
    "    live[#live + 1] = string.sub(all[i], 2)"
    "    live[#live + 1] = string.format('%.0f', tonumber(string.sub(text, 1, 16)) - now)"
    "    live[#live + 1] = string.sub(text, 17, 32)"
    "    live[#live + 1] = string.sub(text, 65)"
    "  end"
    "end"
    "return live"
};

/// A token as the scripts compare it.
pub(super) fn token(id: &ClaimId) -> String {
    format!("{:032x}", id.token)
}

pub(super) fn outcome(reply: Value) -> Option<ClaimOutcome> {
    let [code, fence]: [Value; 2] = many(reply)?.try_into().ok()?;
    Some(match code {
        Value::Int(0) => ClaimOutcome::Held { fence: number(fence)? },
        Value::Int(1) => ClaimOutcome::Taken,
        Value::Int(2) => ClaimOutcome::Full,
        _ => return None,
    })
}

/// Oldest first; the server has no order.
pub(super) fn listed(reply: Value) -> Option<Vec<LiveClaim>> {
    let mut values = many(reply)?.into_iter();
    let mut live = Vec::with_capacity(values.len() / 4);
    while let Some(member) = values.next() {
        let member = String::from_utf8(bytes(member)?).ok()?;
        let left = std::time::Duration::from_millis(number(values.next()?)?);
        let fence = number(values.next()?)?;
        live.push(LiveClaim::new(member, fence, left, Bytes::from(bytes(values.next()?)?)));
    }
    live.sort_by_key(|claim| claim.fence);
    Some(live)
}

fn number(reply: Value) -> Option<u64> {
    std::str::from_utf8(&bytes(reply)?).ok()?.parse().ok()
}

fn bytes(reply: Value) -> Option<Vec<u8>> {
    match reply {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(text: &str) -> Value {
        Value::BulkString(text.as_bytes().to_vec())
    }

    #[test]
    fn answers_of_another_shape_are_no_answers() {
        let outcome_of = |code, fence| outcome(Value::Array(vec![Value::Int(code), text(fence)]));
        assert_eq!(
            outcome_of(0, "1789000000000001"),
            Some(ClaimOutcome::Held { fence: 1_789_000_000_000_001 })
        );
        assert_eq!(outcome_of(1, ""), Some(ClaimOutcome::Taken));
        assert_eq!((outcome_of(0, ""), outcome_of(3, "1"), outcome(Value::Int(0))), (None, None, None));
        let one = ["b", "40", "0000000000000009", "x", "a", "41", "0000000000000007", ""].map(text);
        let members: Vec<_> = listed(Value::Array(one.to_vec())).unwrap();
        assert_eq!(
            members.iter().map(|claim| (&*claim.member, claim.fence)).collect::<Vec<_>>(),
            [("a", 7), ("b", 9)]
        );
        for broken in [&one[..3], &one[..7], &[text("a"), text("x"), text("1"), text("")]] {
            assert!(listed(Value::Array(broken.to_vec())).is_none());
        }
    }
}
