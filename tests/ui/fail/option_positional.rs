use larder::cached;

#[cached("5m")]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
