use larder::cached;

#[cached(key())]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
