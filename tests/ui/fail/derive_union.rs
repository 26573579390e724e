use larder::KeyPart;

#[derive(KeyPart)]
union Number {
    int: u32,
    float: f32,
}

fn main() {}
