//! Crates that are not like others: without a prelude, with words of ours for types of theirs, with macros that hand
//! fragments on, with every lint that there is.

#![deny(
    clippy::pedantic,
    clippy::shadow_reuse,
    clippy::shadow_unrelated,
    clippy::allow_attributes_without_reason
)]

use std::time::Duration;

use larder::{cached, invalidate_cache};

use crate::{FAR, fresh};

/// Nothing is in scope that was not brought there.
#[no_implicit_prelude]
mod bare {
    use crate::fresh;

    #[derive(::larder::KeyPart)]
    pub(super) enum Sort {
        New,
        By { name: ::std::string::String },
    }

    pub(super) struct Repo(pub(super) u64);

    pub(super) trait Rows {
        async fn row(&self, id: u64) -> ::std::option::Option<u64>;
    }

    #[::larder::cached(ttl = "5m", negative_ttl = "3s", tags("bare:{id}"), group_by(id), cache = crate::FAR)]
    pub(super) async fn found(id: u64, sort: &Sort) -> ::std::option::Option<u64> {
        let _ = sort;
        ::std::option::Option::Some(id + fresh())
    }

    #[::larder::cached(detach, stale_if_error = "1m", ttl = "1m", cache = crate::FAR)]
    pub(super) async fn detached(name: &str) -> ::std::result::Result<u64, ::std::string::String> {
        let _ = name;
        ::std::result::Result::Ok(fresh())
    }

    #[::larder::cached(batch = ids, cache = crate::FAR)]
    pub(super) async fn all(ids: &[u64]) -> ::std::vec::Vec<(u64, u64)> {
        ::std::vec![(ids.len() as u64, fresh())]
    }

    #[::larder::cached(cache = crate::TIERED)]
    pub(super) fn synchronous<T: ::larder::KeyPart, const N: usize>(ids: [T; N]) -> u64 {
        ids.len() as u64 + fresh()
    }

    impl Repo {
        #[::larder::cached(key(self.0, id), cache = crate::FAR)]
        pub(super) async fn get(&self, id: u64) -> u64 {
            id + fresh()
        }

        #[::larder::cached(cache = crate::FAR)]
        pub(super) async fn associated(id: u64) -> u64 {
            Self(id).0 + fresh()
        }
    }

    #[::larder::cached(impl)]
    impl Rows for Repo {
        #[::larder::cached(key(self.0, id), cache = crate::FAR)]
        async fn row(&self, id: u64) -> ::std::option::Option<u64> {
            ::std::option::Option::Some(id + fresh())
        }
    }

    #[::larder::invalidate_cache(found(id, Sort::New), all(Repo::associated), tags("bare:{id}"))]
    pub(super) async fn change(id: u64) {
        let _ = id;
    }
}

#[tokio::test]
async fn nothing_has_to_be_in_scope() {
    use bare::{Repo, Rows, Sort};
    let by = Sort::By { name: "a".to_owned() };
    let first = bare::found(1, &Sort::New).await;
    assert_eq!(bare::found(1, &Sort::New).await, first);
    assert_ne!(bare::found(1, &by).await, first);
    assert_eq!(bare::detached("a").await, bare::detached("a").await);
    assert_eq!(bare::all(&[1]).await, bare::all(&[1]).await);
    assert_eq!(bare::synchronous([1_u8, 2]), bare::synchronous([1_u8, 2]));
    assert_eq!(Repo(1).get(1).await, Repo(1).get(1).await);
    assert_eq!(Repo(1).row(1).await, Repo(1).row(1).await);
    let before = Repo::associated(1).await;
    bare::change(1).await;
    assert_ne!(Repo::associated(1).await, before);
    assert_ne!(bare::found(1, &Sort::New).await, first);
}

/// A macro whose fragments reach the attributes: literals, expressions, paths, types, patterns, lifetimes.
macro_rules! family {
    ($name:ident, $id:ident: $ty:ty, $ttl:literal, $window:expr, $by:path, $template:literal, $both:pat, $life:lifetime) => {
        mod $name {
            use super::{FAR, cached, fresh, invalidate_cache};

            #[cached(ttl = $ttl, prefix = $template, key($id), stale_if_error = $window, jitter = 0.0, cache = FAR)]
            pub(super) async fn found($id: $ty) -> Result<u64, String> {
                Ok($id + fresh())
            }

            #[cached(ttl_with = $by, key = $template, tags($template), cache = FAR)]
            pub(super) async fn decided($id: $ty) -> u64 {
                $id + fresh()
            }

            #[cached(cache = FAR)]
            pub(super) async fn taken_apart<$life>($both: (u64, u64), text: &$life str) -> u64 {
                text.len() as u64 + fresh()
            }

            #[cached(batch = $id, cache = FAR)]
            pub(super) async fn many($id: Vec<$ty>) -> Vec<($ty, u64)> {
                $id.into_iter().map(|id| (id, id + fresh())).collect()
            }

            #[invalidate_cache(found($id), tags($template), cache = FAR)]
            pub(super) async fn change($id: $ty) {
                let _ = $id;
            }
        }
    };
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "what `ttl_with` asks for")]
fn a_minute(_: &u64) -> Duration {
    Duration::from_secs(60)
}

family!(made, id: u64, "5m", "1h", crate::strangers::a_minute, "strange:{id}", (_a, _b), 'text);

#[tokio::test]
async fn fragments_of_a_macro_are_what_they_say() {
    let first = (made::found(1).await, made::decided(1).await);
    assert_eq!((made::found(1).await, made::decided(1).await), first);
    assert!(made::decided_cache_key(1).relative().ends_with(":strange:1"));
    assert_eq!(made::taken_apart((1, 2), "a").await, made::taken_apart((1, 2), "a").await);
    assert_eq!(made::many(vec![1]).await, made::many(vec![1]).await);
    made::change(1).await;
    assert_eq!((made::found_peek(1).await, made::decided_peek(1).await), (None, None));
}

#[cached(prefix = "raw", key = "{type}:{r#fn}", tags("raw:{type}"), group_by(r#type), cache = FAR)]
async fn raw(r#type: u64, r#fn: &str) -> u64 {
    let _ = r#fn;
    r#type + fresh()
}

#[invalidate_cache(raw(r#type = r#impl, ..))]
async fn raw_group(r#impl: u64) {
    let _ = r#impl;
}

#[tokio::test]
async fn a_keyword_in_a_template_is_the_argument_of_that_name() {
    let first = raw(7, "a").await;
    assert_eq!((raw(7, "a").await, raw_cache_key(7, "a").relative()), (first, "raw:7:a"));
    raw_group(7).await;
    assert_eq!(raw_peek(7, "a").await, None);
}

/// What is expected of the function is not held against what stands beside it.
#[cached(cache = FAR)]
#[expect(clippy::too_many_arguments, unused_variables, reason = "to see that both are kept")]
async fn crowded(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8) -> u64 {
    let unused = a;
    fresh()
}

#[tokio::test]
async fn an_expectation_stays_where_it_is_met() {
    assert_eq!(crowded(1, 2, 3, 4, 5, 6, 7, 8).await, crowded(1, 2, 3, 4, 5, 6, 7, 8).await);
}
