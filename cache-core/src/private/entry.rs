//! What a call names, for everything but reading through: the companions of a cached function.

use std::fmt;
use std::future::Future;

use super::kind::Of;
use super::{Boxed, Kind, ManagerSource, Space, Verb};
use crate::engine::{Ask, Call, Found, Hold, Keyspace, Plainly, Shape, What};
use crate::entry::{Invalidated, Reason, Status};
use crate::error::Result;
use crate::key::{CacheKey, Parts};
use crate::manager::CacheManager;

/// One entry of a cached function, in its manager.
pub struct Entry {
    manager: CacheManager,
    key: CacheKey,
    keyspace: &'static Keyspace,
    bypass: bool,
    refresh: bool,
}

/// Finds the entry of a call.
#[derive(Debug, Clone, Copy)]
pub struct Find;

impl Verb for Find {
    type Output = Entry;

    fn on<M: ManagerSource, P: Parts>(self, space: Space<M>, parts: &P) -> Entry {
        let (manager, keyspace) = (space.source.manager(), space.keyspace);
        let key = CacheKey::of_parts(manager.namespace(), &keyspace.name, parts);
        Entry { manager, key, keyspace, bypass: false, refresh: false }
    }
}

impl Entry {
    /// Where it is, its key, and what it belongs to.
    pub(super) fn into_parts(self) -> (CacheManager, CacheKey, &'static Keyspace) {
        (self.manager, self.key, self.keyspace)
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
    ) -> Boxed<impl Future<Output = K::Ret>> {
        Box::pin(async move {
            let engine = self.manager.engine_handle();
            if self.goes_round().is_some() {
                return engine.bypass(self.keyspace, body).await;
            }
            let ask = Ask::new(&self.key, self.keyspace, kind.values());
            engine.refresh(&ask, Call::attached(Of(kind), Plainly(body))).await.ret
        })
    }

    /// The value, as reading through gives it, and what it is worth.
    pub fn with_status<K: Kind>(
        self,
        kind: K,
        body: impl Future<Output = K::Ret>,
    ) -> Boxed<impl Future<Output = (K::Ret, Status)>> {
        Box::pin(async move {
            let engine = self.manager.engine_handle();
            if let Some(why) = self.goes_round() {
                return (engine.bypass(self.keyspace, body).await, Status::loaded(why));
            }
            let ask = Ask::new(&self.key, self.keyspace, kind.values());
            let call = Call::attached(Of(kind), Plainly(body));
            let answer =
                if self.refresh { engine.refresh(&ask, call).await } else { engine.load(&ask, call).await };
            (answer.ret, answer.status)
        })
    }

    /// What the tiers hold. Never runs the body.
    pub async fn peek<K: Kind>(self, kind: K) -> Option<K::Ret> {
        let ask = Ask::new(&self.key, self.keyspace, kind.values());
        given(kind, &self.manager.engine().peek(&ask).await?)
    }

    /// [`Entry::refresh`] of a synchronous function: the near tier alone.
    pub fn refresh_blocking<K: Kind>(self, kind: K, body: impl FnOnce() -> K::Ret) -> K::Ret {
        let engine = self.manager.engine();
        if self.goes_round().is_some() {
            return engine.bypass_blocking(self.keyspace, body);
        }
        let ask = Ask::new(&self.key, self.keyspace, kind.values());
        engine.refresh_blocking(&ask, &Of(kind), body)
    }

    /// [`Entry::with_status`] of a synchronous function: the near tier alone.
    pub fn with_status_blocking<K: Kind>(self, kind: K, body: impl FnOnce() -> K::Ret) -> (K::Ret, Status) {
        let engine = self.manager.engine();
        if let Some(why) = self.goes_round() {
            return (engine.bypass_blocking(self.keyspace, body), Status::loaded(why));
        }
        let ask = Ask::new(&self.key, self.keyspace, kind.values());
        if self.refresh {
            return (engine.refresh_blocking(&ask, &Of(kind), body), Status::loaded(Reason::Absent));
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
            () => None,
        }
    }

    /// [`Entry::peek`] of a synchronous function: the near tier alone.
    pub fn peek_blocking<K: Kind>(self, kind: K) -> Option<K::Ret> {
        let ask = Ask::new(&self.key, self.keyspace, kind.values());
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
