use larder::cached;

#[cached()]
async fn user(id: u64, #[cfg(unix)] uid: u32) -> u64 {
    let _ = uid;
    id
}

fn main() {}
