//! A cached function whose values byte tiers hold in a form of the user's own.

use std::marker::PhantomData;

use super::failures::{EveryFailure, Silent};
use super::{Always, Chosen, Layout, Many, ManyKind, OfMany};
use crate::codec::CustomFormat;
use crate::engine::{CustomValues, Hold, Shape, Share, Storable};

/// A form, as a value.
#[derive(Debug)]
pub struct InFormat<X>(PhantomData<fn() -> X>);

/// A type that is a form. (A choice by type, so that one that is none is one error.)
pub trait IsFormat {
    /// As a value.
    type Chosen;

    /// Chooses.
    fn choose() -> Self::Chosen;
}

impl<X: CustomFormat> IsFormat for X {
    type Chosen = InFormat<X>;

    fn choose() -> InFormat<X> {
        InFormat(PhantomData)
    }
}

/// The form that `format = path` names.
#[must_use]
pub fn in_format<X: IsFormat>() -> X::Chosen {
    X::choose()
}

/// [`stored`](super::stored) in a form of the user's own.
#[inline]
pub fn stored_in<S, H, F, X>(
    shape: S,
    hold: &H,
    share: F,
    _: InFormat<X>,
) -> Chosen<S, H, F, Always, Silent, EveryFailure>
where
    S: Shape<Val: Send> + Send + Sync,
    H: Hold<S::Val, Inner: Storable> + Send + Sync,
    F: Share<S::Ret> + Send + Sync,
    X: CustomFormat,
{
    Chosen::new(shape, *hold, share, CustomValues::<H::Inner, X>::of())
}

/// [`stored_many`](super::stored_many) in a form of the user's own.
pub fn stored_many_in<K, S, L, H, F, X>(
    _: &Many<K, L::Many>,
    shape: S,
    layout: L,
    hold: &H,
    share: F,
    _: InFormat<X>,
) -> ManyKind<K, S, L, H, F, Silent>
where
    S: OfMany + Shape<Val = L::Many>,
    L: Layout<K>,
    H: Hold<L::Val, Inner: Storable>,
    F: Share<S::Ret>,
    X: CustomFormat,
{
    ManyKind::new(shape, layout, *hold, share, CustomValues::<H::Inner, X>::of())
}
