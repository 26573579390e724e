use larder::cached;

#[cached(key(idd))]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
