//! The read path of a cached function.

use std::future::Future;

use super::ManagerSource;
use crate::engine::{Ask, Hold, Keyspace, Recipe, Shape, Share, Values};
use crate::key::{CacheKey, Parts, PartsProbe};
use crate::manager::CacheManager;

/// One call of a cached function: where its manager is, what it fills, what its return type means.
#[derive(Debug, Clone, Copy)]
pub struct Call<M, S, H> {
    /// Where the manager is.
    pub source: M,
    /// What the function fills.
    pub space: &'static Keyspace,
    /// What its return type means.
    pub shape: S,
    /// How its values are held.
    pub hold: H,
}

/// What the near tier answered.
#[derive(Debug)]
pub enum Probed<R> {
    /// A fresh hit: return it.
    Hit(R),
    /// Load under this key; `None` while the cache is switched off.
    Miss(Option<CacheKey>),
}

impl<M: ManagerSource, S: Shape, H: Hold<S::Val>> Call<M, S, H> {
    /// Asks the near tier. Allocates nothing on a hit; builds the key on a miss.
    #[inline]
    pub fn probe(&self, parts: &impl Parts) -> Probed<S::Ret> {
        self.source.with(|manager| {
            let probe = PartsProbe::new(self.space.name.id(), parts);
            match manager.engine().hot(
                &probe,
                |held| self.hold.give(held).map(|value| self.shape.of_value(value)),
                || self.shape.of_absence(),
            ) {
                Some(hit) => Probed::Hit(hit),
                None => Probed::Miss(self.missed_key(manager, parts)),
            }
        })
    }

    #[cold]
    fn missed_key(&self, manager: &CacheManager, parts: &impl Parts) -> Option<CacheKey> {
        manager.is_enabled().then(|| CacheKey::of_parts(manager.namespace(), &self.space.name, parts))
    }

    /// The key of these parts, on or off.
    pub fn key(&self, parts: &impl Parts) -> CacheKey {
        self.source.with(|manager| CacheKey::of_parts(manager.namespace(), &self.space.name, parts))
    }

    /// Loads: from the byte tiers, from the load of somebody else, or by running the body.
    pub async fn load(
        self,
        key: Option<CacheKey>,
        values: &'static dyn Values,
        share: impl Share<S::Ret>,
        store_if: impl FnOnce(&S::Val) -> bool,
        body: impl Future<Output = S::Ret>,
    ) -> S::Ret {
        let engine = self.source.with(CacheManager::engine_handle);
        let Some(key) = key else { return engine.bypass(body).await };
        let ask = Ask::new(&key, self.space, values);
        engine.load(&ask, self.recipe(share, store_if), body).await
    }

    /// Runs the body now and stores what it returns, whatever is stored.
    pub async fn refresh(
        self,
        key: CacheKey,
        values: &'static dyn Values,
        share: impl Share<S::Ret>,
        store_if: impl FnOnce(&S::Val) -> bool,
        body: impl Future<Output = S::Ret>,
    ) -> S::Ret {
        let engine = self.source.with(CacheManager::engine_handle);
        if !engine.is_enabled() {
            return engine.bypass(body).await;
        }
        let ask = Ask::new(&key, self.space, values);
        engine.refresh(&ask, self.recipe(share, store_if), body).await
    }

    /// What the tiers hold. Never runs the body.
    pub async fn peek(self, key: CacheKey, values: &'static dyn Values) -> Option<S::Ret> {
        let engine = self.source.with(CacheManager::engine_handle);
        let found = engine.peek(&Ask::new(&key, self.space, values)).await?;
        match found.value() {
            Some(held) => self.hold.give(held).map(|value| self.shape.of_value(value)),
            None => self.shape.of_absence(),
        }
    }

    fn recipe<F, C>(self, share: F, store_if: C) -> Recipe<S, H, F, C> {
        Recipe { shape: self.shape, hold: self.hold, share, store_if, on_trouble: |_| None }
    }
}
