use larder::cached;

#[cached(prefix = "")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
