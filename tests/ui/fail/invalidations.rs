//! Targets that are none.

use larder::{cached, invalidate_cache};

#[cached]
async fn user(id: u64) -> u64 { id }

#[invalidate_cache()]
async fn of_nothing(id: u64) { let _ = id; }

#[invalidate_cache]
async fn of_nothing_at_all(id: u64) { let _ = id; }

#[invalidate_cache(cache = "reports")]
async fn of_a_cache_alone(id: u64) { let _ = id; }

#[invalidate_cache(user)]
async fn of_a_bare_name(id: u64) { let _ = id; }

#[invalidate_cache("user:*")]
async fn of_a_text(id: u64) { let _ = id; }

#[invalidate_cache(7)]
async fn of_a_number(id: u64) { let _ = id; }

#[invalidate_cache((user)(id))]
async fn of_an_expression(id: u64) { let _ = id; }

#[invalidate_cache(all)]
async fn all_of_no_name(id: u64) { let _ = id; }

#[invalidate_cache(all())]
async fn all_of_nothing(id: u64) { let _ = id; }

#[invalidate_cache(all(user(id)))]
async fn all_of_one(id: u64) { let _ = id; }

#[invalidate_cache(all(user, user))]
async fn all_of_two(id: u64) { let _ = id; }

#[invalidate_cache(all("user"))]
async fn all_of_a_text(id: u64) { let _ = id; }

#[invalidate_cache(all(repo.user))]
async fn all_of_a_method(id: u64) { let _ = id; }

#[invalidate_cache(pattern("user:*"), cash = "x")]
async fn misspelled(id: u64) { let _ = id; }

#[invalidate_cache(key("user:7"))]
async fn misspelled_key(id: u64) { let _ = id; }

#[invalidate_cache(patterns = "user:*")]
async fn patterns_of_another_shape(id: u64) { let _ = id; }

#[invalidate_cache(patterns(user))]
async fn patterns_without_quotes(id: u64) { let _ = id; }

#[invalidate_cache(keys(7))]
async fn keys_of_a_number(id: u64) { let _ = id; }

#[invalidate_cache(patterns("user:[", "user:{id"))]
async fn patterns_unclosed(id: u64) { let _ = id; }

#[invalidate_cache(patterns("user:\\"))]
async fn pattern_that_ends_in_an_escape(id: u64) { let _ = id; }

#[invalidate_cache(patterns("*:*:*:*:*:*:*:*:*"))]
async fn pattern_of_nine_stars(id: u64) { let _ = id; }

#[invalidate_cache(patterns(""))]
async fn pattern_empty(id: u64) { let _ = id; }

#[invalidate_cache(patterns("user:{id:>5}"))]
async fn pattern_with_a_format(id: u64) { let _ = id; }

#[invalidate_cache(keys("user:*"))]
async fn key_with_a_star(id: u64) { let _ = id; }

#[invalidate_cache(keys("user:{}"))]
async fn key_of_no_name(id: u64) { let _ = id; }

#[invalidate_cache(user(id), cache = "a", cache = "b")]
async fn cache_twice(id: u64) { let _ = id; }

#[invalidate_cache(user(id), cache("a"))]
async fn cache_of_another_shape(id: u64) { let _ = id; }

#[invalidate_cache(user(id), crate = "larder")]
async fn crate_in_quotes(id: u64) { let _ = id; }

#[invalidate_cache(user(id), ttl = "5m")]
async fn option_of_the_other_macro(id: u64) { let _ = id; }

#[invalidate_cache(user(id) user(id))]
async fn without_a_comma(id: u64) { let _ = id; }

#[invalidate_cache(user(id), on = "error")]
async fn on_nothing_that_is(id: u64) { let _ = id; }

#[invalidate_cache(user(id), on = always)]
async fn on_without_quotes(id: u64) { let _ = id; }

#[invalidate_cache(user(id), on)]
async fn on_of_no_value(id: u64) { let _ = id; }

#[invalidate_cache(user(id), on = "ok", on = "always")]
async fn on_twice(id: u64) { let _ = id; }

#[invalidate_cache(user(id), before = true)]
async fn before_of_a_value(id: u64) { let _ = id; }

#[invalidate_cache(user(id), before, before)]
async fn before_twice(id: u64) { let _ = id; }

#[invalidate_cache(before, on = "always")]
async fn only_options(id: u64) { let _ = id; }

#[invalidate_cache(user(id))]
async unsafe fn not_safe(id: u64) { let _ = id; }

fn main() {}
