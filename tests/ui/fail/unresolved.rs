//! Names that the compiler does not find: it says so at the user's token.

use larder::{cached, invalidate_cache};

#[cached]
async fn user(id: u64) -> u64 { id }

async fn other(id: u64) { let _ = id; }

#[invalidate_cache(other(id))]
async fn no_cached_function(id: u64) { let _ = id; }

#[invalidate_cache(all(other))]
async fn all_of_no_cached_function(id: u64) { let _ = id; }

#[invalidate_cache(user(ids))]
async fn unknown_argument(id: u64) { let _ = id; }

#[invalidate_cache(patterns("user:{ids}"), keys("user:{name}"))]
async fn unknown_argument_of_a_text(id: u64) { let _ = id; }

mod db {
    #[larder::cached]
    pub async fn imported(id: u64) -> u64 { id }
}

use db::imported;

#[invalidate_cache(imported(id))]
async fn imported_without_its_key(id: u64) { let _ = imported(id).await; }

struct Users;

impl Users {
    #[cached]
    async fn associated(id: u64) -> u64 { id }
}

trait Native { async fn alone(id: u64) -> u64; }

struct Pg<T>(T);

impl<T> Native for Pg<T> {
    #[cached(companions = "none")]
    async fn alone(id: u64) -> u64 { id }
}

#[cached(cache = UNKNOWN)]
async fn cache_unknown(id: u64) -> u64 { id }

#[cached(condition = is_good)]
async fn condition_unknown(id: u64) -> u64 { id }

#[cached(ttl = LIFE)]
async fn life_unknown(id: u64) -> u64 { id }

#[cached(ttl_with = life)]
async fn life_of_values_unknown(id: u64) -> u64 { id }

#[cached(bypass = IS_OFF)]
async fn bypass_unknown(id: u64) -> u64 { id }

#[cached(format = Compact)]
async fn format_unknown(id: u64) -> u64 { id }

#[cached(crate = nowhere)]
async fn crate_unknown(id: u64) -> u64 { id }

fn main() {}
