use larder::cached;

#[cached(ttl = "5m", prefix = "user", ttl = 3)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
