//! Whoever denies every lint there is, hears of their own code and of nothing that a macro puts beside it. (clippy
//! checks this file; there is little to run.)

#![deny(
    unused,
    missing_docs,
    single_use_lifetimes,
    unused_lifetimes,
    unused_qualifications,
    clippy::all,
    clippy::pedantic,
    clippy::nursery,
    clippy::restriction
)]
#![allow(
    dead_code,
    clippy::blanket_clippy_restriction_lints,
    clippy::arithmetic_side_effects,
    clippy::absolute_paths,
    clippy::arbitrary_source_item_ordering,
    clippy::implicit_return,
    clippy::missing_docs_in_private_items,
    clippy::question_mark_used,
    clippy::pub_with_shorthand,
    clippy::redundant_pub_crate,
    clippy::separated_literal_suffix,
    clippy::single_call_fn,
    clippy::std_instead_of_alloc,
    clippy::tests_outside_test_module,
    clippy::unused_async,
    reason = "what is written here by hand, and no macro's doing"
)]

use larder::{cached, invalidate_cache};

use crate::{FAR, fresh};

/// Of every shape that has lines of its own: borrowed and owned, unused and destructured, more than clippy likes.
#[cached(cache = FAR, key(_id, name, list, given, left, right), skip(_db, more, most))]
#[expect(clippy::too_many_arguments, reason = "to see that it is allowed in the whole family")]
pub(super) async fn shapes(
    _db: &str,
    _id: u64,
    name: &str,
    list: &[u8],
    given: Option<&u8>,
    (left, right): (u8, u8),
    more: &mut u8,
    most: Box<str>,
) -> Result<Option<u64>, core::num::ParseIntError> {
    *more = right;
    let sum = name.parse::<u64>()? + fresh() + u64::from(left) + u64::from(*given.unwrap_or(&0));
    Ok((list.len() < most.len()).then_some(sum))
}

/// As many arguments as clippy likes: the hidden function behind it has one more.
#[cached]
pub(super) fn seven(one: u8, two: u8, three: u8, four: u8, five: u8, six: u8, seven: String) -> usize {
    [one, two, three, four, five, six].iter().map(|number| usize::from(*number)).sum::<usize>() + seven.len()
}

/// Generic, with companions that need less of its parameters than it does.
#[cached(local, skip(row, other))]
pub(super) async fn generic<'row, T: Copy + Send + Sync + 'static>(
    row: &'row T,
    other: &'row T,
    id: u64,
) -> (T, u64) {
    (if id == 0 { *row } else { *other }, id)
}

/// Tags, groups and a way round.
#[cached(cache = FAR, detach, tags("tenant:{tenant}"), group_by(tenant), key(tenant, id), bypass = is_off, refresh = id == 0)]
pub(super) async fn grouped(tenant: &str, id: u64, is_off: bool) -> String {
    format!("{tenant}{id}{is_off}")
}

#[derive(Clone, Copy)]
pub(super) struct Names(u64);

impl Names {
    /// Its companions take `&self`.
    #[cached(key(self.0, id), cache = FAR)]
    pub(super) async fn into_name(self, id: u64) -> Result<(), String> {
        if id == self.0 { Ok(()) } else { Err("another".to_owned()) }
    }

    /// Invalidates of every kind.
    #[invalidate_cache(
        self.into_name(id),
        all(generic::<u8>),
        grouped(tenant = name, ..),
        patterns("page:{id}:*"),
        keys("user:{id}"),
        tags("tenant:{name}")
    )]
    pub(super) async fn rename(&self, id: u64, name: &str) -> bool {
        id == self.0 && !name.is_empty()
    }
}

#[tokio::test]
async fn the_strict_get_what_they_wrote() {
    crate::switch_on();
    let first = shapes("db", 1, "7", &[1], None, (1, 2), &mut 3, "most".into()).await.ok().flatten();
    assert_eq!(shapes_peek(1, "7", &[1], None, (1, 2)).await.and_then(Result::ok).flatten(), first);
    assert_eq!(seven(1, 1, 1, 1, 1, 1, "seven".to_owned()), 11);
    assert_eq!(generic(&1_u8, &2, 3).await, (2, 3));
    assert_eq!(grouped("tenant", 1, true).await, "tenant1true");
    assert!(Names(1).into_name(1).await.is_ok() && Names(1).rename(1, "name").await);
}
