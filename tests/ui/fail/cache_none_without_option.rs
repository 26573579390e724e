use larder::cached;

#[cached(cache_none)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
