use larder::cached;

#[cached(skip(data))]
async fn user(id: u64, date: u32) -> u64 {
    let _ = date;
    id
}

fn main() {}
