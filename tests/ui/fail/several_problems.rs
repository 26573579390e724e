use larder::cached;

#[cached(ttl = 0, prefx = "user", jitter = 1.5, skip(idd))]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
