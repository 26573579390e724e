use larder::cached;

trait Users {
    async fn user(&self, id: u64) -> u64;
}

struct Pg;

impl Users for Pg {
    #[cached(shared)]
    async fn user(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
