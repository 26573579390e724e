use larder::cached;

#[cached(companions = "some")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
