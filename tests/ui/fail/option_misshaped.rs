use larder::cached;

#[cached(ttl, local = true, prefix(user), key, skip = id, cache_none("1m"))]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
