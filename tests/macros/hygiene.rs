//! Names of the user and names of ours never meet.

#![allow(clippy::too_many_arguments)]

use larder::{cached, invalidate_cache};

use crate::{FAR, fresh};

#[cached(cache = FAR, key(key, cache, result, shape, kind, call, load, probed, ty, val, hold, here, entry))]
async fn busy(
    key: u8,
    cache: u8,
    result: u8,
    shape: u8,
    kind: u8,
    call: u8,
    load: u8,
    probed: u8,
    ty: u8,
    val: u8,
    hold: u8,
    here: u8,
    entry: u8,
) -> u8 {
    key + cache + result + shape + kind + call + load + probed + ty + val + hold + here + entry
}

#[invalidate_cache(page(pending), busy(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, ret))]
async fn changes(pending: u8, ret: u8, succeeded: u8) -> u8 {
    pending + ret + succeeded
}

#[cached]
async fn page(pending: u8) -> u8 {
    pending
}

#[tokio::test]
async fn arguments_may_have_any_name() {
    assert_eq!(busy(1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1).await, 13);
    assert_eq!(changes(1, 2, 3).await, 6);
}

/// Types and functions that are called as the library's and the prelude's.
mod shadows {
    #![allow(non_snake_case, non_upper_case_globals)]

    use crate::fresh;

    #[derive(Debug, Clone, PartialEq, larder::KeyPart, serde::Serialize, serde::Deserialize)]
    pub(super) struct Ty(pub(super) u64);
    #[derive(larder::KeyPart)]
    pub(super) struct Box;
    pub(super) struct Some;
    pub(super) struct Result;
    pub(super) struct Call;
    pub(super) struct Kind;
    pub(super) struct Site;
    pub(super) trait Hasher {}
    pub(super) mod std {}
    pub(super) mod core {}
    pub(super) const SITE: u64 = 30;

    #[larder::cached(ttl = ::std::time::Duration::from_secs(SITE), key(ty, Ty(SITE)), skip(_boxed), cache = crate::FAR)]
    pub(super) async fn shadowed(ty: Ty, _boxed: Box) -> Ty {
        Ty(ty.0 + fresh())
    }

    #[larder::invalidate_cache(shadowed(ty))]
    pub(super) async fn changes(ty: Ty) -> Ty {
        ty
    }
}

#[tokio::test]
async fn types_may_have_any_name() {
    let first = shadows::shadowed(shadows::Ty(1), shadows::Box).await;
    assert_eq!(shadows::shadowed(shadows::Ty(1), shadows::Box).await, first);
    shadows::changes(shadows::Ty(1)).await;
    assert_ne!(shadows::shadowed(shadows::Ty(1), shadows::Box).await, first);
}

macro_rules! cached_fns {
    ($($name:ident($arg:ident: $ty:ty) -> $ret:ty $body:block)*) => {$(
        #[cached(key($arg), cache = FAR)]
        async fn $name($arg: $ty) -> $ret $body

    )*};
}

cached_fns! {
    from_macro(id: u64) -> u64 { id + fresh() }
}

macro_rules! own_names {
    ($name:ident, $ty:ty) => {
        struct Made(u64);

        impl Made {
            #[cached(key(self.0, own), cache = FAR)]
            async fn $name(&self, own: $ty) -> $ty {
                own + self.0 + fresh()
            }

            #[invalidate_cache(self.$name(own))]
            async fn put(&self, own: $ty) -> $ty {
                own
            }
        }
    };
}

own_names!(made, u64);

#[tokio::test]
async fn functions_may_come_out_of_macros() {
    assert_eq!(from_macro(1).await, from_macro(1).await);
    assert_eq!(from_macro_peek(1).await, Some(from_macro(1).await));
    let first = Made(1).made(2).await;
    assert_eq!(Made(1).made(2).await, first);
    Made(1).put(2).await;
    assert_ne!(Made(1).made(2).await, first);
}

#[cached(cache = FAR)]
async fn r#type(r#match: u64) -> u64 {
    r#match + fresh()
}

#[invalidate_cache(r#type(r#fn))]
async fn r#mod(r#fn: u64) {
    let _ = r#fn;
}

#[tokio::test]
async fn raw_names_work() {
    let first = r#type(1).await;
    assert_eq!((type_peek(1).await, type_cache_key(1).relative().contains("type")), (Some(first), true));
    r#mod(1).await;
    assert_ne!(r#type(1).await, first);
}
