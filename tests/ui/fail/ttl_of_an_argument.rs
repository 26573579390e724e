use larder::cached;

#[cached(ttl = std::time::Duration::from_secs(id))]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
