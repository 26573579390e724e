use larder::cached;

#[cached(ttl = "5m" local)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
