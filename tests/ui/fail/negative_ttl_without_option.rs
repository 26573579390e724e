use larder::cached;

#[cached(negative_ttl = "30s")]
async fn user(id: u64) -> Result<u64, String> {
    Ok(id)
}

fn main() {}
