use larder::cached;

#[cached(shared)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
