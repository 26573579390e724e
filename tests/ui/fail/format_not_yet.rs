use larder::cached;

#[cached(format = "bincode")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
