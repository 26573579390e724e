//! A cached function of many ids: every id is an entry, and the body runs once for those that are nowhere.
//!
//! Promise: the caller gets what the body would return for all of its ids. Loads are shared per id with other batches, and with
//! single functions of the same keyspace ([`Engine::load_many`](crate::engine::Engine)). What does not fit (a list that is
//! longer or shorter than its ids, an absence that the result cannot say, trouble of the cache) is answered by the body
//! alone, for all ids.

mod kind;
mod layout;

pub use kind::{ManyKind, OfMany, held_many, leaves_out, of_many, stored_many};
pub use layout::{
    Each, Hashed, Layout, LayoutEach, LayoutMap, LayoutNone, LayoutPairs, LayoutPlaces, LeavesOut, Many,
    Pairs, Places, Sorted, Unknown, listed, one_ty,
};

use std::collections::HashMap;
use std::fmt;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use super::{Boxed, Entry, Trouble};
use crate::engine::Trouble as KeyTrouble;
use crate::engine::{Batch, Engine, Failure, Given, Hold, Keyspace, OfKey, Shape, Share, Split};
use crate::key::{CacheKey, Tag};
use crate::manager::CacheManager;
use crate::port::near::Held;
use crate::time::Ttl;

/// A call for many ids that has not begun.
pub struct Batching<K, S, L, H, F, T> {
    kind: ManyKind<K, S, L, H, F, T>,
    ids: Vec<K>,
    /// The place of each id among the keys.
    places: Vec<usize>,
    /// Each entry once, and the first id that names it.
    keys: Vec<CacheKey>,
    firsts: Vec<usize>,
    /// The tags of each entry.
    tags: Vec<Vec<Tag>>,
    /// `None` without any id.
    filled: Option<(CacheManager, &'static Keyspace)>,
}

/// A failure that is the caller's alone: others run their own load.
#[derive(Debug)]
struct NotShared;

/// What the body returned, where it cannot be told id by id.
enum Whole<R> {
    /// It failed.
    Failed(R),
    /// It does not fit its ids.
    Misfit,
}

impl<K, S, L, H, F, T> Batching<K, S, L, H, F, T> {
    fn new(kind: ManyKind<K, S, L, H, F, T>, ids: Vec<K>, entry: impl Fn(&K) -> Entry) -> Self {
        let (mut places, mut keys, mut firsts) = (Vec::with_capacity(ids.len()), Vec::new(), Vec::new());
        let mut known: HashMap<CacheKey, usize> = HashMap::with_capacity(ids.len());
        let (mut filled, mut tags) = (None, Vec::new());
        for (at, id) in ids.iter().enumerate() {
            let (here, key, named) = entry(id).into_parts();
            filled.get_or_insert(here);
            let place = *known.entry(key).or_insert_with_key(|key| {
                keys.push(key.clone());
                firsts.push(at);
                tags.push(named);
                keys.len() - 1
            });
            places.push(place);
        }
        Self { kind, ids, places, keys, firsts, tags, filled }
    }
}

impl<K, S, L, H, F, T> Batching<K, S, L, H, F, T>
where
    K: Clone,
    S: OfMany + Shape<Val = L::Many>,
    L: Layout<K>,
    H: Hold<L::Val>,
    F: Share<S::Ret>,
    T: Trouble<S::Ret>,
{
    /// Answers all ids: from the tiers, from the loads of others, or by running the body for what is missing.
    pub fn load<Fut>(self, mut body: impl FnMut(Vec<K>) -> Fut) -> Boxed<impl Future<Output = S::Ret>>
    where
        Fut: Future<Output = S::Ret>,
    {
        Box::pin(async move {
            let Some((manager, keyspace)) = self.filled.clone() else { return body(self.ids).await };
            let engine = manager.engine_handle();
            if !engine.is_enabled() || keyspace.policy.refused {
                return engine.bypass(keyspace, body(self.ids)).await;
            }
            let whole = Mutex::new(None);
            let answers = self.ask(&engine, keyspace, &whole, &mut body).await;
            let whole = whole.into_inner().unwrap_or_else(PoisonError::into_inner);
            match self.answer(answers, whole) {
                Some(ret) => ret,
                None => engine.bypass(keyspace, body(self.ids)).await,
            }
        })
    }

    async fn ask<Fut: Future<Output = S::Ret>>(
        &self,
        engine: &Engine,
        keyspace: &'static Keyspace,
        whole: &Mutex<Option<Whole<S::Ret>>>,
        body: &mut impl FnMut(Vec<K>) -> Fut,
    ) -> Vec<OfKey> {
        let batch = Batch {
            keys: &self.keys,
            tags: &self.tags,
            space: keyspace,
            values: self.kind.values,
            ttl: Ttl::Default,
            max_batch: self.kind.chunk.max(1),
            strict: false,
            understands: |failure| F::default().restore(failure).is_some(),
        };
        let load = |places: Vec<usize>| {
            let ids = self.ids_of(&places);
            let returned = body(ids.clone());
            async move { self.given(&ids, returned.await, whole) }
        };
        engine.load_many(&batch, load).await
    }

    /// The first id of each of these entries.
    fn ids_of(&self, places: &[usize]) -> Vec<K> {
        let firsts = places.iter().filter_map(|place| self.firsts.get(*place));
        firsts.filter_map(|first| self.ids.get(*first).cloned()).collect()
    }

    /// What the body gave for each id that it was asked for.
    fn given(&self, ids: &[K], ret: S::Ret, whole: &Mutex<Option<Whole<S::Ret>>>) -> Vec<Given> {
        let kind = &self.kind;
        let (failure, now): (Failure, _) = match kind.shape.split(ret) {
            Split::Value(many) => match kind.layout.take_apart(ids, many) {
                Some(values) => return values.into_iter().map(|value| self.one_given(value)).collect(),
                None => (Arc::new(NotShared), Whole::Misfit),
            },
            Split::Absent(ret) | Split::Failed(ret) => {
                (kind.share.share(&ret).unwrap_or_else(|| Arc::new(NotShared)), Whole::Failed(ret))
            }
        };
        whole.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(now);
        ids.iter().map(|_| Given::Failed(failure.clone())).collect()
    }

    fn one_given(&self, value: Option<L::Val>) -> Given {
        value.map_or(Given::Absent, |value| {
            let held: Held = self.kind.hold.hold(&value);
            Given::Value(held)
        })
    }

    /// The result; `None` when the body has to say it.
    fn answer(&self, answers: Vec<OfKey>, whole: Option<Whole<S::Ret>>) -> Option<S::Ret> {
        match whole {
            Some(Whole::Failed(ret)) => return Some(ret),
            Some(Whole::Misfit) => {
                tracing::warn!(
                    "a batch returned more or fewer values than it was asked for: nothing is stored"
                );
                return None;
            }
            None => {}
        }
        let mut values = Vec::with_capacity(answers.len());
        for answer in answers {
            match answer {
                Ok(held) => values.push(held),
                Err(KeyTrouble::Loader(failure)) => return self.kind.share.restore(&failure),
                Err(KeyTrouble::Cache(error)) => return self.kind.trouble.trouble(error),
            }
        }
        let of_each = self.ids.iter().zip(&self.places).map(|(id, place)| {
            let value = match values.get(*place)? {
                Some(held) => Some(self.kind.hold.give(held.clone())?),
                None => None,
            };
            Some((id.clone(), value))
        });
        let many = self.kind.layout.put_together(of_each.collect::<Option<_>>()?)?;
        Some(self.kind.shape.of_value(many))
    }
}

impl<K, S, L, H, F, T> fmt::Debug for Batching<K, S, L, H, F, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Batching").field("keys", &self.keys).finish_non_exhaustive()
    }
}
