use larder::cached;

#[cached(local)]
async fn user<T>(id: T) -> u64 {
    let _ = id;
    1
}

fn main() {}
