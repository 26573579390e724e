use larder::cached;

#[cached()]
async unsafe fn user(id: u64) -> u64 {
    id
}

fn main() {}
