use larder::cached;

struct Users;

#[cached]
impl Users {
    async fn user(&self, id: u64) -> u64 {
        id
    }
}

fn main() {}
