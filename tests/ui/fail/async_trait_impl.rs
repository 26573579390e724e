use larder::cached;

#[async_trait::async_trait]
trait Users {
    async fn user(&self, id: u64) -> u64;
}

struct Pg;

#[async_trait::async_trait]
impl Users for Pg {
    #[cached(shared)]
    async fn user(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
