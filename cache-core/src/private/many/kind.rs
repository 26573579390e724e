//! All that is known of a cached function of many ids by the types it mentions.

use std::marker::PhantomData;

use super::super::Entry;
use super::super::failures::Silent;
use super::{Batching, Layout, LeavesOut, Many};
use crate::engine::{Fallible, Hold, LocalValues, Plain, Shape, Share, Storable, StoredValues, Values};

/// A result that is a collection, or fails as a whole.
#[diagnostic::on_unimplemented(
    message = "a batch returns its values, or an error",
    label = "`batch = ..` needs a collection of values, or a `Result` of one",
    note = "values that are not there are left out of a map, or `None` in a `Vec<Option<V>>`"
)]
pub trait OfMany: Shape {
    /// This shape, as [`Layout::Fits`].
    type Fits;

    /// Itself.
    fn fits(self) -> Self::Fits;
}

impl<M> OfMany for Plain<M> {
    type Fits = Self;

    fn fits(self) -> Self {
        self
    }
}

impl<M, E> OfMany for Fallible<M, E> {
    type Fits = Self;

    fn fits(self) -> Self {
        self
    }
}

/// Checks that a result is a collection, or fails as a whole.
#[must_use]
pub fn of_many<S: OfMany>(shape: S) -> S::Fits {
    shape.fits()
}

/// What the macro chose by type.
#[derive(Debug)]
pub struct ManyKind<K, S, L, H, F, T> {
    pub(super) shape: S,
    pub(super) layout: L,
    pub(super) hold: H,
    pub(super) share: F,
    pub(super) values: &'static dyn Values,
    pub(super) trouble: T,
    pub(super) chunk: usize,
    of: PhantomData<fn() -> K>,
}

/// A kind whose values reach every tier.
pub fn stored_many<K, S, L, H, F>(
    _: &Many<K, L::Many>,
    shape: S,
    layout: L,
    hold: &H,
    share: F,
) -> ManyKind<K, S, L, H, F, Silent>
where
    S: OfMany + Shape<Val = L::Many>,
    L: Layout<K>,
    H: Hold<L::Val, Inner: Storable>,
    F: Share<S::Ret>,
{
    ManyKind::new(shape, layout, *hold, share, StoredValues::<H::Inner>::of())
}

/// A kind whose values stay in the near tier.
pub fn held_many<K, S, L, H, F>(
    _: &Many<K, L::Many>,
    shape: S,
    layout: L,
    hold: &H,
    share: F,
) -> ManyKind<K, S, L, H, F, Silent>
where
    S: OfMany + Shape<Val = L::Many>,
    L: Layout<K>,
    H: Hold<L::Val>,
    F: Share<S::Ret>,
{
    ManyKind::new(shape, layout, *hold, share, LocalValues::<H::Inner>::of())
}

impl<K, S, L, H, F> ManyKind<K, S, L, H, F, Silent> {
    pub(in crate::private) fn new(
        shape: S,
        layout: L,
        hold: H,
        share: F,
        values: &'static dyn Values,
    ) -> Self {
        Self { shape, layout, hold, share, values, trouble: Silent, chunk: usize::MAX, of: PhantomData }
    }
}

impl<K, S, L, H, F, T> ManyKind<K, S, L, H, F, T> {
    /// Says how its result carries trouble of the cache: a limit that was reached.
    pub fn limited<U>(self, trouble: U) -> ManyKind<K, S, L, H, F, U> {
        let Self { shape, layout, hold, share, values, chunk, of, .. } = self;
        ManyKind { shape, layout, hold, share, values, trouble, chunk, of }
    }

    /// The most ids that the body gets at once; not 0.
    #[must_use]
    pub fn chunk(self, ids: usize) -> Self {
        Self { chunk: ids, ..self }
    }

    /// A call for these ids.
    pub fn of(self, ids: Vec<K>, entry: impl Fn(&K) -> Entry) -> Batching<K, S, L, H, F, T> {
        Batching::new(self, ids, entry)
    }
}

/// Checks that absence can be remembered.
pub fn leaves_out<L: LeavesOut>(_: L) {}
