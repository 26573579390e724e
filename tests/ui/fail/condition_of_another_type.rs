use larder::cached;

#[cached(condition = |user: &String| user.is_empty())]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
