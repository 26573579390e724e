//! Tags and groups that are no part of the key, and targets that name none.

use larder::{cached, invalidate_cache};

#[cached(tags(id))]
async fn tags_without_quotes(id: u64) -> u64 { id }

#[cached(tags())]
async fn no_tags(id: u64) -> u64 { id }

#[cached(tags = "user")]
async fn tags_of_another_shape(id: u64) -> u64 { id }

#[cached(tags("user:{di}"))]
async fn tag_mistyped(id: u64) -> u64 { id }

#[cached(tags("user:{id", "a}"))]
async fn tags_unclosed(id: u64) -> u64 { id }

#[cached(key(id), skip(lang), tags("lang:{lang}"))]
async fn tag_that_is_skipped(id: u64, lang: &str) -> u64 { let _ = lang; id }

#[cached(key(id / 10), tags("user:{id}"))]
async fn tag_of_half_a_part(id: u64) -> u64 { id }

#[cached(sensitive(email), tags("mail:{email}"))]
async fn tag_in_the_clear(email: &str) -> u64 { email.len() as u64 }

#[cached(group_by)]
async fn group_of_nothing(id: u64) -> u64 { id }

#[cached(group_by(di))]
async fn group_mistyped(id: u64) -> u64 { id }

#[cached(skip(lang), group_by(lang))]
async fn group_that_is_skipped(id: u64, lang: &str) -> u64 { let _ = lang; id }

#[cached(group_by(id, id))]
async fn group_of_one_twice(id: u64) -> u64 { id }

#[cached(group_by(id, lang), group_by(lang, id))]
async fn group_twice(id: u64, lang: u64) -> u64 { let _ = lang; id }

#[cached(group_by(id))]
async fn group_of_any_type(id: u64, of: impl larder::KeyPart) -> u64 { let _ = of; id }

#[cached(tags_with = |_: &u64| [id.to_string()])]
async fn tags_of_an_argument(id: u64) -> u64 { id }

#[cached(batch = ids, tags_with = |_: &u64| ["a"])]
async fn tags_of_values_of_a_batch(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(group_by(tenant))]
async fn user(tenant: u64, id: u64) -> u64 { tenant + id }

#[invalidate_cache(user(tenant = 1))]
async fn group_without_a_rest() {}

#[invalidate_cache(user(..))]
async fn group_without_a_name() {}

#[invalidate_cache(user(1, ..))]
async fn group_by_place() {}

#[invalidate_cache(user(tenant = 1, tenant = 2, ..))]
async fn group_named_twice() {}

#[invalidate_cache(tags())]
async fn no_tag() {}

#[invalidate_cache(tags(user))]
async fn tag_without_quotes() {}

fn main() {}
