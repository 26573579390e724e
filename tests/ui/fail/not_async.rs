use larder::cached;

#[cached()]
fn user(id: u64) -> u64 {
    id
}

fn main() {}
