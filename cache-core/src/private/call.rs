//! The read path of a cached function.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::{Entry, Kind, ManagerSource, Space};
use crate::engine::{Ask, Engine, Hold, Keyspace, Shape};
use crate::key::{CacheKey, Parts, PartsProbe};
use crate::manager::CacheManager;

/// One call of a cached function: what it fills and where, and the parts of its key. Made on the stack on every
/// call; nothing of it is kept over an await.
#[derive(Debug, Clone, Copy)]
pub struct Call<M, P> {
    space: Space<M>,
    parts: P,
}

/// What the near tier answered.
#[derive(Debug)]
pub enum Probed<R, K> {
    /// A fresh hit: return it.
    Hit(R),
    /// Load.
    Miss(Missed<K>),
}

impl<M, P> Call<M, P> {
    /// A call.
    #[inline]
    pub fn new(space: Space<M>, parts: P) -> Self {
        Self { space, parts }
    }
}

impl<M: ManagerSource, P: Parts> Call<M, P> {
    /// Asks the near tier. Allocates nothing on a hit; builds the key on a miss.
    #[inline]
    pub fn probe<K: Kind>(&self, kind: K) -> Probed<K::Ret, K> {
        let (shape, hold) = (kind.shape(), kind.hold());
        self.space.source.with(|manager| {
            let probe = PartsProbe::new(self.space.keyspace.name.id(), &self.parts);
            match manager.engine().hot(
                &probe,
                |held| hold.give(held).map(|value| shape.of_value(value)),
                || shape.of_absence(),
            ) {
                Some(hit) => Probed::Hit(hit),
                None => Probed::Miss(self.missed(manager, kind)),
            }
        })
    }

    #[cold]
    fn missed<K>(&self, manager: &CacheManager, kind: K) -> Missed<K> {
        Missed {
            engine: manager.engine_handle(),
            key: manager.is_enabled().then(|| self.key_in(manager)),
            keyspace: self.space.keyspace,
            kind,
        }
    }

    /// What this call names, for everything but reading through.
    pub fn entry(self) -> Entry {
        let manager = self.space.source.manager();
        let key = self.key_in(&manager);
        Entry::new(manager, key, self.space.keyspace)
    }
}

impl<M, P: Parts> Call<M, P> {
    /// The key of this call in a manager.
    pub(super) fn key_in(&self, manager: &CacheManager) -> CacheKey {
        CacheKey::of_parts(manager.namespace(), &self.space.keyspace.name, &self.parts)
    }
}

impl<M: ManagerSource, P> Call<M, P> {
    /// The manager of this call.
    pub(super) fn manager(&self) -> CacheManager {
        self.space.source.manager()
    }
}

/// A call that the near tier did not answer. Owns what it needs, so that a load borrows only from the body.
pub struct Missed<K> {
    engine: Arc<Engine>,
    /// `None` while the cache is switched off.
    key: Option<CacheKey>,
    keyspace: &'static Keyspace,
    kind: K,
}

impl<K: Kind> Missed<K> {
    /// Loads: from the byte tiers, from the load of somebody else, or by running the body.
    pub async fn load(self, body: impl Future<Output = K::Ret>) -> K::Ret {
        let Some(key) = self.key else { return self.engine.bypass(body).await };
        let ask = Ask::new(&key, self.keyspace, self.kind.values());
        self.engine.load(&ask, super::kind::recipe(self.kind), body).await
    }
}

impl<K> fmt::Debug for Missed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Missed").field("key", &self.key).finish_non_exhaustive()
    }
}
