//! Replies to what was asked; `None` for an answer that cannot belong to the question.

use bytes::Bytes;
use redis::Value;

use cache_core::port::backend::{Remaining, parse_counter};

/// A bulk string takes over the library's buffer: no copy.
pub(super) fn frame(reply: Value) -> Option<Option<Bytes>> {
    match reply {
        Value::Nil => Some(None),
        Value::BulkString(bytes) => Some(Some(Bytes::from(bytes))),
        _ => None,
    }
}

pub(super) fn frames(reply: Value) -> Option<Vec<Option<Bytes>>> {
    many(reply)?.into_iter().map(frame).collect()
}

pub(super) fn many(reply: Value) -> Option<Vec<Value>> {
    match reply {
        Value::Array(replies) => Some(replies),
        _ => None,
    }
}

/// What `SET` answers: `OK`, or nil when its condition did not hold.
pub(super) fn stored(reply: Value) -> Option<bool> {
    match reply {
        Value::Okay => Some(true),
        Value::Nil => Some(false),
        _ => None,
    }
}

pub(super) fn count(reply: Value) -> Option<u64> {
    match reply {
        Value::Int(count) => u64::try_from(count).ok(),
        _ => None,
    }
}

pub(super) fn is_one(reply: Value) -> Option<bool> {
    count(reply).map(|count| count > 0)
}

pub(super) fn counter(reply: Value) -> Option<i64> {
    match reply {
        Value::BulkString(digits) => parse_counter(&digits),
        _ => None,
    }
}

/// What `PTTL` answers.
pub(super) fn remaining(reply: Value) -> Option<Remaining> {
    match reply {
        Value::Int(-2) => Some(Remaining::Missing),
        Value::Int(-1) => Some(Remaining::Forever),
        Value::Int(millis) => {
            u64::try_from(millis).ok().map(|millis| Remaining::For(std::time::Duration::from_millis(millis)))
        }
        _ => None,
    }
}

/// The next cursor and the keys of one `SCAN` round trip.
pub(super) fn page(reply: Value) -> Option<(Vec<u8>, Vec<Vec<u8>>)> {
    let [cursor, keys]: [Value; 2] = many(reply)?.try_into().ok()?;
    Some((text(cursor)?, many(keys)?.into_iter().map(text).collect::<Option<_>>()?))
}

fn text(reply: Value) -> Option<Vec<u8>> {
    match reply {
        Value::BulkString(bytes) => Some(bytes),
        _ => None,
    }
}
