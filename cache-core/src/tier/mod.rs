//! The byte tiers of a manager: a primary, a fallback, and which of them serves.
//!
//! Promise: the primary serves while it says that it can, the fallback while it cannot, and the change back
//! happens without a restart. What the fallback held is dropped before the primary serves again. Quarantine
//! (a primary that has not been told of an invalidation) is the engine's business, with `recovery`; a fallback that has
//! not been told is cleared as a whole before it serves ([`Tiers::owe_fallback`]).

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use crate::port::backend::CacheBackend;

/// The byte tiers.
#[derive(Debug)]
pub(crate) struct Tiers {
    primary: Arc<dyn CacheBackend>,
    fallback: Arc<dyn CacheBackend>,
    stores: bool,
    shared: bool,
    leased: bool,
    on_fallback: AtomicBool,
    owed: AtomicU64,
    paid: AtomicU64,
}

/// One byte tier, with the name it has in events.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Tier<'a> {
    pub(crate) name: &'static str,
    pub(crate) backend: &'a Arc<dyn CacheBackend>,
}

impl Tiers {
    /// Null backends stand for tiers that are not there.
    pub(crate) fn new(primary: Arc<dyn CacheBackend>, fallback: Arc<dyn CacheBackend>) -> Self {
        let capability = primary.info().capability;
        // What a fallback kept over a restart may have been changed on the primary meanwhile.
        let kept = u64::from(fallback.info().capability.persistent);
        Self {
            primary,
            fallback,
            stores: capability.stores,
            shared: capability.shared,
            leased: capability.stores && capability.shared && capability.leases,
            on_fallback: AtomicBool::new(false),
            owed: AtomicU64::new(kept),
            paid: AtomicU64::new(0),
        }
    }

    /// Whether there is a byte tier at all.
    pub(crate) fn exist(&self) -> bool {
        self.stores
    }

    /// Whether other processes see what the primary holds.
    pub(crate) fn shared(&self) -> bool {
        self.shared
    }

    /// Whether other processes may remove or replace what a load is about to store in the primary, and it can tell.
    pub(crate) fn leased(&self) -> bool {
        self.leased
    }

    /// The primary.
    pub(crate) fn primary(&self) -> Tier<'_> {
        Tier { name: self.primary.info().name, backend: &self.primary }
    }

    /// The fallback; a null backend when there is none.
    pub(crate) fn fallback(&self) -> Tier<'_> {
        Tier { name: self.fallback.info().name, backend: &self.fallback }
    }

    /// Whether there is a fallback.
    pub(crate) fn has_fallback(&self) -> bool {
        self.fallback.info().capability.stores
    }

    /// Notes which tier serves; whether that is a change.
    pub(crate) fn switch(&self, to_fallback: bool) -> bool {
        self.on_fallback.load(Ordering::Acquire) != to_fallback
            && self.on_fallback.swap(to_fallback, Ordering::AcqRel) != to_fallback
    }

    /// Notes that the fallback may hold what must not be served any more: it has to be cleared first.
    pub(crate) fn owe_fallback(&self) {
        self.owed.fetch_add(1, Ordering::AcqRel);
    }

    /// What has been owed to the fallback up to now, unless it was paid.
    pub(crate) fn fallback_debt(&self) -> Option<u64> {
        let owed = self.owed.load(Ordering::Acquire);
        (self.paid.load(Ordering::Acquire) < owed).then_some(owed)
    }

    /// The fallback has been cleared after this much was owed.
    pub(crate) fn pay_fallback(&self, owed: u64) {
        self.paid.fetch_max(owed, Ordering::AcqRel);
    }

    /// Whether the fallback serves.
    pub(crate) fn on_fallback(&self) -> bool {
        self.on_fallback.load(Ordering::Acquire)
    }
}
