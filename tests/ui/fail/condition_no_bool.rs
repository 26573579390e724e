use larder::cached;

#[cached(condition = |user| user + 1)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
