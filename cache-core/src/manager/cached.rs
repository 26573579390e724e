//! What a loader says about its value besides the value.

use super::LoadError;
use super::tagging::named;
use crate::engine::{Loaded, Older};
use crate::error::{Error, ErrorKind};
use crate::key::Tag;
use crate::time::Ttl;

/// A loaded value with its own life; or the word that what the loader was shown is still good.
#[derive(Debug, Clone)]
pub struct Cached<T> {
    /// `None`: not modified.
    value: Option<T>,
    ttl: Ttl,
    skip: bool,
    tags: Vec<Tag>,
}

impl<T> Cached<T> {
    /// A value that lives as long as the call said.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { value: Some(value), ttl: Ttl::Default, skip: false, tags: Vec::new() }
    }

    /// The value that the loader was shown is still good: it is kept, and its life begins again.
    #[must_use]
    pub fn not_modified() -> Self {
        Self { value: None, ttl: Ttl::Default, skip: false, tags: Vec::new() }
    }

    /// How long it is fresh, whatever the call said.
    #[must_use]
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.ttl = ttl.into();
        self
    }

    /// Names tags by which the value can be invalidated together with others, besides those of the call. When any tag of
    /// the manager was invalidated while it was loaded, the value is handed out and not stored: this one may have been
    /// meant.
    #[must_use]
    pub fn tags(mut self, tags: impl IntoIterator<Item: AsRef<str>>) -> Self {
        self.tags.append(&mut named(tags));
        self
    }

    /// Hands it to those who wait, and stores it nowhere.
    #[must_use]
    pub fn skip(mut self) -> Self {
        self.skip = true;
        self
    }
}

/// The older value as the loader is shown it.
pub(super) fn shown<T: Clone + 'static>(older: &Older) -> Option<T> {
    older.0.as_ref()?.downcast_ref::<T>().cloned()
}

/// What the engine makes of a loader's answer.
pub(super) fn loaded<T, E>(
    answer: Result<Cached<T>, E>,
    older: Option<T>,
) -> Loaded<Result<T, LoadError<E>>> {
    let Cached { value, ttl, skip, tags } = match answer {
        Ok(cached) => cached,
        Err(error) => return Err(LoadError::of(error)).into(),
    };
    let ret = value.or(older).ok_or_else(|| {
        let error = Error::new(
            ErrorKind::Unsupported,
            "the loader answered \"not modified\", but was shown no value",
        );
        LoadError::Cache(error.during("load").with_fix("answer so only when the older value is there"))
    });
    Loaded { ret, ttl, skip, tags }
}
