use larder::cached;

trait Users {
    #[cached]
    async fn user(&self, id: u64) -> u64;
}

fn main() {}
