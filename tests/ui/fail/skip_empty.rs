use larder::cached;

#[cached(skip())]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
