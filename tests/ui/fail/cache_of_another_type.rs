use larder::cached;

struct Thing;

#[cached(cache = Thing)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
