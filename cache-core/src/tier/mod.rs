//! The byte tiers of a manager: a primary, a fallback, and which of them serves.
//!
//! Promise: the primary serves while it says that it can, the fallback while it cannot, and the change back
//! happens without a restart. What the fallback held is dropped before the primary serves again. Quarantine
//! (a primary that has not been told of an invalidation) is the engine's business, with `recovery`.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::port::backend::CacheBackend;

/// The byte tiers.
#[derive(Debug)]
pub(crate) struct Tiers {
    primary: Arc<dyn CacheBackend>,
    fallback: Arc<dyn CacheBackend>,
    stores: bool,
    shared: bool,
    on_fallback: AtomicBool,
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
        Self {
            primary,
            fallback,
            stores: capability.stores,
            shared: capability.shared,
            on_fallback: AtomicBool::new(false),
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

    /// Whether the fallback serves.
    pub(crate) fn on_fallback(&self) -> bool {
        self.on_fallback.load(Ordering::Acquire)
    }
}
