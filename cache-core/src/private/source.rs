//! Where a cached function finds its manager.

use std::sync::Arc;

use crate::manager::CacheManager;

/// The global manager, a named one, or one at hand.
pub trait ManagerSource {
    /// Looks at the manager, without taking a reference count where that can be avoided.
    fn with<R>(&self, look: impl FnOnce(&CacheManager) -> R) -> R;

    /// Takes a handle.
    fn manager(&self) -> CacheManager {
        self.with(CacheManager::clone)
    }
}

impl ManagerSource for CacheManager {
    #[inline]
    fn with<R>(&self, look: impl FnOnce(&CacheManager) -> R) -> R {
        look(self)
    }
}

impl<S: ManagerSource + ?Sized> ManagerSource for &S {
    #[inline]
    fn with<R>(&self, look: impl FnOnce(&CacheManager) -> R) -> R {
        (**self).with(look)
    }
}

impl<S: ManagerSource + ?Sized> ManagerSource for Arc<S> {
    #[inline]
    fn with<R>(&self, look: impl FnOnce(&CacheManager) -> R) -> R {
        (**self).with(look)
    }
}
