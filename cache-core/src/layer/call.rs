//! One call, as layers see it: the verb, what it is about, and whether it may be made twice.

use crate::error::{Error, ErrorKind};
use crate::key::CacheKey;
use crate::port::backend::{SetCondition, SetOptions, Verb};

/// A call that is about to be made.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<'a> {
    /// The backend's own name.
    pub(crate) backend: &'static str,
    pub(crate) verb: Verb,
    /// The key, when there is one.
    pub(crate) key: Option<&'a CacheKey>,
    /// How many keys.
    pub(crate) keys: usize,
    /// Whether making it twice leaves what making it once leaves.
    pub(crate) repeatable: bool,
}

impl<'a> Call<'a> {
    /// A call about no key in particular.
    pub(crate) fn new(backend: &'static str, verb: Verb) -> Self {
        Self { backend, verb, key: None, keys: 0, repeatable: is_repeatable(verb) }
    }

    /// It is about this key.
    pub(crate) fn about(mut self, key: &'a CacheKey) -> Self {
        (self.key, self.keys) = (Some(key), 1);
        self
    }

    /// It is about so many keys.
    pub(crate) fn of_many(mut self, keys: usize) -> Self {
        self.keys = keys;
        self
    }

    /// A set that must find something (nothing, a lease) finds it once.
    pub(crate) fn storing<'o>(mut self, options: impl IntoIterator<Item = &'o SetOptions>) -> Self {
        self.repeatable = options.into_iter().all(|options| options.condition == SetCondition::Always);
        self
    }

    /// An error of this call.
    pub(crate) fn error(&self, kind: ErrorKind, what: &str) -> Error {
        Error::new(kind, format!("the {} backend {what}", self.backend)).during(self.verb.as_str())
    }
}

/// A pattern delete is not: the second one would count what the first one left.
fn is_repeatable(verb: Verb) -> bool {
    matches!(
        verb,
        Verb::Connect
            | Verb::Health
            | Verb::Get
            | Verb::GetMany
            | Verb::Exists
            | Verb::Ttl
            | Verb::Set
            | Verb::SetMany
            | Verb::Delete
            | Verb::DeleteMany
    )
}
