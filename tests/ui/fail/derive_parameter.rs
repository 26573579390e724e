use larder::KeyPart;

#[derive(KeyPart)]
struct Query<T>(T);

fn is_part(_: impl KeyPart) {}

fn check() {
    is_part(Query(std::cell::Cell::new(1)));
}

fn main() {}
