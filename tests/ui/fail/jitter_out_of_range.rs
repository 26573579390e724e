use larder::cached;

#[cached(jitter = 1.0)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
