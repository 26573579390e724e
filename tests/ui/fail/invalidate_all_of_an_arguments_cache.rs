use larder::{cached, invalidate_cache};

#[cached]
async fn user(id: u64) -> u64 {
    id
}

#[cached(cache = cache, skip(cache))]
async fn own(cache: &larder::CacheManager, id: u64) -> u64 {
    id
}

#[invalidate_cache(all(own))]
async fn rename(id: u64) {
    let _ = id;
}

fn main() {}
