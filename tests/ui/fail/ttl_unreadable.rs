use larder::cached;

#[cached(ttl = "5 parsecs")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
