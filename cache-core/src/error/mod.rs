//! One error type for everything that can go wrong in or around a cache.
//!
//! Promise: it is `Clone` (a failure is handed to every coalesced waiter), it names the operation, what was
//! held and the fix, and it never shows a secret or a full key. Kinds are in [`kind`]; what followers of a
//! failed load receive is in [`shared`].

mod kind;
mod shared;

pub use kind::ErrorKind;
pub use shared::SharedError;

use std::borrow::Cow;
use std::error::Error as StdError;
use std::fmt;
use std::sync::Arc;

/// The result of a cache operation.
pub type Result<T, E = Error> = std::result::Result<T, E>;

type Source = Arc<dyn StdError + Send + Sync>;

/// What went wrong: a kind, the operation, what it held, the fix, and the cause.
///
/// One pointer wide; cloning is a reference count.
#[derive(Clone)]
pub struct Error(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    kind: ErrorKind,
    operation: Option<&'static str>,
    message: Cow<'static, str>,
    fix: Option<Cow<'static, str>>,
    source: Option<Source>,
    attempts: u32,
}

impl Error {
    /// An error of a kind with what was found.
    pub fn new(kind: ErrorKind, message: impl Into<Cow<'static, str>>) -> Self {
        Self(Arc::new(Inner {
            kind,
            operation: None,
            message: message.into(),
            fix: None,
            source: None,
            attempts: 1,
        }))
    }

    /// A verb that this backend does not offer.
    #[must_use]
    pub fn unsupported(verb: &'static str, backend: &str) -> Self {
        Self::new(ErrorKind::Unsupported, format!("the {backend} backend does not offer {verb}")).during(verb)
    }

    /// Names the operation that failed.
    #[must_use]
    pub fn during(self, operation: &'static str) -> Self {
        self.edit(|inner| inner.operation = Some(operation))
    }

    /// Says what the reader can do about it.
    #[must_use]
    pub fn with_fix(self, fix: impl Into<Cow<'static, str>>) -> Self {
        self.edit(|inner| inner.fix = Some(fix.into()))
    }

    /// Keeps the cause. It must not print secrets: mask before handing it in.
    #[must_use]
    pub fn with_source(self, source: impl StdError + Send + Sync + 'static) -> Self {
        self.edit(|inner| inner.source = Some(Arc::new(source)))
    }

    /// Says that so many attempts ended like this, and that nobody tries again by itself.
    #[must_use]
    pub fn after_attempts(self, attempts: u32) -> Self {
        self.edit(|inner| inner.attempts = attempts)
    }

    fn edit(mut self, change: impl FnOnce(&mut Inner)) -> Self {
        change(Arc::make_mut(&mut self.0));
        self
    }

    /// What kind of trouble this is.
    #[must_use]
    pub fn kind(&self) -> ErrorKind {
        self.0.kind
    }

    /// The verb that failed, when known.
    #[must_use]
    pub fn operation(&self) -> Option<&'static str> {
        self.0.operation
    }

    /// How many attempts ended like this: more than 1 when a retry gave up on it.
    #[must_use]
    pub fn attempts(&self) -> u32 {
        self.0.attempts
    }

    /// Whether the same call may succeed later without anybody changing anything.
    #[must_use]
    pub fn is_transient(&self) -> bool {
        self.is_outage() || self.kind() == ErrorKind::Overloaded
    }

    /// Whether this is trouble of the infrastructure: no answer, no connection, or a failed file operation. A call
    /// that was refused or not even begun says nothing about it.
    #[must_use]
    pub fn is_outage(&self) -> bool {
        matches!(self.kind(), ErrorKind::Timeout | ErrorKind::Unavailable | ErrorKind::Io)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(operation) = self.0.operation {
            write!(f, "{operation}: ")?;
        }
        f.write_str(&self.0.message)?;
        if self.0.attempts > 1 {
            write!(f, " (gave up after {} attempts)", self.0.attempts)?;
        }
        if let Some(fix) = &self.0.fix {
            write!(f, "; {fix}")?;
        }
        Ok(())
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut debug = f.debug_struct("Error");
        debug.field("kind", &self.0.kind).field("message", &format_args!("{self}"));
        if let Some(source) = &self.0.source {
            debug.field("source", source);
        }
        debug.finish()
    }
}

impl StdError for Error {
    fn source(&self) -> Option<&(dyn StdError + 'static)> {
        self.0.source.as_deref().map(|source| source as &(dyn StdError + 'static))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_error_names_the_operation_what_it_held_and_the_fix() {
        let error = Error::new(ErrorKind::Config, "CACHE_DEFAULT_TTL holds \"soon\"")
            .during("from_env")
            .with_fix("write seconds or \"5m\"")
            .with_source(std::io::Error::other("cause"));
        assert_eq!(error.to_string(), "from_env: CACHE_DEFAULT_TTL holds \"soon\"; write seconds or \"5m\"");
        assert_eq!(error.source().unwrap().to_string(), "cause");
        assert_eq!(error.clone().kind(), ErrorKind::Config);
        assert!(!error.is_transient());
    }

    #[test]
    fn an_error_that_was_given_up_on_says_after_how_many_attempts() {
        let error = Error::new(ErrorKind::Unavailable, "the server is down").during("get");
        assert_eq!((error.attempts(), error.to_string().as_str()), (1, "get: the server is down"));
        let error = error.after_attempts(3).with_fix("start it");
        assert_eq!(error.to_string(), "get: the server is down (gave up after 3 attempts); start it");
        assert_eq!(error.attempts(), 3);
    }

    #[test]
    fn what_was_not_begun_is_no_outage() {
        let error = Error::new(ErrorKind::Overloaded, "busy");
        assert!(error.is_transient() && !error.is_outage());
    }
}
