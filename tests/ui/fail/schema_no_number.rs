use larder::cached;

#[cached(schema = "two")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
