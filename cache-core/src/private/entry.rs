//! What a call names, for everything but reading through: the companions of a cached function.

use std::fmt;
use std::future::Future;

use super::answer::{Asked, Boxed, Way, attached, question};
use super::kind::Of;
use super::{Kind, ManagerSource, Space, Tags, Verb};
use crate::engine::{Ask, AskedTags, Found, Hold, Keyspace, Shape, What};
use crate::entry::{Invalidated, Reason, Status};
use crate::error::Result;
use crate::key::{CacheKey, Parts, Tag};
use crate::manager::CacheManager;

/// One entry of a cached function, in its manager.
pub struct Entry {
    manager: CacheManager,
    key: CacheKey,
    keyspace: &'static Keyspace,
    bypass: bool,
    refresh: bool,
    tags: Vec<Tag>,
}

/// Finds the entry of a call.
#[derive(Debug, Clone, Copy)]
pub struct Find;

impl Verb for Find {
    type Output = Entry;

    fn on<M: ManagerSource, P: Parts>(self, space: Space<M>, parts: &P) -> Entry {
        let (manager, keyspace) = (space.source.manager(), space.keyspace);
        let key = CacheKey::of_parts(manager.namespace(), &keyspace.name, parts);
        Entry { manager, key, keyspace, bypass: false, refresh: false, tags: Vec::new() }
    }
}

impl Entry {
    /// Says its tags; not asked for while nothing is stored.
    pub fn tagged(mut self, tags: impl FnOnce(&mut Tags<'_>)) -> Self {
        if self.goes_round().is_none() {
            self.tags = Tags::collect(self.manager.namespace(), &self.keyspace.name, tags);
        }
        self
    }

    fn ask<K: Kind>(&self, kind: K) -> Ask<'_> {
        let tags = AskedTags::of(&self.tags, kind.names_tags());
        Ask::new(&self.key, self.keyspace, kind.values()).tagged(tags)
    }

    /// Where it is and what it belongs to, its key and its tags.
    pub(super) fn into_parts(self) -> ((CacheManager, &'static Keyspace), CacheKey, Vec<Tag>) {
        ((self.manager, self.keyspace), self.key, self.tags)
    }

    /// Its key.
    pub fn into_key(self) -> CacheKey {
        self.key
    }

    /// Removes it from every tier.
    ///
    /// # Errors
    /// An unreachable primary, only when the manager fails closed.
    pub async fn invalidate(self) -> Result<Invalidated> {
        self.manager.engine().invalidate(What::Key(&self.key)).await
    }

    /// The same entry, for a call that may go round the cache, or load anew. Going round wins.
    #[must_use]
    pub fn unless(self, bypass: bool, refresh: bool) -> Self {
        Self { bypass, refresh, ..self }
    }

    /// Runs the body now and stores what it returns, whatever is stored.
    pub fn refresh<K: Kind>(
        self,
        kind: K,
        body: impl Future<Output = K::Ret>,
    ) -> Boxed<impl Future<Output = (K::Ret, Status)>> {
        attached(Self { refresh: true, ..self }.asked(kind), body)
    }

    /// The value, as reading through gives it, and what it is worth.
    pub fn with_status<K: Kind>(
        self,
        kind: K,
        body: impl Future<Output = K::Ret>,
    ) -> Boxed<impl Future<Output = (K::Ret, Status)>> {
        attached(self.asked(kind), body)
    }

    pub(super) fn asked<K: Kind>(self, kind: K) -> Asked<K> {
        let round = self.goes_round();
        let Self { manager, key, keyspace, refresh, tags, .. } = self;
        let way = match round {
            Some(why) => Way::Round(why),
            None if refresh => Way::Refresh(question(key, keyspace, kind, tags)),
            None => Way::Read(question(key, keyspace, kind, tags)),
        };
        Asked { engine: manager.engine_handle(), keyspace, kind, way }
    }

    /// What the tiers hold. Never runs the body.
    pub async fn peek<K: Kind>(self, kind: K) -> Option<K::Ret> {
        if self.manager.engine().lacks_a_name(self.keyspace, &self.key) {
            return None;
        }
        let ask = self.ask(kind);
        given(kind, &self.manager.engine().peek(&ask).await?)
    }

    /// [`Entry::refresh`] of a synchronous function: the near tier alone.
    pub fn refresh_blocking<K: Kind>(self, kind: K, body: impl FnOnce() -> K::Ret) -> K::Ret {
        let engine = self.manager.engine();
        if self.goes_round().is_some() {
            return engine.bypass_blocking(self.keyspace, body);
        }
        let ask = self.ask(kind);
        engine.refresh_blocking(&ask, &Of(kind), body)
    }

    /// [`Entry::with_status`] of a synchronous function: the near tier alone.
    pub fn with_status_blocking<K: Kind>(self, kind: K, body: impl FnOnce() -> K::Ret) -> (K::Ret, Status) {
        let engine = self.manager.engine();
        if let Some(why) = self.goes_round() {
            return (engine.bypass_blocking(self.keyspace, body), Status::loaded(why));
        }
        let ask = self.ask(kind);
        if self.refresh {
            return (engine.refresh_blocking(&ask, &Of(kind), body), Status::loaded(Reason::Bypassed));
        }
        let answer = engine.load_blocking(&ask, &Of(kind), body);
        (answer.ret, answer.status)
    }

    /// Why this call runs its body and nothing else.
    fn goes_round(&self) -> Option<Reason> {
        match () {
            () if self.bypass => Some(Reason::Bypassed),
            () if !self.manager.is_enabled() => Some(Reason::Disabled),
            () if self.keyspace.policy.refused => Some(Reason::Misconfigured),
            () if self.manager.engine().lacks_a_name(self.keyspace, &self.key) => Some(Reason::NoKey),
            () => None,
        }
    }

    /// [`Entry::peek`] of a synchronous function: the near tier alone.
    pub fn peek_blocking<K: Kind>(self, kind: K) -> Option<K::Ret> {
        let ask = self.ask(kind);
        given(kind, &self.manager.engine().peek_blocking(&ask)?)
    }

    /// [`Entry::invalidate`] of a synchronous function, whose entries are in the near tier alone: nothing can fail.
    pub fn invalidate_blocking(self) -> Invalidated {
        self.manager.engine().invalidate_blocking(What::Key(&self.key))
    }
}

/// What was found, as the function returns it.
fn given<K: Kind>(kind: K, found: &Found) -> Option<K::Ret> {
    match found.value() {
        Some(held) => kind.hold().give(held.clone()).map(|value| kind.shape().of_value(value)),
        None => kind.shape().of_absence(),
    }
}

impl fmt::Debug for Entry {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Entry").field("key", &self.key).finish_non_exhaustive()
    }
}
