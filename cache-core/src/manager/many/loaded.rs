//! What a load of many answers.

use crate::manager::LoadError;

/// What became of one id: its value, `None` when there is none, or why that is not known.
pub type ResultOf<V, E> = Result<Option<V>, LoadError<E>>;

/// One result per id, in the order in which the ids were given, duplicates included.
///
/// `Ok(None)`: there is no such value (the loader left the id out, or its absence is remembered). An error is this id's
/// alone: the others have their values all the same.
#[derive(Debug, Clone)]
#[must_use = "holds a result for every id"]
pub struct LoadedMany<K, V, E> {
    entries: Vec<(K, ResultOf<V, E>)>,
}

impl<K, V, E> LoadedMany<K, V, E> {
    pub(super) fn new(entries: Vec<(K, ResultOf<V, E>)>) -> Self {
        Self { entries }
    }

    /// How many ids were given.
    #[must_use]
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether no ids were given.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// The ids and their results.
    pub fn iter(&self) -> std::slice::Iter<'_, (K, ResultOf<V, E>)> {
        self.entries.iter()
    }

    /// The result of an id; `None` when it was not given. Looks through all of them.
    #[must_use]
    pub fn result(&self, id: &K) -> Option<&ResultOf<V, E>>
    where
        K: PartialEq,
    {
        self.entries.iter().find(|(other, _)| other == id).map(|(_, result)| result)
    }

    /// The values in the order of the ids, `None` where there is none.
    ///
    /// # Errors
    /// The first one, if any id has one.
    pub fn into_values(self) -> Result<Vec<Option<V>>, LoadError<E>> {
        self.entries.into_iter().map(|(_, result)| result).collect()
    }

    /// The ids that have a value, with it, collected into what the caller wants: a `HashMap`, a `Vec` of pairs, ..
    ///
    /// # Errors
    /// The first one, if any id has one.
    pub fn into_found<C: FromIterator<(K, V)>>(self) -> Result<C, LoadError<E>> {
        self.entries
            .into_iter()
            .filter_map(|(id, result)| result.transpose().map(|value| value.map(|value| (id, value))))
            .collect()
    }
}

impl<K, V, E> IntoIterator for LoadedMany<K, V, E> {
    type Item = (K, ResultOf<V, E>);
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.entries.into_iter()
    }
}

impl<'a, K, V, E> IntoIterator for &'a LoadedMany<K, V, E> {
    type Item = &'a (K, ResultOf<V, E>);
    type IntoIter = std::slice::Iter<'a, (K, ResultOf<V, E>)>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}
