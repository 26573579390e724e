//! The verb that loads, and its options. How it is answered: [`asked`]; how it is awaited: [`awaited`].

mod asked;
mod awaited;

pub(super) use awaited::{body, open};

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use self::asked::Asked;
use super::direct::Direct;
use super::tagging::named;
use super::{CacheManager, DIRECT, KeepWarm, LoadError};
use crate::codec::CustomFormat;
use crate::engine::{Ask, Body, Call, CustomValues, Keyspace, Policy, Question, Storable, Values};
use crate::error::Result;
use crate::key::CacheKey;
use crate::policy::{RefreshAhead, SingleFlight};
use crate::time::Ttl;

/// What a load is about: values of `T`, errors of `E`, a loader that may borrow for `'f`; who it belongs to.
type Of<'f, T, E, M, L> = (&'f (), fn() -> (T, E, M, L));

/// A load that has not begun: await it, or set its options first. `M` says who the load belongs to, `L` what the
/// loader is shown and answers.
#[must_use = "nothing is read or loaded until it is awaited"]
pub struct GetOrLoad<'f, T, E, F, M = Attached, L = Simple> {
    asked: Asked,
    loader: F,
    recipe: Direct<T, E>,
    of: PhantomData<Of<'f, T, E, M, L>>,
}

/// The load belongs to its callers: it ends when the last one who waits for it goes away.
#[derive(Debug, Clone, Copy)]
pub enum Attached {}

/// The load belongs to nobody: it goes on by itself when its callers go away.
#[derive(Debug, Clone, Copy)]
pub enum Detached {}

/// A load that will say what its answer is worth: awaited, it gives the value and its [`Status`](crate::entry::Status).
#[derive(Debug)]
#[must_use = "nothing is read or loaded until it is awaited"]
pub struct WithStatus<G>(pub(super) G);

/// The loader is shown nothing and answers a value.
#[derive(Debug, Clone, Copy)]
pub enum Simple {}

/// The loader is shown the older value, where one is held, and answers a [`Cached`](super::Cached).
#[derive(Debug, Clone, Copy)]
pub enum Revalidating {}

/// The loader is shown the older value and its validator, where one is held, and answers a [`Cached`](super::Cached).
#[derive(Debug, Clone, Copy)]
pub enum Validating {}

impl<T, E, F, L> GetOrLoad<'_, T, E, F, Attached, L> {
    pub(super) fn new(manager: CacheManager, key: Result<CacheKey>, loader: F) -> Self {
        let asked = Asked {
            manager,
            key,
            ttl: Ttl::Default,
            space: None,
            tags: Vec::new(),
            values: None,
            compares: false,
        };
        Self { asked, loader, recipe: Direct::new(), of: PhantomData }
    }

    /// Of a keyspace that people declared.
    pub(super) fn of_space(
        manager: CacheManager,
        key: CacheKey,
        space: &Keyspace,
        values: &'static dyn Values,
        loader: F,
    ) -> Self {
        let mut load = Self::new(manager, Ok(key), loader);
        load.asked.space = Some(Box::new(space.clone()));
        load.asked.values = Some(values);
        load
    }

    /// The same, of a loader that compares what it is shown.
    pub(super) fn comparing(mut self) -> Self {
        self.asked.compares = true;
        self
    }

    /// Lets the load go on when its callers have gone: it runs as a task of its own, which takes a place among the
    /// manager's `max_detached_loads`, and its value lands. The loader has to own what it needs. Without a runtime
    /// to run it on it stays with its caller.
    pub fn detach(self) -> GetOrLoad<'static, T, E, F, Detached, L> {
        let Self { asked, loader, recipe, .. } = self;
        GetOrLoad { asked, loader, recipe, of: PhantomData }
    }
}

impl<T, E, F: Clone, L> GetOrLoad<'static, T, E, F, Detached, L> {
    /// Refreshes the value before it expires, without waiting for a read, until nobody has read it through this verb
    /// for so long: for values that are slow to load and must never be waited for. The loader is run again for each
    /// refresh, in the background. An invalidation ends it, and so does the manager's end; 1,024 entries of a manager
    /// are kept warm at a time. A refresh that fails backs off. Values without an end are not refreshed.
    ///
    /// # Errors
    /// Awaited, also `Config` for no time at all, and where values have no near copy: a manager without a near tier, a
    /// sealed policy without `near_too`.
    pub fn keep_warm(self, until_idle: Duration) -> KeepWarm<T, E, F, L> {
        KeepWarm::new(self, until_idle)
    }

    /// The call again, for a refresh.
    pub(super) fn again(&self) -> Self {
        let Self { asked, loader, recipe, .. } = self;
        Self { asked: asked.clone(), loader: loader.clone(), recipe: recipe.clone(), of: PhantomData }
    }

    pub(super) fn key(&self) -> Result<&CacheKey> {
        self.asked.key.as_ref().map_err(Clone::clone)
    }

    /// Whether its values may be held in the near tier.
    pub(super) fn stays_near(&self) -> bool
    where
        T: Storable,
    {
        let Ok(key) = &self.asked.key else { return true };
        self.asked.manager.0.may_keep_near(&Ask::new(key, self.asked.space(), self.asked.values::<T>()))
    }

    /// Has the engine keep it warm.
    pub(super) fn kept_warm<B>(self, until_idle: Duration, body: impl Fn(F) -> B + Send + 'static, open: bool)
    where
        T: Storable + Clone,
        E: Send + Sync + 'static,
        F: Send + 'static,
        B: Body<Result<T, LoadError<E>>, Run: Send + 'static> + Send + 'static,
    {
        let values = self.asked.values::<T>();
        let Self { asked: Asked { manager, key: Ok(key), ttl, space, tags, .. }, loader, recipe, .. } = self
        else {
            return;
        };
        let space = space.as_deref().unwrap_or(&DIRECT);
        let question = Question::direct(key, space, values, ttl).tagged(tags, open);
        let make = move || Call::detached(recipe.clone(), body(loader.clone()));
        manager.0.keep_warm(&question.ask(), make, until_idle);
    }

    pub(super) fn manager(&self) -> &CacheManager {
        &self.asked.manager
    }
}

