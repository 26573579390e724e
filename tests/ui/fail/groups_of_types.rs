//! Groups that there are not, and values that name no tags.

use larder::{cached, invalidate_cache};

#[cached(group_by(tenant))]
async fn user(tenant: u64, id: u64) -> u64 { tenant + id }

#[invalidate_cache(user(id = 1, ..))]
async fn another_group() {}

#[invalidate_cache(user(tenant = "acme", ..))]
async fn another_type() {}

#[cached(tags_with = |_: &u64| 7)]
async fn no_list(id: u64) -> u64 { id }

#[cached(tags_with = |_: &String| ["a"])]
async fn another_value(id: u64) -> u64 { id }

fn main() {}
