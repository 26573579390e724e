//! How long a call may take, by what it does.

use std::future::Future;
use std::time::Duration;

use tokio::runtime::Handle;

use super::Call;
use crate::error::{Error, ErrorKind, Result};
use crate::port::backend::Verb;

const LONGEST: Duration = Duration::from_secs(60);

/// How long a call may take, by what it does. Used by [`TimeoutLayer`](super::TimeoutLayer) for one attempt, by
/// [`RetryLayer`](super::RetryLayer) for all of them together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    read: Duration,
    write: Duration,
    connect: Duration,
    many: Duration,
}

impl Default for Limits {
    /// A cache that is slower than this is none: read 100 ms, write 250 ms, connect 250 ms, many 2 s.
    fn default() -> Self {
        Self {
            read: Duration::from_millis(100),
            write: Duration::from_millis(250),
            connect: Duration::from_millis(250),
            many: Duration::from_secs(2),
        }
    }
}

impl Limits {
    /// The same for everything.
    #[must_use]
    pub fn all(limit: Duration) -> Self {
        Self { read: limit, write: limit, connect: limit, many: limit }
    }

    /// `get`, `exists`, `ttl`, and what a load asks before it begins: `acquire_lease` (100 ms).
    #[must_use]
    pub fn read(mut self, limit: Duration) -> Self {
        self.read = limit;
        self
    }

    /// What changes or removes one entry (250 ms).
    #[must_use]
    pub fn write(mut self, limit: Duration) -> Self {
        self.write = limit;
        self
    }

    /// `connect`, `disconnect` and `health` (250 ms).
    #[must_use]
    pub fn connect(mut self, limit: Duration) -> Self {
        self.connect = limit;
        self
    }

    /// Pattern deletes and clears (2 s), and the most that a batch gets: it has the limit of one key for each of its
    /// keys. Too short a time here keeps a primary in quarantine that cannot remove in time what it is owed.
    #[must_use]
    pub fn many(mut self, limit: Duration) -> Self {
        self.many = limit;
        self
    }

    /// What is wrong with them.
    pub(super) fn check(&self) -> Result<()> {
        for (name, limit) in
            [("read", self.read), ("write", self.write), ("connect", self.connect), ("many", self.many)]
        {
            if limit.is_zero() || limit > LONGEST {
                return Err(Error::new(ErrorKind::Config, format!("the limit {name} holds {limit:?}"))
                    .with_fix("give a time above zero and up to 60 s; 100 ms suit a local network"));
            }
        }
        Ok(())
    }

    /// How long this call may take.
    pub(super) fn of(&self, call: &Call<'_>) -> Duration {
        let batch = |each: Duration| {
            let keys = u32::try_from(call.keys.max(1)).unwrap_or(u32::MAX);
            each.saturating_mul(keys).min(self.many.max(each))
        };
        match call.verb {
            Verb::Connect | Verb::Disconnect | Verb::Health => self.connect,
            Verb::Get | Verb::Exists | Verb::Ttl | Verb::Claims | Verb::AcquireLease => self.read,
            Verb::GetMany => batch(self.read),
            Verb::SetMany | Verb::DeleteMany => batch(self.write),
            Verb::DeletePattern | Verb::Clear => self.many,
            Verb::Set
            | Verb::GetAndDelete
            | Verb::Delete
            | Verb::Increment
            | Verb::RenewLease
            | Verb::ReleaseLease
            | Verb::Claim
            | Verb::RenewClaim
            | Verb::ReleaseClaim => self.write,
        }
    }
}

/// The answer, if it comes in time; the call is dropped when the time is over.
pub(super) async fn within<T>(
    limit: Duration,
    call: &Call<'_>,
    answer: impl Future<Output = Result<T>>,
) -> Result<T> {
    // Without a runtime the timer would panic.
    if Handle::try_current().is_err() {
        return Err(call
            .error(ErrorKind::Unavailable, "was called outside a tokio runtime, so its limit cannot be kept")
            .with_fix("await it on a tokio runtime with timers enabled"));
    }
    tokio::time::timeout(limit, answer)
        .await
        .unwrap_or_else(|_| Err(call.error(ErrorKind::Timeout, &format!("gave no answer within {limit:?}"))))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_has_the_limit_of_what_it_does() {
        let limits = Limits::default();
        let of = |verb, keys| limits.of(&Call::new("map", verb).of_many(keys)).as_millis();
        for (verb, keys, millis) in [
            (Verb::Connect, 0, 250),
            (Verb::Disconnect, 0, 250),
            (Verb::Health, 0, 250),
            (Verb::Get, 1, 100),
            (Verb::Exists, 1, 100),
            (Verb::Ttl, 1, 100),
            (Verb::Set, 1, 250),
            (Verb::GetAndDelete, 1, 250),
            (Verb::Delete, 1, 250),
            (Verb::Increment, 1, 250),
            (Verb::AcquireLease, 1, 100),
            (Verb::RenewLease, 1, 250),
            (Verb::ReleaseLease, 1, 250),
            (Verb::Claim, 1, 250),
            (Verb::RenewClaim, 1, 250),
            (Verb::ReleaseClaim, 1, 250),
            (Verb::Claims, 1, 100),
            (Verb::GetMany, 0, 100),
            (Verb::GetMany, 3, 300),
            (Verb::GetMany, usize::MAX, 2_000),
            (Verb::SetMany, 2, 500),
            (Verb::DeleteMany, 500, 2_000),
            (Verb::DeletePattern, 0, 2_000),
            (Verb::Clear, 0, 2_000),
        ] {
            assert_eq!(of(verb, keys), millis, "{verb:?} of {keys}");
        }
        let short = limits.many(Duration::from_millis(1));
        assert_eq!(short.of(&Call::new("map", Verb::GetMany).of_many(9)).as_millis(), 100);
    }

    #[test]
    fn a_bad_limit_is_named_with_what_it_holds() {
        for (limits, text) in [
            (Limits::default().read(Duration::ZERO), "the limit read holds 0ns"),
            (Limits::default().write(Duration::from_secs(61)), "the limit write holds 61s"),
            (Limits::default().connect(Duration::ZERO), "the limit connect holds 0ns"),
            (Limits::default().many(Duration::ZERO), "the limit many holds 0ns"),
        ] {
            let error = limits.check().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::Config);
            assert!(error.to_string().starts_with(text), "{error}");
        }
    }
}
