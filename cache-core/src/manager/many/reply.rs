//! What a loader of many may return.

use std::any::type_name;
use std::collections::{BTreeMap, HashMap};

use crate::error::{Error, ErrorKind, Result};

/// What a loader of many returns: the values that there are, with their ids.
///
/// * `Result<M, E>` where `M` iterates over `(id, value)`: a `HashMap`, a `Vec` of pairs, .. The error is that of every
///   id that was asked for.
/// * `HashMap<K, Result<V, E>>`, `BTreeMap<K, Result<V, E>>` or `Vec<(K, Result<V, E>)>`: each id has its own outcome.
///
/// An id that is left out has no value: it is absent, which is no failure. Ids that were not asked for are ignored.
#[diagnostic::on_unimplemented(
    message = "a loader of many cannot return `{Self}`",
    label = "no values by id",
    note = "return `Result<HashMap<id, value>, error>`, or `HashMap<id, Result<value, error>>` where ids fail one by one"
)]
pub trait BatchReply<K> {
    /// What is cached.
    type Value;
    /// The loader's own error.
    type Error;

    /// Takes it apart.
    ///
    /// # Errors
    /// The one of the whole load.
    #[allow(clippy::type_complexity, reason = "an iterator cannot be given a name here")]
    fn into_entries(self)
    -> Result<impl Iterator<Item = (K, Result<Self::Value, Self::Error>)>, Self::Error>;
}

impl<K, V, E, M: IntoIterator<Item = (K, V)>> BatchReply<K> for Result<M, E> {
    type Value = V;
    type Error = E;

    fn into_entries(self) -> Result<impl Iterator<Item = (K, Result<V, E>)>, E> {
        self.map(|entries| entries.into_iter().map(|(id, value)| (id, Ok(value))))
    }
}

macro_rules! one_by_one {
    ($($reply:ty $(, $more:ident)?;)*) => {$(
        impl<K, V, E $(, $more)?> BatchReply<K> for $reply {
            type Value = V;
            type Error = E;

            fn into_entries(self) -> Result<impl Iterator<Item = (K, Result<V, E>)>, E> {
                Ok(self.into_iter())
            }
        }
    )*};
}

one_by_one! {
    HashMap<K, Result<V, E>, S>, S;
    BTreeMap<K, Result<V, E>>;
    Vec<(K, Result<V, E>)>;
}

/// A map of results inside a result would have its errors stored as values.
///
/// # Errors
/// `Config`, with the fix.
pub(super) fn refuse_results<V>() -> Result<()> {
    if !type_name::<V>().starts_with("core::result::Result<") {
        return Ok(());
    }
    Err(Error::new(ErrorKind::Config, format!("the values of this batch are `{}`", type_name::<V>()))
        .during("get_or_load_many")
        .with_fix(
            "return the map of results itself, without a `Result` around it, so that errors are not stored",
        ))
}
