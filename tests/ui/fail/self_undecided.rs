use larder::cached;

struct Users;

impl Users {
    #[cached]
    async fn user(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
