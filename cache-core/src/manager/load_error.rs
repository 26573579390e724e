//! Why a load has no value.

use std::fmt;
use std::sync::Arc;

use crate::error::{Error, ErrorKind};

/// Why a load has no value: the loader's own error, shared by all who waited for it, or the caller's misuse of
/// the cache (an empty key, a ttl of zero), or a limit that the caller set; trouble of a tier only when the manager
/// fails closed.
pub enum LoadError<E> {
    /// The loader failed.
    Loader(Arc<E>),
    /// The cache could not be asked, or a limit was reached.
    Cache(Error),
}

impl<E> LoadError<E> {
    pub(super) fn of(error: E) -> Self {
        Self::Loader(Arc::new(error))
    }

    /// Whether a limit was reached: `timeout`, or `max_load_time`. The error names it.
    pub fn is_timeout(&self) -> bool {
        matches!(self, Self::Cache(error) if error.kind() == ErrorKind::Timeout)
    }

    /// The loader's error.
    pub fn loader(&self) -> Option<&E> {
        match self {
            Self::Loader(error) => Some(error),
            Self::Cache(_) => None,
        }
    }
}

impl<E> Clone for LoadError<E> {
    fn clone(&self) -> Self {
        match self {
            Self::Loader(error) => Self::Loader(Arc::clone(error)),
            Self::Cache(error) => Self::Cache(error.clone()),
        }
    }
}

impl<E: fmt::Display> fmt::Display for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loader(error) => error.fmt(f),
            Self::Cache(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Debug> fmt::Debug for LoadError<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Loader(error) => error.fmt(f),
            Self::Cache(error) => error.fmt(f),
        }
    }
}

impl<E: fmt::Display + fmt::Debug> std::error::Error for LoadError<E> {}
