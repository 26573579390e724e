//! What a result means to a cache, where its type is generic.
//!
//! `Result` and `Option` are seen by their type. A type parameter may be either, so a function that returns one asks for this.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet, LinkedList, VecDeque};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::num;
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::none::is_none;

/// What a function may return that is generic over what it returns: `async fn load<R: Outcome>(..) -> R`.
///
/// Of a `Result` only `Ok` is stored, of an `Option` only `Some`, of a `Result<Option<_>, E>` only `Ok(Some(_))`; of anything else all there
/// is. Many types of the standard library are such plain values; a type of yours is when it derives this: `#[derive(larder::Outcome)]`.
#[diagnostic::on_unimplemented(
    message = "larder cannot tell what of `{Self}` is to be stored: of a `Result` only `Ok`, of an `Option` only `Some`",
    label = "not a `larder::Outcome`",
    note = "a type parameter that is returned is bound by `larder::Outcome`; a type of your own is a plain value with `#[derive(larder::Outcome)]`"
)]
pub trait Outcome: Sized {
    /// What is stored of it.
    type Value: Clone + Serialize + DeserializeOwned + Send + Sync + 'static;

    /// The value that can be stored.
    ///
    /// # Errors
    /// Itself, when there is none.
    fn into_value(self) -> Result<Self::Value, Self>;

    /// The result that carries a value.
    fn of_value(value: Self::Value) -> Self;

    /// Whether it is a failure: a stale value may answer in its place.
    fn is_failure(&self) -> bool;
}

/// An `Ok` of what serde calls none is absence.
impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static, E> Outcome for Result<T, E> {
    type Value = T;

    fn into_value(self) -> Result<T, Self> {
        match self {
            Ok(value) if !is_none(&value) => Ok(value),
            other => Err(other),
        }
    }

    fn of_value(value: T) -> Self {
        Ok(value)
    }

    fn is_failure(&self) -> bool {
        self.is_err()
    }
}

impl<T: Clone + Serialize + DeserializeOwned + Send + Sync + 'static> Outcome for Option<T> {
    type Value = T;

    fn into_value(self) -> Result<T, Self> {
        self.ok_or(None)
    }

    fn of_value(value: T) -> Self {
        Some(value)
    }

    fn is_failure(&self) -> bool {
        false
    }
}

/// Types that are plain values, each behind its parameters.
macro_rules! plain {
    ($([$($generic:ident),*] $ty:ty;)*) => {$(
        impl<$($generic),*> Outcome for $ty
        where
            Self: Clone + Serialize + DeserializeOwned + Send + Sync + 'static,
        {
            type Value = Self;

            fn into_value(self) -> Result<Self, Self> {
                Ok(self)
            }

            fn of_value(value: Self) -> Self {
                value
            }

            fn is_failure(&self) -> bool {
                false
            }
        }
    )*};
}

plain! {
    [] (); [] bool; [] char; [] String;
    [] u8; [] u16; [] u32; [] u64; [] u128; [] usize;
    [] i8; [] i16; [] i32; [] i64; [] i128; [] isize;
    [] f32; [] f64;
    [] num::NonZeroU8; [] num::NonZeroU16; [] num::NonZeroU32; [] num::NonZeroU64; [] num::NonZeroUsize;
    [] Duration; [] SystemTime; [] PathBuf; [] IpAddr; [] Ipv4Addr; [] Ipv6Addr; [] SocketAddr;
    [T] Vec<T>; [T] VecDeque<T>; [T] LinkedList<T>; [T] BTreeSet<T>; [T, S] HashSet<T, S>;
    [K, V] BTreeMap<K, V>; [K, V, S] HashMap<K, V, S>; [T] Box<T>; [T] Arc<T>;
    [A] (A,); [A, B] (A, B); [A, B, C] (A, B, C); [A, B, C, D] (A, B, C, D); [A, B, C, D, E] (A, B, C, D, E);
    [A, B, C, D, E, F] (A, B, C, D, E, F);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kept<R: Outcome<Value: PartialEq> + Clone>(ret: R) -> Option<R::Value> {
        let is_failure = ret.is_failure();
        let kept = ret.clone().into_value().ok();
        if let Some(value) = kept.clone() {
            assert!(!is_failure && R::of_value(value).into_value().ok() == kept);
        }
        kept
    }

    #[test]
    fn only_what_is_there_is_a_value() {
        assert_eq!(kept(Ok::<_, String>(7_u64)), Some(7));
        assert_eq!(kept(Err::<u64, _>("down")), None);
        assert_eq!((kept(Some(7_u64)), kept(None::<u64>)), (Some(7), None));
        assert_eq!(kept(Ok::<_, String>(Some(7_u64))), Some(Some(7)));
        assert_eq!(kept(Ok::<_, String>(None::<u64>)), None);
        assert_eq!(kept(Ok::<_, String>(())), Some(()));
        assert_eq!((kept(7_u64), kept(vec![1, 2])), (Some(7), Some(vec![1, 2])));
        assert!(Err::<u64, _>("down").is_failure() && !Ok::<_, String>(None::<u64>).is_failure());
    }
}
