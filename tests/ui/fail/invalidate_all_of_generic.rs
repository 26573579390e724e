use larder::{cached, invalidate_cache};

#[cached]
async fn user(id: u64) -> u64 {
    id
}

#[cached(local)]
async fn typed<T: larder::KeyPart>(id: T) -> u64 {
    let _ = id;
    1
}

#[invalidate_cache(all(typed))]
async fn rename(id: u64) {
    let _ = id;
}

fn main() {}
