use larder::{cached, invalidate_cache};

#[cached]
async fn user(id: u64) -> u64 {
    id
}

#[invalidate_cache(all(user(id)))]
async fn rename(id: u64) {
    let _ = id;
}

fn main() {}
