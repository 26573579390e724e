use larder::cached;

#[cached(tll = "5m", cachenone)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
