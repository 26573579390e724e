//! Targets and derives whose types do not fit.

use larder::{KeyPart, cached, invalidate_cache};

#[cached]
async fn user(id: u64) -> u64 { id }

#[cached(cache = cache, skip(cache))]
async fn own(cache: &larder::CacheManager, id: u64) -> u64 { let _ = cache; id }

#[cached(local)]
async fn typed<T: KeyPart>(id: T) -> u64 { let _ = id; 1 }

#[invalidate_cache(user(id, id))]
async fn too_many_arguments(id: u64) { let _ = id; }

#[invalidate_cache(user())]
async fn too_few_arguments(id: u64) { let _ = id; }

#[invalidate_cache(user(name))]
async fn argument_of_another_type(name: String) { let _ = name; }

#[invalidate_cache(user(name))]
fn argument_of_another_type_at_once(name: &str) { let _ = name; }

#[invalidate_cache(all(own))]
async fn all_where_the_cache_is_an_argument(id: u64) { let _ = id; }

#[invalidate_cache(all(typed))]
async fn all_of_a_generic(id: u64) { let _ = id; }

#[invalidate_cache(keys("user:{query}"))]
async fn no_key_part(query: &std::cell::Cell<u8>) { let _ = query; }

struct Repo;

#[invalidate_cache(repo.user(id))]
async fn no_cached_method(repo: &Repo, id: u64) { let _ = (repo, id); }

#[invalidate_cache(user(id), cache = Repo)]
async fn cache_of_another_type(id: u64) { let _ = id; }

struct Other;

#[derive(KeyPart)]
struct Query { id: u64, other: Other }

#[derive(KeyPart)]
enum Kind { One(Other) }

#[derive(KeyPart)]
struct Of<T>(T);

fn is_part(_: impl KeyPart) {}

fn check() {
    is_part(Of(std::cell::Cell::new(1)));
}

fn main() {}
