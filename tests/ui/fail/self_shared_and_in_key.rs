use larder::cached;

struct Users(u64);

impl Users {
    #[cached(shared, key(self.0, id))]
    async fn user(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
