//! Where a cached function finds its manager.

use std::sync::{Arc, LazyLock};

use crate::manager::CacheManager;

/// The global manager, a named one, or one at hand.
#[diagnostic::on_unimplemented(
    message = "`{Self}` names no cache here",
    note = "`cache = ..` takes a `CacheManager`, a reference or an `Arc` of one, or a registered name",
    note = "`all(..)` of a function whose cache depends on its arguments needs `cache = ..` beside it"
)]
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

impl<S: ManagerSource> ManagerSource for LazyLock<S> {
    #[inline]
    fn with<R>(&self, look: impl FnOnce(&CacheManager) -> R) -> R {
        (**self).with(look)
    }
}
