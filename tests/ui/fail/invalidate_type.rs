use larder::{cached, invalidate_cache};

#[cached]
async fn user(id: u64) -> u64 {
    id
}

#[invalidate_cache(user(name))]
async fn rename(name: String) {
    let _ = name;
}

fn main() {}
