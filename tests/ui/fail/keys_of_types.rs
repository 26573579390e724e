//! Arguments whose type cannot be in a key, and options of another type.

use std::time::Duration;

use larder::cached;

struct Query { tenant: u64 }

#[cached]
async fn no_key_part(id: u64, query: &Query) -> u64 { let _ = query; id }

#[cached]
fn no_key_part_at_once(query: Query) -> u64 { query.tenant }

#[cached(local)]
async fn no_bound<T>(id: T) -> u64 { let _ = id; 1 }

#[cached(key(query))]
async fn no_key_part_in_the_key(query: &Query) -> u64 { query.tenant }

#[cached(key(query.tenat))]
async fn no_field(query: &Query) -> u64 { query.tenant }

#[cached(user = query, skip(query))]
async fn no_key_part_in_a_scope(query: &Query) -> u64 { query.tenant }

#[cached(sensitive(query))]
async fn no_key_part_that_is_sensitive(query: &Query) -> u64 { query.tenant }

struct Thing;

#[cached(cache = Thing)]
async fn cache_of_another_type(id: u64) -> u64 { id }

#[cached(ttl = 5 + 5)]
async fn life_of_another_type(id: u64) -> u64 { id }

#[cached(negative_ttl = Some(Duration::ZERO))]
async fn absence_of_another_type(id: u64) -> Option<u64> { Some(id) }

#[cached(schema = "2".len())]
async fn schema_of_another_type(id: u64) -> u64 { id }

#[cached(condition = |user: &String| user.is_empty())]
async fn condition_of_another_type(id: u64) -> u64 { id }

#[cached(condition = |user| user + 1)]
async fn condition_of_no_flag(id: u64) -> u64 { id }

#[cached(ttl_with = |user: &u64| *user)]
async fn life_of_a_value_of_another_type(id: u64) -> u64 { id }

#[cached(bypass = id)]
async fn bypass_of_another_type(id: u64) -> u64 { id }

#[cached(refresh = Some(true))]
async fn refresh_of_another_type(id: u64) -> u64 { id }

fn main() {}
