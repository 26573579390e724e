use larder::cached;

#[cached(tags("user:{id}"), stale_while_revalidate = "1m", detach)]
async fn user(id: u64) -> u64 {
    id
}

fn main() {}
