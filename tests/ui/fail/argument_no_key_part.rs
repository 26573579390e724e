use larder::cached;

struct Query;

#[cached()]
async fn user(id: u64, query: &Query) -> u64 {
    let _ = query;
    id
}

fn main() {}
