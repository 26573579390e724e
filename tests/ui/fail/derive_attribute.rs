use larder::KeyPart;

#[derive(KeyPart)]
#[key_part(skip)]
struct Query {
    #[key_part(ignore)]
    id: u64,
}

fn main() {}
