use larder::{cached, invalidate_cache};

#[cached]
async fn user(id: u64) -> u64 {
    id
}

async fn other(id: u64) {
    let _ = id;
}

#[invalidate_cache(other(id))]
async fn rename(id: u64) {
    let _ = id;
}

fn main() {}
