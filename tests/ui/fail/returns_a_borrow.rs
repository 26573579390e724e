use larder::cached;

#[cached()]
async fn user(name: &str) -> &str {
    name
}

fn main() {}
