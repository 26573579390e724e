use larder::{cached, invalidate_cache};

#[cached]
async fn user(id: u64) -> u64 {
    id
}

#[invalidate_cache(keys("user:{query}"))]
async fn rename(query: &std::cell::Cell<u8>) {
    let _ = query;
}

fn main() {}
