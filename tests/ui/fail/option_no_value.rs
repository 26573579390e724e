use larder::cached;

#[cached(ttl = , prefix = "user")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
