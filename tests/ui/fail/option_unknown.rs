use larder::cached;

#[cached(color = 3)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
