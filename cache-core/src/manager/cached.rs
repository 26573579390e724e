//! What a loader says about its value besides the value.

use super::LoadError;
use super::tagging::named;
use crate::engine::{Loaded, Older};
use crate::entry::Validator;
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
    validator: Option<String>,
}

impl<T> Cached<T> {
    /// A value that lives as long as the call said.
    #[must_use]
    pub fn new(value: T) -> Self {
        Self { value: Some(value), ..Self::not_modified() }
    }

    /// The value that the loader was shown is still good: it is kept, and its life begins again. Its validator is kept
    /// too, unless this one has another.
    #[must_use]
    pub fn not_modified() -> Self {
        Self { value: None, ttl: Ttl::Default, skip: false, tags: Vec::new(), validator: None }
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

    /// What tells the source which value this is, an `ETag` for example: stored beside the value in every tier, and shown
    /// to the loader that refreshes it ([`get_or_revalidate_with`](super::CacheManager::get_or_revalidate_with)). At most
    /// 1 KiB; a longer one is an error of the load.
    #[must_use]
    pub fn validator(mut self, validator: impl Into<String>) -> Self {
        self.validator = Some(validator.into());
        self
    }

    /// Hands it to those who wait, and stores it nowhere.
    #[must_use]
    pub fn skip(mut self) -> Self {
        self.skip = true;
        self
    }
}

/// The older value that a loader is shown, with what tells its source which value it is.
#[derive(Debug, Clone)]
pub struct Previous<T> {
    value: T,
    validator: Option<Validator>,
}

impl<T> Previous<T> {
    /// The value.
    pub fn value(&self) -> &T {
        &self.value
    }

    /// The value, taken out.
    pub fn into_value(self) -> T {
        self.value
    }

    /// What was stored beside it, if something was.
    pub fn validator(&self) -> Option<&str> {
        self.validator.as_ref().map(Validator::as_str)
    }
}

/// The older value as the loader is shown it.
pub(super) fn shown<T: Clone + 'static>(older: Older) -> Option<Previous<T>> {
    let value = older.value?.downcast_ref::<T>()?.clone();
    Some(Previous { value, validator: older.validator })
}

/// What the engine makes of a loader's answer.
pub(super) fn loaded<T, E>(
    answer: Result<Cached<T>, E>,
    older: Option<Previous<T>>,
) -> Loaded<Result<T, LoadError<E>>> {
    let Cached { value, ttl, skip, tags, validator } = match answer {
        Ok(cached) => cached,
        Err(error) => return Err(LoadError::of(error)).into(),
    };
    let said = match validator.map(Validator::new).transpose() {
        Ok(said) => said,
        Err(error) => return Err(LoadError::Cache(error.during("load"))).into(),
    };
    let (ret, validator) = match (value, older) {
        (Some(value), _) => (Ok(value), said),
        (None, Some(Previous { value, validator })) => (Ok(value), said.or(validator)),
        (None, None) => (Err(LoadError::Cache(nothing_shown())), None),
    };
    Loaded { ret, ttl, skip, tags, validator }
}

fn nothing_shown() -> Error {
    Error::new(ErrorKind::Unsupported, "the loader answered \"not modified\", but was shown no value")
        .during("load")
        .with_fix("answer so only when the older value is there")
}
