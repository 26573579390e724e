use larder::cached;

#[cached(key = "{tenat}:{id}")]
async fn user(id: u64, tenant: &str) -> u64 {
    let _ = tenant;
    id
}

fn main() {}
