use larder::cached;

#[cached(condition = |user| *user == id)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
