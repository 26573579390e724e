//! A return type that is a type parameter, or may be one: it says itself what it is, or is refused.

use std::marker::PhantomData;

use crate::engine::{ByOutcome, Fallible, FallibleOptional, Optional, Plain};
use crate::entry::Outcome;

/// How a return type says itself what is stored of it. (A choice by type, so that a missing bound is one error.)
pub trait SaysOutcome {
    /// The shape.
    type Shape;

    /// Chooses.
    fn shape() -> Self::Shape;
}

impl<R: Outcome> SaysOutcome for R {
    type Shape = ByOutcome<R>;

    fn shape() -> ByOutcome<R> {
        ByOutcome::new()
    }
}

/// The shape of a type parameter.
#[inline]
#[must_use]
pub fn by_outcome<R: SaysOutcome>() -> R::Shape {
    R::shape()
}

/// Stands for a type that nothing is known of.
#[derive(Debug)]
pub struct Unseen<T>(PhantomData<fn() -> T>);

impl<T> Unseen<T> {
    pub(super) fn new() -> Self {
        Self(PhantomData)
    }
}

/// A shape, or why there is none.
#[diagnostic::on_unimplemented(
    message = "larder cannot tell what of this type is to be stored: of a `Result` only `Ok`, of an `Option` only `Some`",
    label = "not a `larder::Outcome`",
    note = "a type parameter that is returned is bound by `larder::Outcome`; a type of your own is a plain value with `#[derive(larder::Outcome)]`"
)]
pub trait IsKnown {
    /// The shape.
    type Shape;

    /// Itself.
    fn known(self) -> Self::Shape;
}

macro_rules! known {
    ($($shape:ident<$($generic:ident),+>;)*) => {$(
        #[diagnostic::do_not_recommend]
        impl<$($generic),+> IsKnown for $shape<$($generic),+> {
            type Shape = Self;

            fn known(self) -> Self {
                self
            }
        }
    )*};
}

known! {
    Plain<T>;
    Optional<T>;
    Fallible<T, E>;
    FallibleOptional<T, E>;
    ByOutcome<R>;
}

/// Checks that a return type that may be a type parameter is none, or says what it is.
#[inline]
pub fn known<S: IsKnown>(shape: S) -> S::Shape {
    shape.known()
}
