use larder::cached;

#[cached()]
async fn user(id: u64) -> impl Clone {
    id
}

fn main() {}
