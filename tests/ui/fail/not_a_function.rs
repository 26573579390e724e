use larder::cached;

#[cached]
struct User {
    id: u64,
}

fn main() {}
