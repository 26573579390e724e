use larder::KeyPart;

struct Other;

#[derive(KeyPart)]
struct Query {
    id: u64,
    other: Other,
}

#[derive(KeyPart)]
enum Kind {
    One(Other),
}

fn main() {}
