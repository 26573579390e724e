use larder::cached;

#[cached(format = "jsn")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
