//! Which ids were asked for, which entries they name, and who gets what.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::sync::Arc;

use super::{BatchReply, LoadedMany, NamesIds, ResultOf};
use crate::engine::{Given, OfKey, Trouble};
use crate::error::Result;
use crate::key::{CacheKey, Namespace, Tag};
use crate::manager::LoadError;
use crate::manager::tagging::check;

/// The ids as they were asked for, and the distinct entries that they name.
pub(super) struct Plan<'a, K, N> {
    asked: Vec<(K, usize)>,
    /// One id of each entry.
    ids: Vec<K>,
    keys: Vec<CacheKey>,
    places: HashMap<CacheKey, usize, foldhash::fast::RandomState>,
    naming: N,
    namespace: &'a Namespace,
}

impl<'a, K: Clone, N: NamesIds<K>> Plan<'a, K, N> {
    /// Names every id.
    ///
    /// # Errors
    /// `Key` when one of them names nothing.
    pub(super) fn new(ids: Vec<K>, naming: N, namespace: &'a Namespace) -> Result<Self> {
        let mut plan = Self {
            asked: Vec::with_capacity(ids.len()),
            ids: Vec::new(),
            keys: Vec::new(),
            places: HashMap::default(),
            naming,
            namespace,
        };
        for id in ids {
            let key = plan.naming.key(&id, namespace)?;
            let place = plan.place(key, &id);
            plan.asked.push((id, place));
        }
        Ok(plan)
    }

    fn place(&mut self, key: CacheKey, id: &K) -> usize {
        match self.places.entry(key) {
            Entry::Occupied(known) => *known.get(),
            Entry::Vacant(new) => {
                self.keys.push(new.key().clone());
                self.ids.push(id.clone());
                *new.insert(self.keys.len() - 1)
            }
        }
    }

    pub(super) fn keys(&self) -> &[CacheKey] {
        &self.keys
    }

    /// The tags of each entry: those of all, and those of its id.
    ///
    /// # Errors
    /// `Config` when an entry has too many.
    pub(super) fn tags(&self, all: &[Tag], own: impl Fn(&K) -> Vec<Tag>) -> Result<Vec<Vec<Tag>>> {
        let of = |id: &K| {
            let tags = all.iter().cloned().chain(own(id)).collect::<Vec<_>>();
            check(&tags).map(|()| tags)
        };
        self.ids.iter().map(of).collect()
    }

    /// What the loader is asked for.
    pub(super) fn ids_at(&self, places: &[usize]) -> Vec<K> {
        places.iter().filter_map(|place| self.ids.get(*place).cloned()).collect()
    }

    /// What the loader gave for each of these places. A failure of the whole load is one, shared by all of them.
    pub(super) fn sort<R>(&self, places: &[usize], reply: R) -> Vec<Given>
    where
        R: BatchReply<K, Value: Send + Sync + 'static, Error: Send + Sync + 'static>,
    {
        let entries = match reply.into_entries() {
            Ok(entries) => entries,
            Err(error) => {
                let failure = Arc::new(LoadError::Loader(Arc::new(error)));
                return places.iter().map(|_| Given::Failed(failure.clone())).collect();
            }
        };
        let mut given: HashMap<usize, Given> = HashMap::with_capacity(places.len());
        for (id, outcome) in entries {
            let key = self.naming.key(&id, self.namespace).ok();
            if let Some(place) = key.and_then(|key| self.places.get(&key)) {
                given.insert(*place, of_outcome(outcome));
            }
        }
        places.iter().map(|place| given.remove(place).unwrap_or(Given::Absent)).collect()
    }

    /// The answers, for every id that was asked for.
    pub(super) fn answer<V, E>(&self, answers: &[OfKey]) -> LoadedMany<K, V, E>
    where
        V: Clone + 'static,
        E: Send + Sync + 'static,
    {
        let result = |place: usize| answers.get(place).map_or(Ok(None), of_answer);
        LoadedMany::new(self.asked.iter().map(|(id, place)| (id.clone(), result(*place))).collect())
    }
}

fn of_outcome<V: Send + Sync + 'static, E: Send + Sync + 'static>(outcome: Result<V, E>) -> Given {
    match outcome {
        Ok(value) => Given::Value(Arc::new(value)),
        Err(error) => Given::Failed(Arc::new(LoadError::Loader(Arc::new(error)))),
    }
}

/// Every answer was made, or understood, as this type: a value of another one would be absent.
fn of_answer<V: Clone + 'static, E: Send + Sync + 'static>(answer: &OfKey) -> ResultOf<V, E> {
    match answer {
        Ok(held) => Ok(held.as_ref().and_then(|held| held.downcast_ref::<V>().cloned())),
        Err(Trouble::Cache(error)) => Err(LoadError::Cache(error.clone())),
        Err(Trouble::Loader(failure)) => match failure.downcast_ref::<LoadError<E>>() {
            Some(error) => Err(error.clone()),
            None => Ok(None),
        },
    }
}
