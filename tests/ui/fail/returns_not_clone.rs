use larder::cached;

#[derive(serde::Serialize, serde::Deserialize)]
struct User;

#[cached()]
async fn user(id: u64) -> Result<Option<User>, String> {
    let _ = id;
    Ok(None)
}

fn main() {}
