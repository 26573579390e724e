use larder::cached;

const SECONDS: u64 = 5;

#[cached(ttl = SECONDS)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
