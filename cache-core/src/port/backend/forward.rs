//! A shared backend is a backend: every verb goes straight through, defaults included.
//!
//! Written without `async_trait`, so that the inner future is handed on instead of being boxed a second time:
//! calling a verb on an `Arc<dyn CacheBackend>` finds this impl first.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;

use super::{
    BackendHealth, BackendInfo, CacheBackend, ClaimId, ClaimOptions, ClaimOutcome, DeleteOptions, Expiry,
    LiveClaim, Remaining, SetOptions,
};
use crate::error::Result;
use crate::key::{CacheKey, KeyPattern, Namespace};

type Answer<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + Send + 'a>>;

/// One verb each: `verb(arguments by reference; arguments by value) -> answer`.
macro_rules! forward {
    ($($verb:ident($($by_ref:ident: $referred:ty),*; $($by_value:ident: $owned:ty),*) -> $answer:ty;)*) => {$(
        forward!(@verb $verb [$($by_ref: $referred),*] [$($by_value: $owned),*] $answer);
    )*};
    (@verb $verb:ident [] [$($by_value:ident: $owned:ty),*] $answer:ty) => {
        fn $verb<'s, 'f>(&'s self, $($by_value: $owned),*) -> Answer<'f, $answer>
        where
            's: 'f,
            Self: 'f,
        {
            (**self).$verb($($by_value),*)
        }
    };
    (@verb $verb:ident [$by_ref:ident: $referred:ty] [$($by_value:ident: $owned:ty),*] $answer:ty) => {
        fn $verb<'s, 'r, 'f>(&'s self, $by_ref: &'r $referred, $($by_value: $owned),*) -> Answer<'f, $answer>
        where
            's: 'f,
            'r: 'f,
            Self: 'f,
        {
            (**self).$verb($by_ref, $($by_value),*)
        }
    };
}

#[deny(clippy::missing_trait_methods)]
impl<B: CacheBackend + ?Sized> CacheBackend for Arc<B> {
    fn info(&self) -> BackendInfo {
        (**self).info()
    }

    fn is_available(&self) -> bool {
        (**self).is_available()
    }

    forward! {
        connect(;) -> ();
        disconnect(;) -> ();
        get(key: CacheKey;) -> Option<Bytes>;
        set(key: CacheKey; frame: Bytes, options: SetOptions) -> bool;
        get_and_delete(key: CacheKey;) -> Option<Bytes>;
        delete(key: CacheKey; options: DeleteOptions) -> bool;
        exists(key: CacheKey;) -> bool;
        delete_pattern(pattern: KeyPattern;) -> u64;
        clear(namespace: Namespace;) -> u64;
        get_many(keys: [CacheKey];) -> Vec<Option<Bytes>>;
        set_many(; entries: Vec<(CacheKey, Bytes, SetOptions)>) -> Vec<bool>;
        delete_many(keys: [CacheKey];) -> u64;
        increment(key: CacheKey; by: i64, expiry: Expiry) -> i64;
        ttl(key: CacheKey;) -> Remaining;
        acquire_lease(key: CacheKey; token: u128, life: Duration) -> u128;
        renew_lease(key: CacheKey; token: u128, life: Duration) -> bool;
        release_lease(key: CacheKey; token: u128) -> bool;
        claim(group: CacheKey; id: ClaimId, options: ClaimOptions) -> ClaimOutcome;
        renew_claim(group: CacheKey; id: ClaimId, life: Duration) -> bool;
        release_claim(group: CacheKey; id: ClaimId) -> bool;
        claims(group: CacheKey;) -> Vec<LiveClaim>;
        health(;) -> BackendHealth;
    }
}
