//! Whether answers belong to their questions.
//!
//! Promise: a connection whose answers are shifted (a broken proxy left one out, or a server sent one too many) is given
//! up within about a second of use, although every call on it is answered. The shape of an answer does not tell: the
//! frame of another key is a frame. So once a second a connection that is in use is asked to repeat a word that was never
//! said before; whatever else comes back was meant for somebody else. The frames that callers got meanwhile are misses,
//! since a frame names its key.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use redis::Value;
use tokio::time::Instant;

use super::connection::{Connection, Request};

/// How far two questions are apart.
const SPACING: Duration = Duration::from_secs(1);

/// What a connection knows about itself.
#[derive(Debug)]
pub(super) struct Echo {
    /// It repeated the first word: a proxy or a user's rights may keep it from that.
    works: bool,
    began: Instant,
    /// In milliseconds since `began`.
    next: AtomicU64,
    words: AtomicU64,
}

/// What came back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Heard {
    TheWord,
    /// What was meant for another question.
    AnotherAnswer,
    /// Nothing, or a refusal: that is for others to judge.
    Nothing,
}

impl Echo {
    /// After the first answer of a connection, which was asked for `word(number, 0)`.
    pub(super) fn after(first: &Value, number: u64) -> Self {
        let works = judge(Ok(first), &word(number, 0)) == Heard::TheWord;
        let next = AtomicU64::new(millis(SPACING));
        Self { works, began: Instant::now(), next, words: AtomicU64::new(1) }
    }

    /// Whether it is time to ask; only one caller is told so.
    pub(super) fn is_due(&self) -> bool {
        let now = millis(self.began.elapsed());
        let due = self.next.load(Ordering::Relaxed);
        let after = now.saturating_add(millis(SPACING));
        self.works
            && now >= due
            && self.next.compare_exchange(due, after, Ordering::Relaxed, Ordering::Relaxed).is_ok()
    }
}

/// A word of a connection, different from all others that it is asked for.
pub(super) fn word(connection: u64, count: u64) -> String {
    format!("larder:{connection}:{count}")
}

impl Connection {
    /// Asks for a word; whether what comes back shows that answers are shifted.
    pub(super) async fn is_shifted(&self, limit: Duration) -> bool {
        let word = word(self.number(), self.echo().words.fetch_add(1, Ordering::Relaxed));
        let mut ping = redis::cmd("PING");
        ping.arg(&word);
        let reply = tokio::time::timeout(limit, self.send(Request::One(&ping))).await;
        reply.is_ok_and(|reply| judge(reply.as_ref(), &word) == Heard::AnotherAnswer)
    }
}

fn judge(reply: Result<&Value, &redis::RedisError>, word: &str) -> Heard {
    match reply {
        Ok(Value::BulkString(said)) if said.as_slice() == word.as_bytes() => Heard::TheWord,
        Ok(Value::SimpleString(said)) if said == word => Heard::TheWord,
        Ok(Value::ServerError(_)) | Err(_) => Heard::Nothing,
        Ok(_) => Heard::AnotherAnswer,
    }
}

fn millis(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_another_answer_tells_against_a_connection() {
        let bulk = |text: &str| Value::BulkString(text.into());
        assert_eq!(judge(Ok(&bulk("w")), "w"), Heard::TheWord);
        for other in [bulk("x"), Value::Nil, Value::Okay, Value::Int(1), Value::Array(vec![bulk("w")])] {
            assert_eq!(judge(Ok(&other), "w"), Heard::AnotherAnswer, "{other:?}");
        }
        let error = redis::RedisError::from((redis::ErrorKind::Io, "gone"));
        assert_eq!(judge(Err(&error), "w"), Heard::Nothing);
    }

    #[tokio::test(start_paused = true)]
    async fn it_is_due_once_a_second_and_never_where_it_does_not_work() {
        let works = Echo::after(&Value::BulkString(word(7, 0).into()), 7);
        let mute = Echo::after(&Value::SimpleString("PONG".to_owned()), 7);
        assert!(!works.is_due());
        for _ in 0..3 {
            tokio::time::advance(SPACING).await;
            assert_eq!((works.is_due(), works.is_due(), mute.is_due()), (true, false, false));
        }
    }
}
