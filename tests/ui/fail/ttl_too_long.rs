use larder::cached;

#[cached(ttl = 18446744073709551615)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
