use larder::cached;

trait Users {
    async fn user(id: u64) -> u64;
}

struct Pg<T>(T);

impl<T> Users for Pg<T> {
    #[cached(companions = "none")]
    async fn user(id: u64) -> u64 {
        id
    }
}

fn main() {}
