use larder::cached;

#[derive(Clone)]
struct User;

#[cached()]
async fn user(id: u64) -> Result<Option<User>, String> {
    let _ = id;
    Ok(None)
}

fn main() {}
