//! Choosing by type: the macro calls one method on `&&&&Ty<R>`, and method lookup finds the most special impl.
//!
//! (Autoref specialization, as David Tolnay described it. It works where the type is concrete. A return type that is
//! itself a type parameter, or may be one, has to say what it is: [`super::outcome`].)

use std::any::Any;
use std::fmt::{Debug, Display};
use std::marker::PhantomData;
use std::sync::Arc;

use super::{ByFrom, Silent, Unseen};
use crate::engine::{
    ByClone, ByNothing, ByOutcome, ByText, Fallible, FallibleOptional, HoldArc, HoldClone, Optional, Plain,
    Shape,
};
use crate::entry::Outcome;
use crate::error::{Error, SharedError};

/// Stands for a type without holding a value of it.
#[derive(Debug)]
pub struct Ty<T>(PhantomData<fn() -> T>);

impl<T> Ty<T> {
    /// Stands for `T`.
    #[must_use]
    #[allow(clippy::new_without_default, reason = "never made by default")]
    pub const fn new() -> Self {
        Self(PhantomData)
    }

    /// Stands for the type of a value.
    #[must_use]
    pub const fn of(_: &T) -> Self {
        Self::new()
    }
}

/// The type of what a shape stores.
#[must_use]
pub const fn val_ty<S: Shape>(_: S) -> Ty<S::Val> {
    Ty::new()
}

macro_rules! choices {
    ($($(#[$doc:meta])* $level:ident for $ty:ty, <$($generic:ident $(: $bound:path $(| $more:path)*)?),+> $method:ident -> $chosen:ty;)*) => {$(
        $(#[$doc])*
        pub trait $level {
            /// The zero-sized choice.
            type Chosen;
            /// Chooses.
            fn $method(&self) -> Self::Chosen;
        }

        impl<$($generic $(: $bound $(+ $more)*)?),+> $level for $ty {
            type Chosen = $chosen;

            #[inline]
            fn $method(&self) -> $chosen {
                <$chosen>::new()
            }
        }
    )*};
}

choices! {
    /// First choice of four.
    ShapeResultOption for &&&Ty<Result<Option<T>, E>>, <T, E> larder_shape -> FallibleOptional<T, E>;
    /// Second choice of four.
    ShapeResult for &&Ty<Result<T, E>>, <T, E> larder_shape -> Fallible<T, E>;
    /// Third choice of four.
    ShapeOption for &Ty<Option<T>>, <T> larder_shape -> Optional<T>;
    /// Last choice of four.
    ShapePlain for Ty<T>, <T> larder_shape -> Plain<T>;

    /// First choice of two: the user's own `Arc` is kept.
    HoldShared for &Ty<Arc<T>>, <T: Any | Send | Sync> larder_hold -> HoldArc<T>;
    /// Last choice of two: values are cloned out.
    HoldAny for Ty<T>, <T> larder_hold -> HoldClone<T>;

    /// First choice of three: the error is cloned for every follower.
    ShareClone for &&Ty<Result<T, E>>, <T, E: Clone | Send | Sync | Any> larder_share -> ByClone<T, E>;
    /// Second choice of three: the error's text is shared.
    ShareText for &Ty<Result<T, E>>, <T, E: From<SharedError> | Display | Debug> larder_share -> ByText<T, E>;
    /// Last choice of three: every follower runs its own body.
    ShareNothing for Ty<R>, <R> larder_share -> ByNothing<R>;

    /// First choice of two: trouble of the cache can be the function's own error.
    TroubleFrom for &Ty<Result<T, E>>, <T, E: From<Error>> larder_trouble -> ByFrom<T, E>;
    /// Last choice of two: it cannot, and the function loads.
    TroubleNothing for Ty<R>, <R> larder_trouble -> Silent;
}

choices! {
    /// First choice of six, where the return type may be a type parameter.
    SeenResultOption for &&&&&Ty<Result<Option<T>, E>>, <T, E> larder_seen -> FallibleOptional<T, E>;
    /// Second choice of six.
    SeenResult for &&&&Ty<Result<T, E>>, <T, E> larder_seen -> Fallible<T, E>;
    /// Third choice of six.
    SeenOption for &&&Ty<Option<T>>, <T> larder_seen -> Optional<T>;
    /// Fourth choice of six: it says itself what it is.
    SeenOutcome for &&Ty<R>, <R: Outcome> larder_seen -> ByOutcome<R>;
    /// Fifth choice of six: a type that is known. Nearly all are `Unpin`, and a type parameter is when that was said, which is rare.
    SeenPlain for &Ty<T>, <T: Unpin> larder_seen -> Plain<T>;
    /// Last choice of six: a type parameter that was not bound.
    SeenNothing for Ty<T>, <T> larder_seen -> Unseen<T>;
}

/// The traits behind the choices, for one glob import that brings no name along.
pub mod by_type {
    pub use super::super::many::{
        LayoutEach as _, LayoutMap as _, LayoutNone as _, LayoutPairs as _, LayoutPlaces as _,
    };
    pub use super::{
        HoldAny as _, HoldShared as _, SeenNothing as _, SeenOption as _, SeenOutcome as _, SeenPlain as _,
        SeenResult as _, SeenResultOption as _, ShapeOption as _, ShapePlain as _, ShapeResult as _,
        ShapeResultOption as _, ShareClone as _, ShareNothing as _, ShareText as _, TroubleFrom as _,
        TroubleNothing as _,
    };
}
