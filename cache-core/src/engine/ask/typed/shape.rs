//! What a return type means to a cache.

use super::zero_sized::zero_sized;

/// How a return type carries its value, its absence and its failure. Zero-sized.
pub trait Shape: Copy {
    /// What the function returns.
    type Ret;
    /// What is stored of it.
    type Val;

    /// Takes a result apart.
    fn split(self, ret: Self::Ret) -> Split<Self::Val, Self::Ret>;

    /// The result that carries a value.
    fn of_value(self, value: Self::Val) -> Self::Ret;

    /// The result that says there is none; `None` when this type cannot.
    fn of_absence(self) -> Option<Self::Ret>;

    /// Whether the function failed.
    fn is_failure(self, ret: &Self::Ret) -> bool;
}

/// A result taken apart.
#[derive(Debug)]
pub enum Split<V, R> {
    /// A value that can be stored.
    Value(V),
    /// The source says that there is none.
    Absent(R),
    /// The function failed: nothing is stored.
    Failed(R),
}

macro_rules! shapes {
    ($($(#[$doc:meta])* $name:ident<$($generic:ident),+>($ret:ty => $val:ty) {
        split: $split:expr, value: $value:expr, absence: $absence:expr, failure: $failure:expr,
    })*) => {$(
        zero_sized! {
            $(#[$doc])*
            $name<$($generic),+>;
        }

        impl<$($generic),+> Shape for $name<$($generic),+> {
            type Ret = $ret;
            type Val = $val;

            #[inline]
            fn split(self, ret: $ret) -> Split<$val, $ret> {
                let split: fn($ret) -> Split<$val, $ret> = $split;
                split(ret)
            }

            #[inline]
            fn of_value(self, value: $val) -> $ret {
                let of_value: fn($val) -> $ret = $value;
                of_value(value)
            }

            #[inline]
            fn of_absence(self) -> Option<$ret> {
                $absence
            }

            fn is_failure(self, ret: &$ret) -> bool {
                let is_failure: fn(&$ret) -> bool = $failure;
                is_failure(ret)
            }
        }
    )*};
}

shapes! {
    /// `-> T`.
    Plain<T>(T => T) {
        split: Split::Value, value: |value| value, absence: None, failure: |_| false,
    }
    /// `-> Option<T>`.
    Optional<T>(Option<T> => T) {
        split: |ret| match ret {
            Some(value) => Split::Value(value),
            None => Split::Absent(None),
        },
        value: Some, absence: Some(None), failure: |_| false,
    }
    /// `-> Result<T, E>`.
    Fallible<T, E>(Result<T, E> => T) {
        split: |ret| match ret {
            Ok(value) => Split::Value(value),
            failed => Split::Failed(failed),
        },
        value: Ok, absence: None, failure: Result::is_err,
    }
    /// `-> Result<Option<T>, E>`.
    FallibleOptional<T, E>(Result<Option<T>, E> => T) {
        split: |ret| match ret {
            Ok(Some(value)) => Split::Value(value),
            Ok(None) => Split::Absent(Ok(None)),
            failed => Split::Failed(failed),
        },
        value: |value| Ok(Some(value)), absence: Some(Ok(None)), failure: Result::is_err,
    }
}
