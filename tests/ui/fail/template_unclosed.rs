use larder::cached;

#[cached(key = "{id")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
