//! How a value is kept in the near store, and given out on a hit.

use std::any::Any;
use std::sync::Arc;

use super::zero_sized::zero_sized;
use crate::port::near::Held;

/// Between a function's value and what the near store holds of it. Zero-sized, chosen by the macro or the verb.
#[diagnostic::on_unimplemented(
    message = "`{V}` cannot be held by a cache",
    label = "a cached value is `Clone + Send + Sync + 'static`, or an `Arc` of a `Send + Sync + 'static` value",
    note = "derive `Clone` for it, or return it behind an `Arc`"
)]
pub trait Hold<V>: Copy {
    /// What is behind the held `Arc`; also what byte tiers store.
    type Inner: Any + Send + Sync;

    /// Makes a shared handle.
    fn hold(self, value: &V) -> Arc<Self::Inner>;

    /// Gives a value out. Takes the handle, so that an `Arc` is handed on without counting.
    fn open(self, inner: Arc<Self::Inner>) -> V;

    /// A held value as one of this type, if it is.
    #[inline]
    fn recognize(self, held: Held) -> Option<Arc<Self::Inner>> {
        held.downcast().ok()
    }

    /// Gives a held value out; `None` when it is of another type.
    #[inline]
    fn give(self, held: Held) -> Option<V> {
        self.recognize(held).map(|inner| self.open(inner))
    }
}

zero_sized! {
    /// The value is an `Arc` already: a hit costs one reference count.
    HoldArc<T>;
    /// The value is cloned out of the held one.
    HoldClone<T>;
}

#[diagnostic::do_not_recommend]
impl<T: Any + Send + Sync> Hold<Arc<T>> for HoldArc<T> {
    type Inner = T;

    fn hold(self, value: &Arc<T>) -> Arc<T> {
        Arc::clone(value)
    }

    #[inline]
    fn open(self, inner: Arc<T>) -> Arc<T> {
        inner
    }
}

#[diagnostic::do_not_recommend]
impl<T: Any + Send + Sync + Clone> Hold<T> for HoldClone<T> {
    type Inner = T;

    fn hold(self, value: &T) -> Arc<T> {
        Arc::new(value.clone())
    }

    #[inline]
    fn open(self, inner: Arc<T>) -> T {
        T::clone(&inner)
    }
}
