//! The read path of a cached function.

use std::fmt;
use std::future::Future;
use std::sync::Arc;

use super::answer::{Asked, Boxed, Way, attached, detached, question, warm};
use super::kind::Of;
use super::{Kind, ManagerSource, Space, Tags};
use crate::engine::{Ask, AskedTags, Engine, Hold, Keyspace, Shape};
use crate::entry::{Reason, Status};
use crate::key::{CacheKey, Parts, PartsProbe, Tag};
use crate::manager::CacheManager;

/// What is done with the entry that a call names. The parts of its key are there only while it is done, so that
/// they may borrow from the arguments and from values that are computed of them.
#[diagnostic::on_unimplemented(
    message = "`{Self}` is no argument of this target",
    note = "a method is a target as `value.method(..)`"
)]
pub trait Verb {
    /// What comes of it.
    type Output;

    /// Does it.
    fn on<M: ManagerSource, P: Parts>(self, space: Space<M>, parts: &P) -> Self::Output;
}

/// Asks the near tier. Allocates nothing on a hit; builds the key on a miss.
#[derive(Debug, Clone, Copy)]
pub struct Probe<K>(pub K);

/// What the near tier answered.
#[derive(Debug)]
pub enum Probed<R, M> {
    /// A fresh hit: return it.
    Hit(R),
    /// Load.
    Miss(M),
}

impl<K: Kind> Verb for Probe<K> {
    type Output = Probed<K::Ret, Missed<K>>;

    /// Always in place: what it returns would be written in pieces and read as a whole, for which the processor waits.
    #[inline(always)]
    fn on<M: ManagerSource, P: Parts>(self, space: Space<M>, parts: &P) -> Self::Output {
        let (shape, hold) = (self.0.shape(), self.0.hold());
        let mut absence = None;
        let found = space.source.with(|manager| {
            let probe = PartsProbe::new(space.keyspace.name.id(), parts);
            let absent = || {
                absence = shape.of_absence();
                absence.is_some()
            };
            manager.engine().hot(space.keyspace, &probe, |held| hold.recognize(held), absent)
        });
        match (found, absence) {
            (Some(inner), _) => Probed::Hit(shape.of_value(hold.open(inner))),
            (None, Some(ret)) => Probed::Hit(ret),
            (None, None) => {
                space.source.with(|manager| Probed::Miss(self.missed(manager, space.keyspace, parts)))
            }
        }
    }
}

impl<K> Probe<K> {
    #[cold]
    fn missed(self, manager: &CacheManager, keyspace: &'static Keyspace, parts: &impl Parts) -> Missed<K> {
        let is_on = manager.is_enabled() && !keyspace.policy.refused;
        let key = is_on.then(|| CacheKey::of_parts(manager.namespace(), &keyspace.name, parts));
        let key = key.filter(|key| !manager.engine().lacks_a_name(keyspace, key));
        Missed { engine: manager.engine_handle(), key, keyspace, kind: self.0, tags: Vec::new() }
    }
}

/// A call that the near tier did not answer. Owns what it needs, so that a load borrows only from the body.
pub struct Missed<K> {
    engine: Arc<Engine>,
    /// `None` while the cache is switched off, or not to be asked, or the options cannot be kept.
    key: Option<CacheKey>,
    keyspace: &'static Keyspace,
    kind: K,
    tags: Vec<Tag>,
}

impl<K> Missed<K> {
    /// Says its tags; not asked for while nothing is stored.
    pub fn tagged(mut self, tags: impl FnOnce(&mut Tags<'_>)) -> Self {
        if self.key.is_some() {
            self.tags = Tags::collect(self.engine.namespace(), &self.keyspace.name, tags);
        }
        self
    }

    /// A call that is not to know the cache.
    pub(super) fn without_key(manager: &CacheManager, keyspace: &'static Keyspace, kind: K) -> Self {
        Self { engine: manager.engine_handle(), key: None, keyspace, kind, tags: Vec::new() }
    }
}

impl<K: Kind> Missed<K> {
    /// Loads: from the byte tiers, from the load of somebody else, or by running the body.
    pub fn load(self, body: impl Future<Output = K::Ret>) -> Boxed<impl Future<Output = (K::Ret, Status)>> {
        attached(self.asked(), body)
    }

    /// [`Missed::load`] of a body that owns what it needs: it goes on when its callers have gone.
    pub fn load_detached(
        self,
        body: impl Future<Output = K::Ret> + Send + 'static,
    ) -> Boxed<impl Future<Output = (K::Ret, Status)>>
    where
        K: Send + Sync + 'static,
        K::Ret: Send + 'static,
    {
        detached(self.asked(), body)
    }

    /// [`Missed::load_detached`] of a body that can run again: its value is kept warm as long as the keyspace says.
    pub fn load_warm<F>(
        self,
        body: impl Fn() -> F + Send + 'static,
    ) -> Boxed<impl Future<Output = (K::Ret, Status)>>
    where
        F: Future<Output = K::Ret> + Send + 'static,
        K: Send + Sync + 'static,
        K::Ret: Send + 'static,
    {
        warm(self.asked(), Box::new(move || Box::pin(body())))
    }

    pub(super) fn asked(self) -> Asked<K> {
        let Self { engine, key, keyspace, kind, tags } = self;
        let way = key.map(|key| Way::Read(question(key, keyspace, kind, tags)));
        Asked { engine, keyspace, kind, way: way.unwrap_or(Way::Round(Reason::Disabled)) }
    }
}

impl<K: Kind> Missed<K> {
    /// The same on this thread: the near tier alone, and the thread waits for the load of somebody else.
    pub fn load_blocking(self, body: impl FnOnce() -> K::Ret) -> K::Ret {
        let Some(key) = self.key else { return self.engine.bypass_blocking(self.keyspace, body) };
        let tags = AskedTags::of(&self.tags, self.kind.names_tags());
        let ask = Ask::new(&key, self.keyspace, self.kind.values()).tagged(tags);
        self.engine.load_blocking(&ask, &Of(self.kind), body).ret
    }
}

impl<K> fmt::Debug for Missed<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Missed").field("key", &self.key).finish_non_exhaustive()
    }
}