impl<T, E, F, M, L> GetOrLoad<'_, T, E, F, M, L> {
    /// How long a loaded value is fresh.
    pub fn ttl(mut self, ttl: impl Into<Ttl>) -> Self {
        self.asked.ttl = ttl.into();
        self
    }

    /// Tags by which the entry can be invalidated together with others: at most 64
    /// ([`invalidate_tags`](CacheManager::invalidate_tags)). An entry that was stored without one of them is a miss. On a
    /// byte tier a load costs one more read, of the markers that were not read in the last seconds.
    pub fn tags(mut self, tags: impl IntoIterator<Item: AsRef<str>>) -> Self {
        self.asked.tags = named(tags);
        self
    }

    /// All options at once; what it does not say is the manager's.
    pub fn policy(self, policy: Policy) -> Self {
        self.with(|_| policy)
    }

    /// The stored form, when it is one of your own; whatever the policy says of one. Not for keys of another cache.
    pub fn in_format<S: CustomFormat>(mut self) -> Self
    where
        T: Storable,
    {
        self.asked.values = Some(CustomValues::<T, S>::of());
        self
    }

    /// How long this call may take, whatever it waits for: [`Policy::timeout`].
    pub fn timeout(self, after: Duration) -> Self {
        self.with(|policy| policy.timeout(after))
    }

    /// When it takes a stale value, if there is one: [`Policy::soft_timeout`].
    pub fn soft_timeout(self, after: Duration) -> Self {
        self.with(|policy| policy.soft_timeout(after))
    }

    /// When the load is given up: [`Policy::max_load_time`].
    pub fn max_load_time(self, after: Duration) -> Self {
        self.with(|policy| policy.max_load_time(after))
    }

    /// How long after its expiry a value answers at once: [`Policy::stale_while_revalidate`].
    pub fn stale_while_revalidate(self, window: Duration) -> Self {
        self.with(|policy| policy.stale_while_revalidate(window))
    }

    /// How long after its expiry a value answers in place of an error: [`Policy::stale_if_error`].
    pub fn stale_if_error(self, window: Duration) -> Self {
        self.with(|policy| policy.stale_if_error(window))
    }

    /// Which errors may be answered with a stale value: all unless said. Any other error reaches its caller, and ends
    /// what was stale.
    pub fn stale_if(mut self, stale_if: impl Fn(&E) -> bool + Send + Sync + 'static) -> Self {
        self.recipe.stale_if = Some(Arc::new(stale_if));
        self
    }

    /// Never answers with an expired value: [`Policy::never_stale`].
    pub fn never_stale(self) -> Self {
        self.with(Policy::never_stale)
    }

    /// When a read refreshes a value before it expires: [`Policy::refresh_ahead`].
    pub fn refresh_ahead(self, when: RefreshAhead) -> Self {
        self.with(|policy| policy.refresh_ahead(when))
    }

    /// Who loads the key when many callers miss it at once: [`Policy::single_flight`].
    pub fn single_flight(self, who: SingleFlight) -> Self {
        self.with(|policy| policy.single_flight(who))
    }

    /// Says where the value came from and how old it is.
    pub fn with_status(self) -> WithStatus<Self> {
        WithStatus(self)
    }

    fn with(mut self, set: impl FnOnce(Policy) -> Policy) -> Self {
        let mut space = self.asked.space.unwrap_or_else(|| Box::new(DIRECT.clone()));
        space.policy = set(space.policy);
        self.asked.space = Some(space);
        self
    }
}

impl<T, E, F, M, L> fmt::Debug for GetOrLoad<'_, T, E, F, M, L> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Asked { key, ttl, space, .. } = &self.asked;
        f.debug_struct("GetOrLoad")
            .field("key", key)
            .field("ttl", ttl)
            .field("policy", &space.as_deref().unwrap_or(&DIRECT).policy)
            .finish_non_exhaustive()
    }
}
