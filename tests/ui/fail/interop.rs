//! What names of another cache may look like, and what `interop` does not go with.

use larder::cached;

#[cached(interop = "cachekid", namespace = "shop", operation = "user.get")]
async fn with_nobody(id: u64) -> u64 { id }

#[cached(interop, namespace = "shop", operation = "user.get")]
async fn with_whom(id: u64) -> u64 { id }

#[cached(interop = "cachekit")]
async fn nameless(id: u64) -> u64 { id }

#[cached(namespace = "shop", operation = "user.get")]
async fn shared_with_nobody(id: u64) -> u64 { id }

#[cached(interop = "cachekit", namespace = "Shop", operation = "user:get")]
async fn signs(id: u64) -> u64 { id }

#[cached(interop = "cachekit", namespace = "nsapi", operation = "user..get")]
async fn reserved(id: u64) -> u64 { id }

#[cached(
    interop = "cachekit",
    namespace = "shop",
    operation = "a-name-of-more-than-sixty-four-characters-is-more-than-anybody-needs-",
)]
async fn long(id: u64) -> u64 { id }

#[cached(interop = "cachekit", namespace = "shop\n", operation = "")]
async fn lines(id: u64) -> u64 { id }

#[cached(
    interop = "cachekit",
    namespace = "shop",
    operation = "user.get",
    prefix = "user",
    schema = 2,
    format = "json",
    tags("all"),
    tags_with = |user| [user.to_string()],
    group_by(tenant),
    sensitive(email),
    user = id,
    tenant = tenant,
    cache_none,
    negative_ttl = "1s",
    stale_while_revalidate = "1m",
    stale_if_error = "1h",
    stale_if = |error| true,
    soft_timeout = "1s",
    single_flight = "distributed",
)]
async fn everything(id: u64, tenant: &str, email: &str) -> Result<Option<usize>, String> { Ok((id > 0).then(|| tenant.len() + email.len())) }

#[cached(interop = "cachekit", namespace = "shop", operation = "user.get", local)]
async fn here(id: u64) -> u64 { id }

#[cached(interop = "cachekit", namespace = "shop", operation = "user.get", batch = ids)]
async fn many(ids: Vec<u64>) -> Vec<u64> { ids }

#[cached(interop = "cachekit", namespace = "shop", operation = "user.get", key = "{tenant}:u-{id}")]
async fn template(tenant: u64, id: u64) -> u64 { tenant + id }

#[cached(interop = "cachekit", namespace = "shop", operation = "user.get")]
fn on_this_thread(id: u64) -> u64 { id }

fn main() {}
