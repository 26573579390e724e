use larder::cached;

#[cached(local, format = "json")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
