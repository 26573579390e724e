use larder::cached;

struct Users;

impl Users {
    #[cached(skip(self))]
    async fn user(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
