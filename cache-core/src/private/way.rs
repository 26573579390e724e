//! `bypass = ..` and `refresh = ..`: a call that says how it is to be answered.

use std::fmt;
use std::future::Future;

use super::answer::{Asked, Boxed, attached, detached, warm};
use super::{Entry, Find, Kind, ManagerSource, Missed, Probe, Probed, Space, Tags, Verb};
use crate::entry::Status;
use crate::key::Parts;

/// [`Probe`], unless the call is to go round the cache, or to load anew. Going round wins.
#[derive(Debug, Clone, Copy)]
pub struct Unless<K> {
    probe: Probe<K>,
    bypass: bool,
    refresh: bool,
}

impl<K> Probe<K> {
    /// Decides for this call.
    #[inline]
    pub fn unless(self, bypass: bool, refresh: bool) -> Unless<K> {
        Unless { probe: self, bypass, refresh }
    }
}

/// A call that runs its body, one way or another.
pub enum Decided<K> {
    /// Nothing is read and nothing is stored.
    Bypassed(Missed<K>),
    /// The body runs now, and what it returns replaces what is stored.
    Refreshed(Entry, K),
    /// The near tier had nothing.
    Missed(Missed<K>),
}

impl<K: Kind> Verb for Unless<K> {
    type Output = Probed<K::Ret, Decided<K>>;

    #[inline]
    fn on<M: ManagerSource, P: Parts>(self, space: Space<M>, parts: &P) -> Self::Output {
        if self.bypass {
            let missed =
                space.source.with(|manager| Missed::without_key(manager, space.keyspace, self.probe.0));
            return Probed::Miss(Decided::Bypassed(missed));
        }
        if self.refresh {
            return Probed::Miss(Decided::Refreshed(Find.on(space, parts), self.probe.0));
        }
        match self.probe.on(space, parts) {
            Probed::Hit(hit) => Probed::Hit(hit),
            Probed::Miss(missed) => Probed::Miss(Decided::Missed(missed)),
        }
    }
}

impl<K> Decided<K> {
    /// Says its tags; not asked for while nothing is stored.
    pub fn tagged(self, tags: impl FnOnce(&mut Tags<'_>)) -> Self {
        match self {
            Self::Bypassed(missed) => Self::Bypassed(missed),
            Self::Refreshed(entry, kind) => Self::Refreshed(entry.tagged(tags), kind),
            Self::Missed(missed) => Self::Missed(missed.tagged(tags)),
        }
    }
}

impl<K: Kind> Decided<K> {
    /// Runs the body, as it was decided.
    pub fn load(self, body: impl Future<Output = K::Ret>) -> Boxed<impl Future<Output = (K::Ret, Status)>> {
        attached(self.asked(), body)
    }

    /// [`Decided::load`] of a body that owns what it needs: a load that was not decided on goes on when its callers have
    /// gone.
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

    /// [`Missed::load_warm`].
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

    fn asked(self) -> Asked<K> {
        match self {
            Self::Bypassed(missed) | Self::Missed(missed) => missed.asked(),
            Self::Refreshed(entry, kind) => entry.unless(false, true).asked(kind),
        }
    }
}

impl<K: Kind> Decided<K> {
    /// The same on this thread, in the near tier alone.
    pub fn load_blocking(self, body: impl FnOnce() -> K::Ret) -> K::Ret {
        match self {
            Self::Bypassed(missed) | Self::Missed(missed) => missed.load_blocking(body),
            Self::Refreshed(entry, kind) => entry.refresh_blocking(kind, body),
        }
    }
}

impl<K> fmt::Debug for Decided<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Bypassed(_) => f.write_str("Bypassed"),
            Self::Refreshed(entry, _) => f.debug_tuple("Refreshed").field(entry).finish(),
            Self::Missed(missed) => f.debug_tuple("Missed").field(missed).finish(),
        }
    }
}
